/**
 * Bundles the page of `dev --ui` into `dist/page`: one script, one style sheet and one document, with nothing fetched from elsewhere.
 * `npm run build` runs it.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** Bytes of all of it, compressed. */
const LARGEST = 150 * 1024;

const root = new URL('../', import.meta.url);
const from = new URL('page/', root);
const to = new URL('dist/page/', root);
const { resolve } = createRequire(import.meta.url);

/** Where a package lies; `undefined`: it is not installed. */
function folderOf(name) {
  try {
    return new URL('./', pathToFileURL(resolve(`${name}/package.json`)));
  } catch {
    return undefined;
  }
}

const libraries = ['preact', 'uplot'].map(name => ({ name, folder: folderOf(name) }));
const missing = libraries.filter(({ folder }) => folder === undefined);
if (missing.length > 0) {
  console.warn(`dev --ui has no page in this build: ${missing.map(({ name }) => name).join(' and ')} not installed. npm ci installs them.`);
  process.exit(0);
}

await mkdir(to, { recursive: true });
const bundle = await rolldown({
  input: fileURLToPath(new URL('main.tsx', from)),
  platform: 'browser',
  tsconfig: fileURLToPath(new URL('tsconfig.json', from)),
  onLog: (_level, log) => {
    throw new Error(log.message);
  },
});
await bundle.write({ file: fileURLToPath(new URL('page.js', to)), format: 'esm', minify: true });
await bundle.close();

const style = await Promise.all([readFile(resolve('uplot/dist/uPlot.min.css'), 'utf8'), readFile(new URL('page.css', from), 'utf8')]);
await writeFile(new URL('page.css', to), style.join('\n'));
await writeFile(new URL('index.html', to), await readFile(new URL('index.html', from)));

const licences = libraries.map(async ({ name, folder }) => `${name}\n\n${await readFile(new URL('LICENSE', folder), 'utf8')}`);
await writeFile(new URL('LICENSES.txt', to), (await Promise.all(licences)).join('\n\n'));

const files = await Promise.all(['page.js', 'page.css', 'index.html'].map(file => readFile(new URL(file, to))));
const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
if (bytes > LARGEST) throw new Error(`The page has ${bytes} bytes compressed, more than ${LARGEST}.`);
