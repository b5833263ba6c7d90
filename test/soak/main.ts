/**
 * Kills connections at random moments under load, in both directions, and accounts for every publish and every message.
 *
 *     npm run soak                              1 000 kills for each transport and profile
 *     npm run soak -- --kills=100 --seed=7
 *     npm run soak -- --only=crt,lite
 *
 * Ends with 1 if anything is missing, dead or left over. The process ends by itself: nothing keeps it alive.
 */
import { parseArgs } from 'node:util';
import type { TransportName } from '../../src/client/index.js';
import type { Profile } from '../../src/local/index.js';
import { measure, type Footprint } from './footprint.js';
import { soak, type SoakReport } from './soak.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);

/** Kills before the first look at the memory: by then all code is loaded and compiled. */
const WARM_UP = 100;
/**
 * The heap is noisy by half a megabyte, and aws-crt keeps some 300 bytes for each request that a kill caught half-written. A connection
 * that were kept would be two kilobytes and more.
 */
const MAX_HEAP_GROWTH = 1024 * (1024 + kills);

const TRANSPORTS: readonly TransportName[] = ['socket', 'crt'];
const PROFILES: readonly Profile[] = ['classic', 'lite'];
const rows: string[] = [];
let failed = false;

console.log(`seed ${seed}`);
for (const transport of TRANSPORTS) {
  for (const profile of PROFILES) {
    if (values.only !== undefined && values.only !== `${transport},${profile}`) continue;
    const started = performance.now();
    const warm = await soak({ transport, profile, kills: Math.min(WARM_UP, kills), seed: seed + 1 });
    const before = await measure();
    const report = await soak({ transport, profile, kills, seed });
    const after = await measure();
    const problems = [...warm.problems, ...report.problems, ...leaks(before, after)];
    rows.push(row(`${transport}, ${profile}`, report, before, after));
    console.log(
      `${transport}, ${profile}: ${((performance.now() - started) / 1000).toFixed(0)} s`,
      report.kills,
      `rss ${mb(after.rss - before.rss)}`,
    );
    for (const problem of problems.slice(0, 20)) console.log(`  PROBLEM  ${problem}`);
    failed ||= problems.length > 0;
  }
}
console.log(
  [
    '| | kills | connections | publishes accepted | refused | unknown (of them taken) | with retry (duplicates) | messages sent | received | gaps told | missing, all in gaps | heap | native | handles |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n'),
);
console.log(failed ? '\nsoak: FAILED' : '\nsoak: passed');
if (failed) process.exitCode = 1;

function row(name: string, { kills, connections, publishes, messages }: SoakReport, before: Footprint, after: Footprint): string {
  const total = Object.values(kills).reduce((sum, count) => sum + count, 0);
  const { accepted, refused, unknown, unknownTaken, retried, duplicates } = publishes;
  const cells = [
    name,
    total,
    connections,
    accepted,
    refused,
    `${unknown} (${unknownTaken})`,
    `${retried} (${duplicates})`,
    messages.sent,
    messages.received,
    messages.gaps,
    messages.missing,
    mb(after.heap - before.heap),
    `${after.native - before.native} B`,
    Math.max(0, after.resources.length - before.resources.length),
  ];
  return `| ${cells.join(' | ')} |`;
}

function mb(bytes: number): string {
  return `${bytes < 0 ? '−' : '+'}${(Math.abs(bytes) / 1024 / 1024).toFixed(2)} MB`;
}

function leaks(before: Footprint, after: Footprint): string[] {
  const found: string[] = [];
  if (after.heap - before.heap > MAX_HEAP_GROWTH) found.push(`the heap grew by ${mb(after.heap - before.heap)}`);
  if (after.native > before.native) found.push(`aws-crt holds ${after.native - before.native} bytes more`);
  const left = [...after.resources];
  for (const resource of before.resources) if (left.includes(resource)) left.splice(left.indexOf(resource), 1);
  if (left.length > 0) found.push(`left over: ${left.join(', ')}`);
  return found;
}
