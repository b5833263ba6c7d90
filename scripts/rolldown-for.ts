import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What rolldown runs on another system, of the version that is installed here, fetched from npm when it is not in node_modules/.cache yet.
 * npm installs it for the system of this machine only.
 *
 * @param system as rolldown calls it, such as `linux-arm64-gnu`.
 * @returns a folder for `NODE_PATH`.
 */
export function rolldownFor(system: string): string {
  const { version } = JSON.parse(readFileSync('node_modules/rolldown/package.json', 'utf8')) as { version: string };
  const folder = join(process.cwd(), 'node_modules/.cache/rolldown', `${version}-${system}`);
  const modules = join(folder, 'node_modules');
  if (existsSync(folder)) return modules;
  mkdirSync(join(folder, '..'), { recursive: true });
  const fetched = mkdtempSync(`${folder}-`);
  writeFileSync(join(fetched, 'package.json'), '{ "private": true }\n');
  const name = `@rolldown/binding-${system}@${version}`;
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--force', name];
  const { status } = spawnSync('npm', install, { cwd: fetched, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) renameSync(fetched, folder);
  else rmSync(fetched, { recursive: true, force: true });
  if (status !== 0) throw new Error(`${name} could not be fetched from npm.`);
  return modules;
}
