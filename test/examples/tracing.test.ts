import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../kit/process/run-cli.js';
import { runExample, shownOutput } from '../kit/process/run-example.js';

test('the example of tracing prints the traces that its index shows, and draws them', async () => {
  const picture = join(temporaryFolder(), 'trace.svg');
  const { code, output } = await runExample('tracing', picture);
  expect(output).toMatch(shownOutput('tracing'));
  expect(code).toBe(0);
  // As many bars as spans, and a line for each link; so has the picture in docs.
  for (const svg of [picture, 'docs/pictures/trace.svg'].map(file => readFileSync(file, 'utf8'))) {
    const names = [...svg.matchAll(/<text x="\d+" y="\d+">(\S+ [^<]*)<\/text>/g)].map(([, name]) => name);
    expect(names.slice(1)).toEqual([...output.matchAll(/^ +([^,\n]*)/gm)].map(([, name]) => name));
    expect(svg.match(/<rect /g)).toHaveLength(9);
    expect(svg.match(/<path /g)).toHaveLength(3);
  }
});
