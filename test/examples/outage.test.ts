import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeWithSqlite } from '../../scripts/node-binary.js';
import { temporaryFolder } from '../kit/process/run-cli.js';
import { runExample, runExampleUnder, shownOutput } from '../kit/process/run-example.js';

test('the example of a week without a connection prints what its index shows, and draws it', async () => {
  const picture = join(temporaryFolder(), 'outage.svg');
  const { code, output } = await runExampleUnder(nodeWithSqlite(), 'outage', '4', picture);
  expect(output).toMatch(shownOutput('outage'));
  expect(code).toBe(0);
  // As many points as the picture in docs has, of three lines, and as much waiting at most.
  for (const svg of [picture, 'docs/pictures/outage.svg'].map(file => readFileSync(file, 'utf8'))) {
    const lines = [...svg.matchAll(/<polyline [^>]*points="([^"]*)"/g)].map(([, points = '']) => points.split(' ').length);
    expect(lines).toEqual([145, 145, 145]);
    expect(svg).toMatch(/>201\d<\/text>/);
  }
});

test.skipIf(isBuiltin('node:sqlite'))(
  'under a Node without node:sqlite it ends at once, instead of telling so of each of 3456 readings',
  async () => {
    expect(await runExample('outage', '0')).toEqual({ code: 1, output: '' });
  },
);
