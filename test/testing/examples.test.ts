import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// Its tests are tests of this file.
import '../../examples/testing/vitest.test.js';

const example = fileURLToPath(new URL('../../examples/testing/node-test.mjs', import.meta.url));

test('the example for node:test passes there', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter', 'tap', example], {
    env: { PATH: process.env['PATH'] },
  });
  expect(stdout).toMatch(/# pass 2\n# fail 0/);
});
