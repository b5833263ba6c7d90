import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureOf, runProcess } from './run-process.js';

/** The repository; this file runs from `build/scripts`. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const NPM_TIME_LIMIT = 300_000;

/** A folder of the system's temporary files, gone when the work is done or has failed. */
export async function inTemporaryFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'greengrass-rx-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Builds from nothing, packs what would be published, and gives the tarball's path. Where the variable `GREENGRASS_RX_TARBALL` names a
 * tarball that was made this way before, it gives that one: CI packs once for all checks of the package.
 */
export async function packInto(folder: string): Promise<string> {
  const packed = process.env['GREENGRASS_RX_TARBALL'];
  if (packed !== undefined) return resolve(ROOT, packed);
  await npm(ROOT, ['pack', '--pack-destination', folder]);
  const [tarball] = (await readdir(folder)).filter(name => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  return join(folder, tarball);
}

/** A project of ES modules in which the tarball is installed, with its peers. CommonJS modules in it have the extension that says so. */
export async function makeConsumer(folder: string, tarball: string, ...install: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  await npm(folder, ['install', '--no-audit', '--no-fund', ...install, tarball]);
}

/** Copies one of the programs in test/package next to an installed package. */
export function copyProgram(name: string, folder: string): Promise<void> {
  return cp(join(ROOT, 'test/package', name), join(folder, name));
}

async function npm(cwd: string, args: readonly string[]): Promise<void> {
  const outcome = await runProcess('npm', args, { cwd, timeLimit: NPM_TIME_LIMIT });
  const failure = failureOf(outcome, NPM_TIME_LIMIT);
  if (failure !== undefined) throw new Error(`npm ${args.join(' ')} ${failure}`);
}
