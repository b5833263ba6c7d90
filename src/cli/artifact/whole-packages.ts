import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../cli-error.js';

/** A file of an archive. */
export interface ArchiveFile {
  /** Within the archive, with slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A package as it lies in the archive. */
interface Placed {
  readonly place: string;
  readonly folder: string;
}

/** Builds of aws-crt for machines that Greengrass does not run on in this way. */
const FOREIGN = /\/aws-crt\/dist\/bin\/(?!linux)[^/]+\//;

/** The files of packages that are not bundled, and of all that they depend on, in `node_modules` of the archive. */
export function wholePackages(names: readonly string[], project: string): readonly ArchiveFile[] {
  const placed = new Map<string, Placed>();
  const waiting: { readonly name: string; readonly by: Placed }[] = names.map(name => ({ name, by: { place: '', folder: project } }));
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, by } = next;
    const folder = folderOf(name, by.folder);
    if (folder === undefined) {
      if (by.place === '') throw new UsageError(`There is no package ${name} to include.`, `Install it: npm install ${name}`);
      // Of a package that is included, one that is optional: it is not there where the component was tried either.
      continue;
    }
    const top = `node_modules/${name}`;
    const there = placed.get(top);
    const place = there === undefined || there.folder === folder ? top : `${by.place}/${top}`;
    if (placed.has(place)) continue;
    const found = { place, folder };
    placed.set(place, found);
    waiting.push(...dependenciesOf(folder).map(dependency => ({ name: dependency, by: found })));
  }
  return [...placed.values()].flatMap(({ place, folder }) => filesIn(folder, place)).filter(({ path }) => !FOREIGN.test(`/${path}`));
}

/** A file of the project, or the files of one of its folders, by their paths there. */
export function projectFiles(path: string, project: string): readonly ArchiveFile[] {
  const from = resolve(path);
  const place = relative(project, from).split(sep).join('/');
  if (place === '' || place.startsWith('..')) throw new UsageError(`${path} is not in this folder.`, "Run it in the project's folder.");
  const found = statSync(from, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`There is no ${path} to add.`);
  return found.isDirectory() ? filesIn(from, place) : [{ path: place, bytes: readFileSync(from) }];
}

/** Where a package is installed, as Node looks for it from a folder. */
function folderOf(name: string, from: string): string | undefined {
  for (let folder = from, below = ''; folder !== below; below = folder, folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return realpathSync(found);
  }
  return undefined;
}

function dependenciesOf(folder: string): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
  return Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter(name => !name.startsWith('@types/'));
}

function filesIn(folder: string, place: string): readonly ArchiveFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).split(sep))
    .filter(path => !path.includes('node_modules'))
    .map(path => ({ path: [place, ...path].join('/'), bytes: readFileSync(join(folder, ...path)) }));
}
