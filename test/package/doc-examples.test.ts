import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examplesOf, type Found } from '../../scripts/doc-examples.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'greengrass-rx-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function found(name: string, ...lines: readonly string[]): Promise<Found> {
  writeFileSync(join(folder, name), lines.join('\n'));
  return examplesOf(folder, name);
}

describe('the examples of a Markdown file', () => {
  test('are its ts fences, on the lines they have in the file', async () => {
    const { examples, complaints } = await found(
      'a.md',
      '# Title',
      '```ts',
      'one();',
      '',
      'two();',
      '```',
      'text',
      '```sh',
      'npm ci',
      '```',
    );
    expect(examples).toEqual([{ place: 'a.md:2', program: '\n\none();\n\ntwo();\n', runs: true }]);
    expect(complaints).toEqual([]);
  });

  test('do not run when marked no-run', async () => {
    const { examples } = await found('a.md', '```ts no-run', 'one();', '```', '```ts', 'two();', '```');
    expect(examples.map(({ place, runs }) => [place, runs])).toEqual([
      ['a.md:1', false],
      ['a.md:4', true],
    ]);
  });

  test('are not looked for inside another fence', async () => {
    const { examples } = await found('a.md', '````md', '```ts', 'one();', '```', '````');
    expect(examples).toEqual([]);
  });

  test('are not the excerpts of a file, which the tutorial shows', async () => {
    const { examples, complaints } = await found('a.md', '<!-- file src/a.ts -->', '', '```ts excerpt', 'one();', '```');
    expect({ examples, complaints }).toEqual({ examples: [], complaints: [] });
  });

  test('may be indented, as in a list', async () => {
    const { examples } = await found('a.md', '- item', '  ```ts', '  one();', '  ```');
    expect(examples.map(({ place }) => place)).toEqual(['a.md:2']);
  });

  test.each([
    ['JavaScript', ['```js', 'one();', '```'], 'a.md:1 a fence in js'],
    ['TypeScript by its long name', ['```typescript', 'one();', '```'], 'a.md:1 a fence in typescript'],
    ['an unknown mark', ['', '```ts norun', 'one();', '```'], 'a.md:2 a fence marked norun'],
    ['an excerpt of no file', ['Words.', '', '```ts excerpt', 'one();', '```'], 'a.md:3 an excerpt of no file'],
    ['a fence without an end', ['```ts', 'one();'], 'a.md:1 a fence that does not end'],
  ])('that nobody would check are refused: %s', async (_what, lines, complaint) => {
    const { complaints } = await found('a.md', ...lines);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(complaint);
  });
});

describe('the examples of a source file', () => {
  test('are the ts fences of its doc comments, without the stars', async () => {
    const { examples, complaints } = await found(
      'a.ts',
      '/**',
      ' * For this.',
      ' *',
      ' * @example',
      ' * ```ts',
      ' * if (a) {',
      ' *   one();',
      ' * }',
      ' * ```',
      ' */',
      'const a = 1;',
    );
    expect(examples).toEqual([{ place: 'a.ts:5', program: '\n\n\n\n\nif (a) {\n  one();\n}\n', runs: true }]);
    expect(complaints).toEqual([]);
  });

  test('must be there where @example promises one', async () => {
    const { complaints } = await found('a.ts', '/**', ' * @example', ' * one();', ' */', 'const a = 1;', 'const b = 2;');
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain('a.ts:2 an @example without');
  });

  test('are not looked for in its code', async () => {
    const { examples } = await found('a.ts', 'const text = `', '```ts', 'one();', '```', '`;');
    expect(examples).toEqual([]);
  });
});
