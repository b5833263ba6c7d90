import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import { afterAll } from 'vitest';
import { type CliProcess, runCli, temporaryFolder } from './run-cli.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** What a project that is to be built has installed. */
const INSTALLED = ['aws-crt', 'fp-ts', 'io-ts', 'rolldown', 'rxjs'];

/** A project with these files that has this package and its peers installed, in this folder or in one that is gone after the test. */
export function project(
  files: Readonly<Record<string, string>>,
  installed: readonly string[] = INSTALLED,
  folder: string = temporaryFolder(),
): string {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of installed) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
  symlinkSync(ROOT, join(modules, 'greengrass-rx'), 'junction');
  const all = { 'package.json': JSON.stringify({ name: 'my-component', version: '1.0.0', type: 'module' }), ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** A project that was built: its folder, and how that went. */
export interface BuiltProject {
  readonly folder: string;
  readonly code: number | null;
  readonly stderr: string;
}

/** Builds a module of a project with these files, where the time is UTC, when the first test asks: for all tests of the file. */
export function builtOnce(files: Readonly<Record<string, string>>, module: string): () => Promise<BuiltProject> {
  const folder = mkdtempSync(join(tmpdir(), 'ggrx-built-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let building: Promise<BuiltProject> | undefined;
  const built = async (): Promise<BuiltProject> => {
    const run = runCli(['build', module], { cwd: project(files, INSTALLED, folder), env: { TZ: 'UTC' } });
    const { code } = await run.ended;
    return { folder, code, stderr: run.stderr() };
  };
  return () => (building ??= built());
}

/** `greengrass-rx build` in a project, to its end. */
export async function build(cwd: string, ...args: readonly string[]): Promise<CliProcess & { readonly code: number | null }> {
  const run = runCli(['build', ...args], { cwd });
  const { code } = await run.ended;
  return { ...run, code };
}

/** The files of an archive, by their paths. */
export function filesOf(archive: string): Readonly<Record<string, Uint8Array>> {
  return unzipSync(readFileSync(archive));
}

/** Unpacks an archive into a folder, as a nucleus does. */
export function unpack(archive: string, folder: string): void {
  for (const [path, bytes] of Object.entries(filesOf(archive))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}
