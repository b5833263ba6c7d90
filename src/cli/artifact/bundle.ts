import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec';
import type * as Rolldown from 'rolldown';
import { CliError, UsageError } from '../cli-error.js';
import { messageOf } from '../../shared/visible.js';

/** One file that has all of a component. */
export interface Bundle {
  readonly code: string;
  /** Its source map, as JSON. */
  readonly map: string;
  /** The files that something of is in it, by their absolute paths. */
  readonly sources: readonly string[];
}

/** The oldest Node that is supported: what is newer in the code is written in its words. */
const TARGET = 'node20.19';

/** How a bundle is written. */
export const WRITING: Rolldown.OutputOptions = {
  format: 'esm',
  minify: true,
  codeSplitting: false,
  comments: { legal: true, annotation: false, jsdoc: false },
};

/** How what is bundled is found and read, whatever it is. */
export function readingFor(outside: readonly string[]): Omit<Rolldown.InputOptions, 'plugins'> & { readonly plugins: Rolldown.Plugin[] } {
  return {
    platform: 'node',
    external: outside.flatMap(name => [name, new RegExp(`^${escaped(name)}/`)]),
    // `module`: with it this package leads to fp-ts and io-ts themselves.
    resolve: { conditionNames: ['module', 'node'], extensionAlias: { '.js': ['.ts', '.js'], '.mjs': ['.mts', '.mjs'] } },
    transform: { target: TARGET },
    logLevel: 'silent',
    plugins: [modules],
  };
}

/** Where the program stands in the bundle, and what has to be evaluated before the component is. */
const PROGRAM = '\0greengrass-rx:program';
const GUARD = '\0greengrass-rx:guard';

/**
 * Bundles a component with all it needs, but for Node's own modules and those that stay outside, into one minified module. Node runs it as
 * a program; imported, it gives the component.
 *
 * @param file where the bundle is to lie: paths of the source map are as seen from there.
 * @param outside packages that are left as imports. What imports them at run time finds them beside the file, or not at all.
 */
export async function bundle(module: string, file: string, outside: readonly string[]): Promise<Bundle> {
  const entry = resolve(module);
  const { rolldown } = await loadBundler(entry);
  const { plugins, ...options } = readingFor(outside);
  const built = await rolldown({
    ...options,
    input: PROGRAM,
    cwd: dirname(entry),
    plugins: [program(entry), mapped, ...plugins],
  }).catch((error: unknown) => {
    throw notBundled(module, error);
  });
  try {
    const { output } = await built.generate({ ...WRITING, file, sourcemap: 'hidden', sourcemapExcludeSources: true });
    const [{ code, map, moduleIds }] = output;
    return { code, map: linesOf(map), sources: moduleIds.filter(id => !id.startsWith('\0')) };
  } catch (error) {
    throw notBundled(module, error);
  } finally {
    await built.close();
  }
}

/** The bundler that the component's project has: this package brings none, so that no project has two. */
async function loadBundler(entry: string): Promise<typeof Rolldown> {
  let path: string;
  try {
    path = createRequire(entry).resolve('rolldown');
  } catch {
    throw new UsageError('build needs rolldown, which is not installed in this project.', 'Install it: npm install --save-dev rolldown');
  }
  return (await import(pathToFileURL(path).href)) as typeof Rolldown;
}

/** The program around the component: what throws while the component is loaded is already in the log. */
function program(entry: string): Rolldown.Plugin {
  const sources: Readonly<Record<string, string>> = {
    [GUARD]: `import { mainProgram } from 'greengrass-rx/component'; export const run = mainProgram(import.meta.url);`,
    [PROGRAM]: `import { run } from ${JSON.stringify(GUARD)};
import * as exported from ${JSON.stringify(entry)};
const component = exported.default ?? exported.component;
await run(component);
export default component;`,
  };
  return {
    name: 'greengrass-rx:program',
    resolveId(id, importer) {
      if (id in sources) return id;
      return importer === GUARD ? this.resolve(id, entry) : undefined;
    },
    load: id => sources[id],
  };
}

/** Reads the source maps beside compiled files, so that the bundle's own leads to what people have written. */
const mapped: Rolldown.Plugin = {
  name: 'greengrass-rx:source-maps',
  load: {
    filter: { id: /\.[cm]?js$/ },
    async handler(id) {
      const code = await readFile(id, 'utf8');
      const name = /^\/\/# sourceMappingURL=([^\s:]+)\s*$/m.exec(code)?.[1];
      const map = name === undefined ? undefined : await readFile(join(dirname(id), name), 'utf8').catch(() => undefined);
      return map === undefined ? undefined : { code, map };
    },
  },
};

/**
 * RxJS, fp-ts and io-ts give Node their CommonJS, which has to stay whole. Of their ES modules, the very same code, only what is used
 * comes into the bundle.
 */
const MODULES = [
  ['/rxjs/dist/cjs/', '/rxjs/dist/esm/'],
  ['/fp-ts/lib/', '/fp-ts/es6/'],
  ['/io-ts/lib/', '/io-ts/es6/'],
] as const;

const modules: Rolldown.Plugin = {
  name: 'greengrass-rx:modules',
  resolveId: {
    filter: { id: /^#?(rxjs|fp-ts|io-ts)(\/|$)/ },
    async handler(id, importer) {
      const found = await this.resolve(id, importer, { skipSelf: true });
      if (found?.external !== false) return found;
      const path = found.id.replaceAll('\\', '/');
      const [from = '', to = ''] = MODULES.find(([cjs]) => path.includes(cjs)) ?? [];
      return from === '' ? found : this.resolve(path.replace(from, to), importer, { skipSelf: true });
    },
  },
};

/**
 * A source map of lines: of the places that lead to one line the first, and no names. A stack trace asks for no more; places of every word
 * are six times as large, and Node reads them at each start.
 */
function linesOf(map: Rolldown.SourceMap | null): string {
  if (map === null) throw new TypeError('A bundle without a source map.');
  const { version, sources, mappings } = map;
  const lines = decode(mappings).map(places => {
    let line = '';
    return places.flatMap(([column, source, sourceLine]): SourceMapSegment[] => {
      if (source === undefined || sourceLine === undefined || line === `${source}:${sourceLine}`) return [];
      line = `${source}:${sourceLine}`;
      return [[column, source, sourceLine, 0]];
    });
  });
  return JSON.stringify({ version, sources, names: [], mappings: encode(lines) });
}

/** What the bundler says, which has the place in the source, as remedies. */
function notBundled(module: string, cause: unknown): CliError {
  const text = stripVTControlCharacters(messageOf(cause));
  return new CliError(`${module} could not be bundled.`, { cause, remedies: text.trimEnd().split('\n') });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
