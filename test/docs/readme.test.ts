import { readFileSync } from 'node:fs';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import * as fp from '../../src/fp.js';
import * as main from '../../src/index.js';
import { marbles, type MarbleKit } from '../../src/testing/index.js';

/**
 * The first program of README.md, which runs until it is told to stop: so it runs in virtual time here, and not with the other examples.
 */
const [, , program = ''] = /^```(ts no-run)\n(.*?)^```$/ms.exec(readFileSync('README.md', 'utf8')) ?? [];

/** Runs the program on the nucleus of a marble test. */
function runProgram({ nucleus, run }: MarbleKit): void {
  const modules: Readonly<Record<string, unknown>> = {
    rxjs,
    'greengrass-rx': { ...main, connect: () => nucleus.proxy, runToEnd: run },
    'greengrass-rx/fp': fp,
  };
  // It becomes the body of an async function, since it awaits; its imports were turned into calls of `require` before.
  const [, imports = '', body = ''] = /^((?:import [^\n]*\n)+)(.*)$/s.exec(program) ?? [];
  const { outputText } = ts.transpileModule(`${imports}export const start = async () => {${body}};`, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
  });
  const exports: { start?: () => Promise<void> } = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a program of our own README
  const load = new Function('require', 'exports', outputText) as (...globals: readonly unknown[]) => void;
  load((name: string) => modules[name], exports);
  void exports.start?.();
}

test(
  'the first program of README publishes an alarm for each reading over 60, and goes on after one that cannot be read',
  marbles(kit => {
    const readings = { a: { celsius: 71 }, b: { celsius: 20 }, c: { celsius: 90 } };
    kit.nucleus.messages('sensors/attic/temperature', '-a-b-x-c--|', { ...readings, x: { celsius: 'hot' } });
    runProgram(kit);
    kit.expectPublished('alarms/heat').toBeMarble('-a-----c--|', readings);
  }),
);

test('it has about ten lines', () => {
  const lines = program.split('\n').filter(line => line !== '');
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.length).toBeLessThanOrEqual(12);
});
