/**
 * Runs the unit tests under other versions of Node: those given, or 22, 24 and 26. `npm run test:nodes -- 26 -- test/flow` runs one folder
 * under one of them. The binaries come from npm into node_modules/.cache, so that `npm ci` stays small.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const args = process.argv.slice(2);
const end = args.includes('--') ? args.indexOf('--') : args.length;
const versions = end === 0 ? ['22', '24', '26'] : args.slice(0, end);
const tests = args.slice(end + 1);

const failed = versions.filter(version => {
  const bin = binaryOf(version);
  // In front of all others, so that what the tests start by name is the same Node.
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
  const node = join(bin, 'node');
  console.log(`\n=== Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  const { status } = spawnSync(node, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', ...tests], { env, stdio: 'inherit' });
  return status !== 0;
});
if (failed.length > 0) {
  console.log(`\nFailed under Node ${failed.join(', ')}`);
  process.exitCode = 1;
}

/** The folder of a Node's binary, fetched when it is not there yet. */
function binaryOf(version: string): string {
  const folder = join('node_modules/.cache/nodes', version);
  const name = `node-${process.platform}-${process.arch}`;
  const bin = join(process.cwd(), folder, 'node_modules', name, 'bin');
  if (existsSync(bin) && readdirSync(bin).includes('node')) return bin;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  // The packages of the platforms carry the binary, and need no install script.
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`];
  const { status } = spawnSync('npm', install, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`Node ${version} could not be fetched from npm as ${name}.`);
  return bin;
}
