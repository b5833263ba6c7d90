import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { pictureOf } from '../fleet/picture.js';
import * as operators from '../../src/operators/index.js';

const page = readFileSync('docs/fleet.md', 'utf8');
const [, program = '', shown] = /^```ts\n(.*?)^```$.*?^```text\n(.*?)^```$/ms.exec(page) ?? [];

test('the sums of docs/fleet.md print what it shows', () => {
  const { outputText } = ts.transpileModule(program, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
  });
  const lines: string[] = [];
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a program of our own guide
  const run = new Function('require', 'exports', 'console', outputText) as (...globals: readonly unknown[]) => void;
  run(
    (name: string) => {
      expect(name).toBe('greengrass-rx/operators');
      return operators;
    },
    {},
    { log: (line: string) => void lines.push(line) },
  );
  expect(`${lines.join('\n')}\n`).toBe(shown);
});

test('and begin with what the example of a year of weather measures', () => {
  const examples = readFileSync('examples/README.md', 'utf8');
  const [, after, before, bytesAfter, bytesBefore] =
    /^(\d+) messages instead of ([\d ]+) \(.*, ([\d ]+) bytes instead of ([\d ]+)\.$/m.exec(examples) ?? [];
  const literal = (number = ''): string => number.replaceAll(' ', '_');
  expect(program).toContain(`before: { messages: ${literal(before)}, bytes: ${literal(bytesBefore)} }`);
  expect(program).toContain(`after: { messages: ${literal(after)}, bytes: ${literal(bytesAfter)} }`);
});

test('the picture of docs/fleet.md is that of a run of the fleet', () => {
  const none = {
    cores: 0,
    readings: 0,
    kills: 0,
    outages: 0,
    messages: 0,
    bytes: 0,
    units: 0,
    records: 0,
    duplicates: 0,
    late: 0,
    gaps: 0,
    windows: 0,
  };
  const words = (svg: string): readonly string[] =>
    [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text = '']) => text.replace(/[\d,]+/g, '0'));
  expect(words(readFileSync('docs/pictures/fleet.svg', 'utf8'))).toEqual(words(pictureOf(none)));
});
