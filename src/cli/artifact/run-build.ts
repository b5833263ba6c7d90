import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { archiveOf, bundleOf } from '../../dry-run/recipe.js';
import { messageOf } from '../../shared/visible.js';
import { CliError, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { BUILT_FROM, loadComponent } from '../component/load-component.js';
import { bundle } from './bundle.js';

/** What `build` was told. */
export interface BuildOptions {
  readonly out: string;
  readonly include: readonly string[];
  readonly add: readonly string[];
}

const LICENCES = 'THIRD-PARTY-LICENSES.txt';

/**
 * The time of every file in an archive, so that it does not depend on when it is made: the first day that a zip knows, in the time zone of
 * the machine.
 */
const NO_TIME = '1980-01-01T00:00:00';

/** Bundles the component of a module, and packs what a device needs of it. */
export async function runBuild(cli: Cli, module: string, { out, include, add }: BuildOptions): Promise<void> {
  if (!existsSync(module)) throw new UsageError(`There is no module ${module}.`, 'Compile the component first, and give its path.');
  const project = process.cwd();
  const name = bundleOf(module);
  const rest = [...wholePackages(include, project), ...add.flatMap(path => projectFiles(path, project))];
  // aws-crt has native code. Where it is not included, asking for the transport crt is a typed failure, as where it is not installed.
  const { code, map, sources } = await bundle(module, resolve(out, name), ['aws-crt', ...include]);
  const from = relative(resolve(out), resolve(module)).split(sep).join('/');
  const files: readonly ArchiveFile[] = [
    textFile(name, `${code.trimEnd()}\n${BUILT_FROM}${from}\n//# sourceMappingURL=${name}.map\n`),
    textFile(`${name}.map`, map),
    textFile(LICENCES, licencesOf(sources, project)),
  ];
  for (const { path, bytes } of files) await write(out, path, bytes);
  // Loaded as `greengrass-rx run` would: a bundle that cannot be is none.
  const component = await loadComponent(join(out, name));
  const archive = `${archiveOf(component.name)}.zip`;
  const zip = archiveFrom([...files, ...rest]);
  await write(out, archive, zip);

  const told: readonly (readonly [path: string, size: string])[] = [
    [name, `${kilobytes(files[0]?.bytes)}, compressed ${kilobytes(gzipSync(code))}`],
    [`${name}.map`, kilobytes(files[1]?.bytes)],
    [LICENCES, kilobytes(files[2]?.bytes)],
    [archive, `${kilobytes(zip)}: ${rest.length === 0 ? 'all of these' : `these and ${rest.length} more files`}`],
  ];
  const width = Math.max(...told.map(([path]) => path.length));
  for (const [path, size] of told) cli.err.line(`wrote ${join(out, path).padEnd(out.length + 1 + width)}  ${cli.err.style('dim', size)}`);
}

/** The same files give the same archive. */
function archiveFrom(files: readonly ArchiveFile[]): Uint8Array {
  const sorted = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  return zipSync(Object.fromEntries(sorted.map(({ path, bytes }) => [path, bytes])), { level: 9, mtime: NO_TIME });
}

function textFile(path: string, text: string): ArchiveFile {
  return { path, bytes: Buffer.from(text) };
}

async function write(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const file = join(folder, path);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(file, bytes);
  } catch (cause) {
    throw new CliError(`${file} could not be written: ${messageOf(cause)}`, { cause });
  }
}

function kilobytes(bytes: Uint8Array = new Uint8Array()): string {
  return `${(bytes.length / 1_000).toFixed(1)} kB`;
}

/** A package that something of is in an archive. */
interface UsedPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** As its package.json says. */
  readonly license: string;
}

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly license?: unknown;
}

/**
 * The licences and notices of the packages that these files belong to, as the text of a file in the archive: most licences ask to be handed
 * on. Files of the project itself have none.
 */
export function licencesOf(files: readonly string[], project: string): string {
  const packages = new Map<string, UsedPackage>();
  for (const file of files) {
    const used = isOwn(file, project) ? undefined : packageOf(file);
    if (used !== undefined) packages.set(`${used.name} ${used.version}`, used);
  }
  const parts = [...packages]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([title, { folder, license }]) => [`${title} (${license})`, ...textsIn(folder)].join('\n\n'));
  return `${['This archive has code of these packages.', ...parts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

function isOwn(file: string, project: string): boolean {
  const [first = '', ...path] = relative(project, file).split(sep);
  return first !== '..' && ![first, ...path].includes('node_modules');
}

/**
 * The package of a file: the nearest folder above it whose package.json has a name. One without a name only says which module format there
 * is.
 */
function packageOf(file: string): UsedPackage | undefined {
  for (let folder = dirname(file), below = file; folder !== below; below = folder, folder = dirname(folder)) {
    const { name, version, license } = manifestIn(folder);
    if (typeof name === 'string' && typeof version === 'string')
      return { name, version, folder, license: typeof license === 'string' ? license : 'its package.json names no licence' };
  }
  return undefined;
}

function manifestIn(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return {};
  }
}

function textsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter(name => /^(licen[cs]e|notice|copying|copyright)([.-].*)?$/i.test(name))
    .sort()
    .map(name => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trimEnd());
}

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
      // An optional dependency that is not installed: the component was tried without it, too.
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
