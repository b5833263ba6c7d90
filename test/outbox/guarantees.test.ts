import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

/** The rows of the table of guarantees, each with its links to tests. */
const rows = async (): Promise<
  readonly { readonly row: string; readonly tests: readonly { readonly title: string; readonly file: string }[] }[]
> => {
  const document = await readFile(new URL('docs/reliability.md', ROOT), 'utf8');
  const [, section = ''] = document.split('## What an outbox guarantees\n');
  const [table = ''] = section.split('\n## ');
  const lines = table.split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| Event') && !line.startsWith('| --'));
  return lines.map(row => ({
    row,
    tests: [...row.matchAll(/\[([^\]]+)\]\(\.\.\/([^)]+)\)/g)].map(([, title = '', file = '']) => ({ title, file })),
  }));
};

/** The titles of the tests in a file, with and without that of a group before them. */
const titlesIn = async (file: string): Promise<readonly string[]> => {
  const source = await readFile(new URL(file, ROOT), 'utf8');
  // The title of a table that has several lines begins the line where the table ends.
  const found = [...source.matchAll(/(?:\b(it|test|describe)\b.*?|^ *\]\))\(\s*(?:'([^'\n]+)'|`([^`]+)`)/gm)];
  const titles = found.map(([, kind = '', quoted, template]) => ({ kind, title: quoted ?? template ?? '' }));
  const groups = titles.filter(({ kind }) => kind === 'describe').map(({ title }) => title);
  return [...groups, ...titles.flatMap(({ title }) => [title, ...groups.map(group => `${group} ${title}`)])];
};

describe('the table of guarantees in docs/reliability.md', () => {
  it('says of each event what is kept, repeated and lost, and names a test that exists', async () => {
    const all = await rows();
    expect(all.length).toBeGreaterThan(15);
    for (const { row, tests } of all) {
      expect(
        row
          .split('|')
          .slice(1, -1)
          .map(cell => cell.trim())
          .filter(cell => cell === ''),
      ).toEqual([]);
      expect(tests.length, row).toBeGreaterThan(0);
      for (const { title, file } of tests)
        expect(
          (await titlesIn(file)).some(known => known.includes(title)),
          `${file}: ${title}`,
        ).toBe(true);
    }
  });
});
