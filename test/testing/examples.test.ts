import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// Its tests are tests of this file.
import '../../examples/testing/vitest.test.js';

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const run = (...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> =>
  promisify(execFile)(process.execPath, args, { cwd: file('.'), env: { PATH: process.env['PATH'] } });

test('the example for node:test passes there', async () => {
  const { stdout } = await run('--test', '--test-reporter', 'tap', file('examples/testing/node-test.mjs'));
  expect(stdout).toMatch(/# pass 2\n# fail 0/);
});

test('the example for Jest passes there', async () => {
  const { stderr } = await run(
    '--experimental-vm-modules',
    file('node_modules/jest/bin/jest.js'),
    ...['--config', '{"transform":{}}', '--rootDir', file('examples/testing'), '--testMatch', '**/jest.test.mjs', '--watchman=false'],
  );
  expect(stderr).toMatch(/Tests: {7}2 passed, 2 total/);
});
