import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const sources = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.test.ts'))
  .map(file => readFileSync(`test/${file}`, 'utf8'))
  .join('\n');

test('each of the fourteen traps of the nuclei names the test that shows what becomes of it', () => {
  const [, table = ''] = readFileSync('docs/nucleus.md', 'utf8').split('## Fourteen traps');
  const rows = table.split('\n').filter(line => /^\| \d+ /.test(line));
  expect(rows.map(row => Number(row.split('|')[1]))).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  for (const row of rows) {
    const titles = [...(row.split(/(?<!\\)\|/).at(3) ?? '').matchAll(/`([^`]+)`/g)].map(([, title = '']) => title);
    expect(titles.length, row).toBeGreaterThan(0);
    for (const title of titles) expect(sources, title).toContain(title);
  }
});
