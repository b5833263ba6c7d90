/**
 * Runs the unit tests and those of the outbox under other versions of Node: those given, or 22, 24 and 26.
 * `npm run test:nodes -- 26 -- test/flow` runs one folder under one of them. The binaries come from npm into node_modules/.cache, so that
 * `npm ci` stays small.
 */
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { nodeBinary } from './node-binary.js';

const args = process.argv.slice(2);
const end = args.includes('--') ? args.indexOf('--') : args.length;
const versions = end === 0 ? ['22', '24', '26'] : args.slice(0, end);
const tests = args.slice(end + 1);

const failed = versions.filter(version => {
  const bin = nodeBinary(version);
  // In front of all others, so that what the tests start by name is the same Node.
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
  const node = join(bin, 'node');
  console.log(`\n=== Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  const { status } = spawnSync(node, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--project', 'outbox', ...tests], {
    env,
    stdio: 'inherit',
  });
  return status !== 0;
});
if (failed.length > 0) {
  console.log(`\nFailed under Node ${failed.join(', ')}`);
  process.exitCode = 1;
}
