import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

/** The files whose tests are all in the table of docs/local-nucleus.md. */
const WHOLE = [
  'handshake',
  'streams',
  'classic/classic-operations',
  'classic/classic-device',
  'lite/lite-operations',
  'lite/lite-device',
  'pubsub/local-topics',
  'configuration/configuration',
  'lifecycle/lifecycle',
  'lifecycle/processes',
  'shadow/shadow',
];

interface Row {
  readonly behaviour: string;
  readonly source: string;
  readonly tests: readonly { readonly name: string; readonly file: string }[];
}

/** Every row of the tables under `## Conformance`, but for headings within them. */
async function rows(): Promise<readonly Row[]> {
  const document = await readFile(new URL('docs/local-nucleus.md', ROOT), 'utf8');
  return document
    .slice(document.indexOf('## Conformance'))
    .split('\n')
    .filter(line => line.startsWith('| ') && !/^\| (what it does|---)/.test(line) && !/^\| [*]{2}/.test(line))
    .map(line => {
      const [behaviour = '', source = '', tests = ''] = line
        .slice(2, -2)
        .split(/(?<!\\) +\| /)
        .map(cell => cell.trim());
      const links = [...tests.matchAll(/\[`([^`]+)`\]\(\.\.\/([^)]+)\)/g)];
      return { behaviour, source, tests: links.map(([, name = '', file = '']) => ({ name, file })) };
    });
}

/** The titles of a file's tests, as they are written: `with %s`. */
async function titles(file: string): Promise<readonly string[]> {
  const source = await readFile(new URL(file, ROOT), 'utf8');
  return [...source.matchAll(/(?:\b(?:test|it)|\))\(\s*'([^'\n]+)',\s*(?:async|\(|\{|\w+ =>)/g)].map(([, title = '']) => title);
}

describe('the conformance table in docs/local-nucleus.md', () => {
  test('has a source and a test for every behaviour, and all of these tests exist', async () => {
    const all = await rows();
    expect(all.length).toBeGreaterThan(60);
    for (const { behaviour, source, tests } of all) {
      expect([behaviour, source]).toEqual([behaviour, expect.stringMatching(/^(wire notes|Lite observed|classic observed|source: )/)]);
      expect([behaviour, tests.length > 0]).toEqual([behaviour, true]);
      for (const { name, file } of tests) expect([file, await titles(file)]).toEqual([file, expect.arrayContaining([name])]);
    }
  });

  test.each(WHOLE)('names every test of %s.test.ts', async name => {
    const file = `test/local/${name}.test.ts`;
    const named = (await rows()).flatMap(({ tests }) => tests.filter(shown => shown.file === file).map(shown => shown.name));
    expect([...new Set(named)].sort()).toEqual([...new Set(await titles(file))].sort());
  });
});
