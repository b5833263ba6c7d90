import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { type Loaded, loadedBy } from '../kit/process/loaded-sources.js';
import { MAIN, temporaryFolder } from '../kit/process/run-cli.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly exports: Readonly<Record<string, string>> };
/** All entries but package.json and what vitest alone can load. */
const entries = Object.entries(exports).filter(([entry]) => entry !== './package.json' && entry !== './testing/vitest');

interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node in the folder of the package, with these arguments, and gives what it printed. */
const node = async (args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<Printed> => {
  const env = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: temporaryFolder(), ...variables };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env }).catch(
    (error: unknown) => error as Printed,
  );
  return { stdout, stderr };
};

/** The same, and what it had loaded. */
const loading = async (args: readonly string[]): Promise<Loaded & Printed> => {
  const coverage = temporaryFolder();
  return { ...(await node(args, { NODE_V8_COVERAGE: coverage })), ...loadedBy(coverage) };
};

const program = (text: string): readonly string[] => ['--input-type=module', '--eval', text];

describe('what is published', () => {
  test('opens at most 40 files for the main entry, and none of them is of a library that is not needed', async () => {
    const { files, packages } = await loading(program("import 'greengrass-rx'"));
    expect(files.length).toBeLessThanOrEqual(40);
    expect(Object.keys(packages).sort()).toEqual(['fp-ts', 'io-ts', 'rxjs']);
  });

  test('loads none of the parts of Node that only some programs use, which would take a tenth of a start', async () => {
    const loaded = async (first: string): Promise<readonly string[]> => {
      const { stdout } = await node(program(`${first}; console.log(process.moduleLoadList.join('\\n'))`));
      return stdout.split('\n');
    };
    const before = new Set(await loaded("import 'rxjs'; import 'node:net'; import 'node:zlib'; import 'node:stream'"));
    const names = ['crypto', 'stream/web', 'timers/promises', 'internal/util/parse_args/parse_args', 'internal/mime'].map(
      name => `NativeModule ${name}`,
    );
    const added = (await loaded("import 'greengrass-rx'")).filter(name => !before.has(name));
    expect(names.filter(name => added.includes(name))).toEqual([]);
  });

  test.each(entries)('has in %s the names of its module, and no other', async (entry, file) => {
    const { stdout } = await node(
      program(`console.log(JSON.stringify(Object.keys(await import('greengrass-rx${entry.slice(1)}')).sort()))`),
    );
    const source = file.replace('./dist/', '../../src/').replace('.js', '.ts');
    const wanted = (await import(/* @vite-ignore */ new URL(source, import.meta.url).href)) as object;
    expect(JSON.parse(stdout)).toEqual(Object.keys(wanted).sort());
  });

  test('says to a Node that is too old which one it needs, before it loads what such a Node does not have', async () => {
    const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.18.3'}})`;
    const { stdout, stderr, files } = await loading(['--import', old, MAIN, 'doctor']);
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly engines: { readonly node: string } };
    expect([stdout, stderr]).toEqual([
      '',
      `greengrass-rx: it needs Node ${engines.node.slice('>='.length)} or newer, and this is Node 20.18.3.\n`,
    ]);
    expect(files).toHaveLength(1);
  });

  test('has each module once: what one entry gives, all others take for their own', async () => {
    const { stdout } = await node(
      program(`
        import { ledger, Ledger, isFailure } from 'greengrass-rx';
        import * as flow from 'greengrass-rx/flow';
        import * as errors from 'greengrass-rx/errors';
        import * as fp from 'greengrass-rx/fp';
        import * as E from 'fp-ts/lib/Either.js';
        import * as t from 'io-ts';
        console.log(ledger === flow.ledger, Ledger === flow.Ledger, isFailure === errors.isFailure);
        import { Observable } from 'rxjs';
        const { default: all } = E;
        console.log(fp.E.right === E.right, fp.t.string === t.string, Object.keys(all).every(name => fp.E[name] === all[name]));
        console.log(ledger.observe(1_000) instanceof Observable);
      `),
    );
    expect(stdout).toBe('true true true\ntrue true true\ntrue\n');
  });

  test('is bundled with its libraries, whichever conditions a bundler was told', async () => {
    const file = join(temporaryFolder(), 'main.mjs');
    const bundle = await rolldown({
      input: join(ROOT, 'dist/index.js'),
      platform: 'node',
      external: ['aws-crt'],
      resolve: { conditionNames: ['node'] },
      logLevel: 'silent',
    });
    await bundle.write({ file, format: 'esm', codeSplitting: false });
    await bundle.close();
    const { stdout, stderr } = await node(program(`import { rights } from '${pathToFileURL(file).href}'; console.log(typeof rights)`));
    expect([stdout, stderr]).toEqual(['function\n', '']);
  });

  test('has source maps that lead a stack trace to src, which is published, too', async () => {
    const { stderr } = await node(['--enable-source-maps', ...program("import { fixed } from 'greengrass-rx'; fixed(-1)")]);
    expect(stderr).toMatch(/RangeError[^]* at [^]*src\/shared\/check-argument\.ts:\d+:\d+/);
    const [, url = '', line = ''] = /at .*?((?:file:\/\/)?[^\s(]*check-argument\.ts):(\d+):\d+/.exec(stderr) ?? [];
    const path = url.startsWith('file:') ? fileURLToPath(url) : url;
    expect(readFileSync(path, 'utf8').split('\n')[Number(line) - 1]).toContain('throw new RangeError');
  });

  test('imports nothing that a user has not installed with it', () => {
    const { dependencies, peerDependencies, optionalDependencies, imports } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    ) as Readonly<Record<'dependencies' | 'peerDependencies' | 'optionalDependencies' | 'imports', object>>;
    const known = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies, ...imports });
    const files = readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.js'));
    const imported = files.flatMap(file =>
      [...readFileSync(join(ROOT, 'dist', file), 'utf8').matchAll(/^import (?:.* from )?"([^."][^"]*)";$/gm)].map(([, name = '']) => name),
    );
    expect(imported.length).toBeGreaterThan(50);
    expect(imported.filter(name => !isBuiltin(name) && !known.some(each => name === each || name.startsWith(`${each}/`)))).toEqual([]);
  });

  test.each(['sub', 'pub', '--version'])(
    'greengrass-rx %s loads neither the broker nor what reads recipes and watches files',
    async command => {
      const { sources, packages } = await loading([MAIN, command, ...(command.startsWith('-') ? [] : ['a/b', 'x'])]);
      expect(sources).toContain('cli/main.ts');
      expect(sources.filter(file => /^(local|recipe|dry-run|testing|outbox|operators)\//.test(file))).toEqual([]);
      expect(Object.keys(packages)).not.toEqual(expect.arrayContaining(['aedes']));
      expect(Object.keys(packages).filter(name => !['commander', 'rxjs', 'fp-ts', 'io-ts'].includes(name))).toEqual([]);
    },
  );
});
