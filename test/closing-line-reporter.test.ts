import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runProcess } from '../scripts/run-process.js';
import { temporaryFolder } from './kit/process/run-cli.js';
import { timeLimit } from '../scripts/time-limit.js';

const REPORTER = pathToFileURL(fileURLToPath(new URL('../scripts/closing-line-reporter.ts', import.meta.url))).href;
const LEAK_STACKS = fileURLToPath(new URL('../scripts/leak-stacks.ts', import.meta.url));
const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

const CONFIG = `
import { ClosingLineReporter } from ${JSON.stringify(fileURLToPath(REPORTER))};
export default { test: { globals: true, detectAsyncLeaks: true, setupFiles: [${JSON.stringify(LEAK_STACKS)}], reporters: ['default', new ClosingLineReporter()] } };
`;

const TESTS = `
test('holds', () => {});
test.skip('is left out', () => {});
describe('a property', () => {
  test('does not hold', () => {
    throw Error(['Property failed after 3 tests', '{ seed: 42, path: "2:1" }', 'Counterexample: ' + 'x'.repeat(1000), ...Array(100).fill('more')].join('\\n'));
  });
});
describe('a suite', () => {
  afterAll(() => { throw new Error('its end'); });
  test('holds as well', () => {});
});
test('a comparison', () => expect([1, 2]).toEqual([1, 3]));
test('throws what is no Error', () => { throw { _tag: 'Refused', code: 7 }; });
test('leaves a timer', () => void setInterval(() => {}, 1_000));
`;

test('a run ends with each failure: its test, the first lines of its error, the leaks, and what it came to', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'vitest.config.mjs'), CONFIG);
  writeFileSync(join(folder, 'some.test.js'), TESTS);
  writeFileSync(join(folder, 'broken.test.js'), 'throw new Error("cannot be loaded");');
  const { stdout, code } = await runProcess(process.execPath, [VITEST, 'run', '--root', folder, '--no-color'], {
    cwd: folder,
    timeLimit: timeLimit(),
  });
  const end = stdout.slice(stdout.indexOf('\nfailed: ')).trim().split('\n\n');
  expect(code).toBe(1);
  expect(end.at(-1)).toBe('3 passed, 6 failed, 1 skipped');
  expect(end.slice(0, -1).sort()).toEqual([
    'failed: broken.test.js\n  cannot be loaded\n  at broken.test.js:1:7',
    expect.stringMatching(/^failed: leaked Timeout: some\.test\.js\n {6}at .*some\.test\.js:15:\d+$/),
    expect.stringMatching(
      /^failed: some\.test\.js > a comparison\n {2}expected \[ 1, 2 \] .*\n(.*\n)* {2}- +3,\n(.*\n)* {2}at some\.test\.js:\d+:\d+$/,
    ),
    'failed: some.test.js > a property > does not hold\n  Property failed after 3 tests\n  { seed: 42, path: "2:1" }\n' +
      `  Counterexample: ${'x'.repeat(284)}\n${'  more\n'.repeat(5)}  at some.test.js:6:11`,
    'failed: some.test.js > a suite\n  its end\n  at some.test.js:10:26',
    "failed: some.test.js > throws what is no Error\n  { _tag: 'Refused', code: 7 }",
  ]);
});
