import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const DIST = new URL('../../../dist/', import.meta.url).href;

/** What a process has loaded of the published files. */
export interface Loaded {
  /** Paths in `dist`. */
  readonly files: readonly string[];
  /** What is in those files, by their source maps: paths in `src`. */
  readonly sources: readonly string[];
  /** Of each package in `node_modules` how many files. */
  readonly packages: Readonly<Record<string, number>>;
}

/** What a process had loaded that ran with the variable `NODE_V8_COVERAGE` and this folder. */
export function loadedBy(coverage: string): Loaded {
  const urls = readdirSync(coverage).flatMap(file => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as { readonly result: readonly { readonly url: string }[] };
    return result.map(({ url }) => url);
  });
  return loadedFrom(urls);
}

/** The same of the addresses of modules. */
export function loadedFrom(urls: readonly string[]): Loaded {
  const files = [...new Set(urls)].filter(url => url.startsWith(DIST)).map(url => url.slice(DIST.length));
  const packages: Record<string, number> = {};
  for (const url of new Set(urls)) {
    const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (name !== undefined) packages[name] = (packages[name] ?? 0) + 1;
  }
  return { files, sources: files.flatMap(sourcesOf).sort(), packages };
}

function sourcesOf(file: string): readonly string[] {
  const map = join(ROOT, 'dist', `${file}.map`);
  if (!existsSync(map)) return [];
  const { sources } = JSON.parse(readFileSync(map, 'utf8')) as { readonly sources: readonly string[] };
  return sources.map(source => source.replace(/^(\.\.\/)+src\//, ''));
}
