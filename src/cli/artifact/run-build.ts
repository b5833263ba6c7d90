import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { archiveOf, bundleOf } from '../../dry-run/recipe.js';
import { CliError, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { BUILT_FROM, loadComponent } from '../component/load-component.js';
import { bundle } from './bundle.js';
import { licencesOf } from './licences.js';
import { type ArchiveFile, projectFiles, wholePackages } from './whole-packages.js';

/** What `build` was told. */
export interface BuildOptions {
  readonly out: string;
  readonly include: readonly string[];
  readonly add: readonly string[];
}

const LICENCES = 'THIRD-PARTY-LICENSES.txt';

/** What stands in the place of the times of the files, which are none of an archive's content: the first day that a zip knows, wherever it is made. */
const NO_TIME = '1980-01-01T00:00:00';

/** Bundles the component of a module, and packs what a device needs of it. */
export async function runBuild(cli: Cli, module: string, { out, include, add }: BuildOptions): Promise<void> {
  if (!existsSync(module)) throw new UsageError(`There is no module ${module}.`, 'Compile the component first, and give its path.');
  const project = process.cwd();
  const name = bundleOf(module);
  // aws-crt has native code. Where it is not included, asking for the transport crt is a typed failure, as where it is not installed.
  const { code, map, sources } = await bundle(module, resolve(out, name), ['aws-crt', ...include]);
  const from = relative(resolve(out), resolve(module)).split(sep).join('/');
  const files: readonly ArchiveFile[] = [
    textFile(name, `${code.trimEnd()}\n${BUILT_FROM}${from}\n//# sourceMappingURL=${name}.map\n`),
    textFile(`${name}.map`, map),
    textFile(LICENCES, licencesOf(sources, project)),
  ];
  const rest = [...wholePackages(include, project), ...add.flatMap(path => projectFiles(path, project))];
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
    [archive, `${kilobytes(zip)}: ${rest.length === 0 ? 'all of these' : `these and ${String(rest.length)} more files`}`],
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
    throw new CliError(`${file} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function kilobytes(bytes: Uint8Array = new Uint8Array()): string {
  return `${(bytes.length / 1_000).toFixed(1)} kB`;
}
