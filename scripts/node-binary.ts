import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

/**
 * A Node of another version, fetched from npm when it is not in node_modules/.cache yet. It is not installed as a dependency: its package
 * has a bin named `node`, which in node_modules/.bin would come before the Node that is installed.
 *
 * @param version such as `24`, or one version exactly.
 * @param arch another processor; `system`, such as `win`, is another operating system. npm is told to install them all the same.
 * @returns the folder that `node` is in.
 */
export function nodeBinary(version: string, arch: string = process.arch, system: string = process.platform): string {
  const isOwn = arch === process.arch && system === process.platform;
  const nodes = join(process.cwd(), 'node_modules/.cache/nodes');
  const folder = join(nodes, isOwn ? version : `${version}-${system}-${arch}`);
  const name = `node-${system}-${arch}`;
  const bin = join(folder, 'node_modules', name, 'bin');
  const isThere = (): boolean => existsSync(join(bin, 'node')) || existsSync(join(bin, 'node.exe'));
  if (isThere()) return bin;
  mkdirSync(nodes, { recursive: true });
  // Moved only when it is complete: several processes of a run may want it, and any of them may be ended.
  const fetched = mkdtempSync(`${folder}-`);
  writeFileSync(join(fetched, 'package.json'), '{ "private": true }\n');
  // There is a package for each platform that contains the binary, and needs no install script.
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`, ...(isOwn ? [] : ['--force'])];
  try {
    const { status } = spawnSync('npm', install, { cwd: fetched, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error(`Node ${version} could not be fetched from npm as ${name}.`);
    renameSync(fetched, folder);
  } catch (error) {
    rmSync(fetched, { recursive: true, force: true });
    if (!isThere()) throw error;
  }
  return bin;
}

/**
 * A Node that has `node:sqlite`: the one that runs this if it does, otherwise one exact version from npm, so that it is the same
 * everywhere.
 */
export const nodeWithSqlite = (isEnough: boolean = isBuiltin('node:sqlite')): string =>
  isEnough ? process.execPath : join(nodeBinary('24.21.0'), 'node');
