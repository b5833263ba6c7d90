import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import cpuFilter from '../../examples/cpu-filter/component.js';
import { mergeBranches } from '../../src/component/index.js';
import { marbles } from '../../src/testing/index.js';

test(
  'the CPU filter tells what differs by more than the band of the moment, across a change of configuration and a break',
  marbles(({ nucleus, run, context, expectPublished, expectPublishedLocally, expectNothingDropped }) => {
    const loads = { a: { cpu: 40 }, b: { cpu: 43 }, c: { cpu: 46 }, d: { cpu: 47.5 }, e: { cpu: 60 } };
    nucleus.local.messages('host/cpu', '-a-b-c--cd-x---e--|', loads, { x: 'drop connection' });
    nucleus.configuration('-------k', { k: { band: 1 } });
    run(mergeBranches(cpuFilter.run(nucleus.proxy, { band: 5 }, context({ band: 5 }))));
    expectPublished('cpu/changes').toBeMarble('-a---c--cd-----e--|', loads);
    expectPublishedLocally('#').toBeMarble('------------------|');
    expectNothingDropped();
  }),
);

test('its component is under twenty lines', () => {
  const source = readFileSync('examples/cpu-filter/component.ts', 'utf8');
  const lines = source.slice(source.indexOf('export default component')).trim().split('\n');
  expect(lines.length).toBeLessThan(20);
});
