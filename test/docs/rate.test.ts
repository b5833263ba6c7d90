import { readFileSync } from 'node:fs';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import * as main from '../../src/index.js';
import * as local from '../../src/local/index.js';
import * as operators from '../../src/operators/index.js';

const MODULES: Readonly<Record<string, unknown>> = {
  rxjs,
  'greengrass-rx': main,
  'greengrass-rx/local': local,
  'greengrass-rx/operators': operators,
};

test('all lines that docs/operators/rate.md reads through an outage arrive, as it shows', async () => {
  const page = readFileSync('docs/operators/rate.md', 'utf8');
  const [, program = '', shown] = /^### Reading at a rate$.*?^```ts\n(.*?console\.log\(.*?\); \/\/ (.*?)\n.*?)^```$/ms.exec(page) ?? [];
  // It becomes the body of an async function, since it awaits; its imports were turned into calls of `require` before.
  const [, imports = '', body = ''] = /^((?:import [^\n]*\n)+)(.*)$/s.exec(program) ?? [];
  const { outputText } = ts.transpileModule(`${imports}export const run = async () => {${body}};`, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
  });
  const lines: string[] = [];
  const exports: { run?: () => Promise<void> } = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a program of our own guide
  const load = new Function('require', 'exports', 'console', outputText) as (...globals: readonly unknown[]) => void;
  load((name: string) => MODULES[name], exports, {
    log: (line: string) => void lines.push(line),
    error: (line: string) => void lines.push(line),
  });
  await exports.run?.();
  expect(lines).toEqual([shown]);
});
