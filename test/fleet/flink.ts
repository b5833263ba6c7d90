import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { flinkJars, SHORT_LIVED_JAVA, SHORT_LIVED_JAVAC } from '../interop/peers.js';

/** What Flink asks for of a Java that keeps its own to itself. */
const OPEN = ['java.base/java.util', 'java.base/java.lang', 'java.base/java.time'].map(name => `--add-opens=${name}=ALL-UNNAMED`);

/** Statements to run, with tables of their own. */
export interface Script {
  readonly name: string;
  readonly mode: 'streaming' | 'batch';
  /** Ends with queries; each of them is one of the results. */
  readonly sql: string;
}

/** The rows of each query, members as texts; or why it failed. */
export type QueryResult = { readonly rows: readonly (readonly string[])[] } | { readonly failed: string };

/** A Flink that runs in a process of its own, compiled into this folder. */
export class Flink {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static get classPath(): string {
    return join(flinkJars ?? '', '*');
  }

  /** @param sources further Java, such as functions that the SQL uses. */
  static async compile(folder: string, sources: readonly { readonly path: string; readonly text: string }[] = []): Promise<Flink> {
    await mkdir(folder, { recursive: true });
    const more = sources.map(({ path }) => join(folder, path));
    await Promise.all(sources.map(({ path, text }) => writeFile(join(folder, path), text)));
    const own = ['RunSql', 'ToKafka'].map(name => fileURLToPath(new URL(`java/${name}.java`, import.meta.url)));
    await promisify(execFile)('javac', [...SHORT_LIVED_JAVAC, '-encoding', 'UTF-8', '-cp', Flink.classPath, '-d', folder, ...own, ...more]);
    return new Flink(folder);
  }

  /** Runs the scripts in turn, and gives the results of the queries of each by its name. */
  async run(scripts: readonly Script[]): Promise<ReadonlyMap<string, readonly QueryResult[]>> {
    const args: string[] = [];
    const names = new Map<string, string>();
    for (const { name, mode, sql } of scripts) {
      const file = join(this.#folder, `${name}.sql`);
      await writeFile(file, sql);
      names.set(file, name);
      args.push(mode, file);
    }
    const results = new Map<string, ({ rows: string[][] } | { failed: string })[]>(scripts.map(({ name }) => [name, []]));
    const ends: string[] = [];
    let current: ({ rows: string[][] } | { failed: string })[] = [];
    await this.java('RunSql', args, line => {
      const [first = '', ...rest] = line.split('\t');
      const last = current.at(-1);
      if (first === 'end' && rest.length === 0) ends.push(line);
      else if (first === 'query' && names.has(rest[0] ?? '')) {
        current = results.get(names.get(rest[0] ?? '') ?? '') ?? [];
        current.push({ rows: [] });
      } else if (first === 'failed') current[current.length - 1] = { failed: rest.join(' ') };
      else if (last !== undefined && 'rows' in last) last.rows.push([first, ...rest]);
    });
    if (ends.length === 0) throw new Error('Flink ended before it was through.');
    return results;
  }

  /** Runs one of the compiled programs. */
  async java(name: string, args: readonly string[], onLine: (line: string) => void = () => undefined): Promise<void> {
    const classPath = `${this.#folder}:${Flink.classPath}`;
    const child = spawn('java', [...SHORT_LIVED_JAVA, ...OPEN, '-Xmx1g', '-Dfile.encoding=UTF-8', '-cp', classPath, name, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => {
      errors = (errors + text.toString()).slice(-20_000);
    });
    const closed = once(child, 'close') as Promise<[number | null]>;
    for await (const line of createInterface({ input: child.stdout })) onLine(line);
    const [code] = await closed;
    if (code !== 0) throw new Error(`${name} ended with ${String(code)}:\n${errors}`);
  }
}
