/**
 * Makes the modules of `src` a few files of `dist`, so that a program that imports the package opens a dozen of them and not hundreds. The
 * declarations stay a file for a module: `tsc` writes them. Plain JavaScript, since a build begins with it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { rolldown } from 'rolldown';

const { exports, bin, imports } = JSON.parse(readFileSync('package.json', 'utf8'));

/** The modules that the package exports, such as `component/index`. */
const entries = [...Object.values(exports), ...Object.values(bin)].flatMap(file => /^\.\/dist\/(.*)\.js$/.exec(file)?.[1] ?? []);

/**
 * Folders of `src` that a device loads. Each becomes one file: the folders depend on each other in one direction, and so do these files.
 * For the developer's part the bundler finds what entries and commands have in common, so that each loads no more than it needs.
 */
const RUNTIME = /\/src\/(shared|errors|schedule|codec|topic|stream|ipc|ports|flow|operators|sinks|client|outbox|tracing|component)\//;

/**
 * Folders that share a file with others: what the main entry needs in any case. Each file costs a start nearly a millisecond. Commands that
 * need no connection need no RxJS either, so what they use is not in a file with what does.
 */
const SHARED_FILES = {
  errors: 'topic',
  ...Object.fromEntries(['schedule', 'stream', 'ipc', 'ports', 'flow', 'sinks', 'client'].map(folder => [folder, 'connection'])),
};

/**
 * What `openOutbox` is made of is a file apart from the rest of the outbox: every component has it in its context, and only users of an
 * outbox load the rest.
 */
const OPEN_OUTBOX = /\/src\/outbox\/(file-outbox|group-commit|memory-store|open-outbox|seen-back|store|virtual-disk)\.ts$/;

function groupOf(id) {
  const path = id.replaceAll('\\', '/');
  if (OPEN_OUTBOX.test(path)) return 'open-outbox';
  const folder = RUNTIME.exec(path)?.[1];
  return folder === undefined ? null : (SHARED_FILES[folder] ?? folder);
}

/**
 * RxJS, fp-ts and io-ts, by the names that the published files import them by. When an ES module imports a CommonJS one, Node looks through
 * its text for the names that it exports, with a parser that it has to start first. So each library has a small ES module before it, which
 * has the names and requires it: the same library that a program imports itself. A bundler, which would leave the `require` to the device,
 * gets the library without that: `node-addons` is a condition of Node alone, and where others know it, they know `module` first.
 */
const libraries = {
  name: 'libraries',
  resolveId: {
    filter: { id: /^(fp-ts|io-ts)(\/|$)|^rxjs$/ },
    handler(id) {
      const name = Object.keys(imports).find(key => imports[key].module === id);
      if (name === undefined) this.error(`${id} has no name among the imports of package.json.`);
      return { id: name, external: true };
    },
  },
  generateBundle() {
    const require = createRequire(import.meta.url);
    for (const { module, 'node-addons': file } of Object.values(imports)) {
      const names = Object.keys(require(module)).filter(name => name !== 'default' && name !== '__esModule');
      // With a `$`, since io-ts has names that no variable can have, such as `null`.
      const lines = [
        "import { createRequire } from 'node:module';",
        `const library = createRequire(import.meta.url)('${module}');`,
        ...names.map(name => `const $${name} = library.${name};`),
        `export { ${names.map(name => `$${name} as ${name}`).join(', ')} };`,
      ];
      this.emitFile({ type: 'asset', fileName: file.replace('./dist/', ''), source: `${lines.join('\n')}\n` });
    }
  },
};

/**
 * Modules of Node of which an `import` reads every name, and so loads what only few programs use: parsers of arguments and MIME types for
 * `util`, and threads besides under Node 24. Asked for in this way, they load nothing more.
 */
const BUILTIN = /^import (\{.*\}) from "(node:(?:fs|timers|util|zlib|fs\/promises))";$/gm;

const builtins = {
  name: 'builtins',
  // A line stays a line, so the source map stays right.
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle).filter(({ type }) => type === 'chunk'))
      chunk.code = chunk.code.replace(
        BUILTIN,
        (_, names, module) => `const ${names.replaceAll(' as ', ': ')} = process.getBuiltinModule("${module}");`,
      );
  },
};

const bundle = await rolldown({
  input: Object.fromEntries(entries.map(name => [name, `src/${name}.ts`])),
  platform: 'node',
  tsconfig: './tsconfig.build.json',
  transform: { target: 'es2023' },
  external: /^(?!fp-ts|io-ts|rxjs$|@oxc-project)[a-z@]/,
  plugins: [libraries, builtins],
  // Grouping by folders asks for this; test/package/published-files.test.ts checks that it gives no entry an additional name.
  preserveEntrySignatures: 'allow-extension',
});
// Files that an earlier build has left there have other names.
rmSync('dist/chunks', { recursive: true, force: true });
await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  sourcemapExcludeSources: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  comments: { legal: true, annotation: true, jsdoc: false },
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [{ debugName: 'runtime', name: groupOf }],
  },
});
await bundle.close();
