import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

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
 * The licences and notices of the packages that these files belong to, which most of them ask to be handed on: a text for a file of the archive. What
 * is the project's own has none.
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

/** The package of a file: the folder above it that has a package.json with a name: those without are marks of a module format. */
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
