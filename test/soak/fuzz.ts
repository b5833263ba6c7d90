/**
 * Feeds random and mutated frames to the client and to the local nucleus.
 *
 *     npm run fuzz                              1 000 000 into the client, and as many into each profile of the nucleus
 *     npm run fuzz -- --frames=10000 --seed=7
 *
 * Ends with 1 if anything throws, hangs, is settled twice or never, or grows.
 */
import { parseArgs } from 'node:util';
import { measure } from './footprint.js';
import { fuzzClient } from './fuzz-client.js';
import { fuzzNucleus } from './fuzz-nucleus.js';
import type { FuzzAccount } from './fuzz-round.js';

const { values } = parseArgs({
  options: { frames: { type: 'string', default: '1000000' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
});
const frames = Number(values.frames);
const seed = Number(values.seed);

/** Milliseconds without progress that are taken for a hang. */
const HANG = 20_000;
/** Between a tenth of the way and its end. */
const MAX_HEAP_GROWTH = 4 * 1024 * 1024;

type Target = (
  frames: number,
  seed: number,
  problems: string[],
  onProgress: (account: FuzzAccount) => void | Promise<void>,
) => Promise<FuzzAccount>;
const targets: Record<string, Target> = {
  'client, socket': fuzzClient,
  'local nucleus, classic': (...args) => fuzzNucleus('classic', ...args),
  'local nucleus, lite': (...args) => fuzzNucleus('lite', ...args),
};

const problems: string[] = [];
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error: unknown) => {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  });
}

console.log(`seed ${seed}`);
const rows: string[] = [];
let failed = false;
for (const [name, target] of Object.entries(targets)) {
  problems.length = 0;
  const started = performance.now();
  let lastProgress = started;
  let tenth: number | undefined;
  const watchdog = setInterval(() => {
    if (performance.now() - lastProgress < HANG) return;
    console.log(`${name}: no progress for ${HANG / 1000} s\n${problems.slice(0, 20).join('\n')}\n\nfuzz: FAILED`);
    process.exit(1);
  }, 1_000);
  const account = await target(frames, seed, problems, async ({ frames: done }) => {
    lastProgress = performance.now();
    if (done >= frames / 10) tenth ??= (await measure()).heap;
  });
  const { heap } = await measure();
  clearInterval(watchdog);
  const growth = heap - (tenth ?? heap);
  if (growth > MAX_HEAP_GROWTH) problems.push(`the heap grew by ${growth} bytes`);
  const seconds = (performance.now() - started) / 1000;
  rows.push(
    `| ${[name, account.frames, account.connections, account.understood, `${Math.round(growth / 1024)} KB`, `${seconds.toFixed(0)} s`].join(' | ')} |`,
  );
  console.log(rows.at(-1));
  for (const problem of new Set(problems.slice(0, 20))) console.log(`  PROBLEM  ${problem}`);
  failed ||= problems.length > 0;
}
console.log(['\n| | frames | connections | understood | heap growth | time |', '|---|---|---|---|---|---|', ...rows].join('\n'));
console.log(failed ? '\nfuzz: FAILED' : '\nfuzz: passed');
if (failed) process.exitCode = 1;
