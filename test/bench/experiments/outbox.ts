import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LifeResult, StoringResult } from '../measures/outbox.js';
import { runMeasure } from '../measures/run-measure.js';
import { type Experiment, leastRatio, megabytes, middle, milliseconds, ratio, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const cpu = ({ mainMicroseconds, otherMicroseconds }: StoringResult): number => mainMicroseconds + otherMicroseconds;
const GROUP = 100;
/** Records a second under load: a hundred times what a device may publish. */
const LOAD = 10_000;

/**
 * Bare `node:sqlite` and the outbox in turn; then files with little and with much in them. In processes of the Node that has `node:sqlite`.
 */
export const outbox = ({ isShort, stored, storedFew, many, few, idle }: Scale): Experiment => {
  const storing: StoringResult[] = [];
  const bare: StoringResult[] = [];
  const without: LifeResult[] = [];
  const withFew: LifeResult[] = [];
  const withMany: LifeResult[] = [];
  const records = Math.min(many, 200_000);
  return {
    name: 'outbox',
    run: async (round, { execArgv, tell }) => {
      const begun = performance.now();
      const job = { records, warmUp: few, group: GROUP };
      const both = [
        async () => void storing.push(await runMeasure('outboxStoring', job, execArgv)),
        async () => void bare.push(await runMeasure('bareSqlite', job, execArgv)),
      ];
      for (const measure of round % 2 === 0 ? both : both.reverse()) await measure();
      if (isShort && round > 0) return;
      const load = { perSecond: LOAD, seconds: idle / 1_000, idle };
      without.push(await runMeasure('outboxLife', { path: undefined, ...load }, execArgv));
      for (const [count, results] of [
        [storedFew, withFew],
        [stored, withMany],
      ] as const) {
        const folder = mkdtempSync(join(tmpdir(), 'bench-outbox-'));
        const path = join(folder, 'outbox.sqlite');
        try {
          await runMeasure('fillOutbox', { path, records: count }, []);
          results.push(await runMeasure('outboxLife', { path, ...load }, execArgv));
        } finally {
          rmSync(folder, { recursive: true });
        }
      }
      tell(`outbox: ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
    },
    rows: () => {
      const perSecond = middle(storing, result => result.perSecond);
      const toBare = ratio(
        storing,
        result => result.perSecond,
        bare,
        result => result.perSecond,
      );
      const main = middle(storing, result => result.mainMicroseconds);
      const other = middle(storing, result => result.otherMicroseconds);
      const later = differences(withMany, without, result => result.delayP99);
      const first = middle(withMany, result => result.firstForwarded);
      const idle = Math.max(...[withFew, withMany].map(results => middle(results, result => result.idleMegabytes)));
      const loaded = Math.max(...[withFew, withMany].map(results => differences(results, without, result => result.loadMegabytes)));
      const flat = differences(withMany, withFew, result => result.loadMegabytes);
      return [
        {
          what: `outbox: records of 128 B stored and committed a second, ${GROUP} a commit at least`,
          atLeast: '50 000',
          measured: whole(perSecond),
          met: perSecond >= 50_000,
        },
        {
          what: `outbox: the same, to a bare \`INSERT\` by \`node:sqlite\` with the same settings, ${GROUP} a commit`,
          atLeast: '0.5 ×',
          measured: times(toBare),
          met: toBare >= 0.5,
          held: [{ what: 'outbox: processor time for a record, to that of a bare `INSERT`', ratio: leastRatio(storing, cpu, bare, cpu) }],
        },
        {
          what: 'outbox: processor time for a record on the main thread; on all others',
          atLeast: 'at most 8 µs; 8 µs',
          measured: `${main.toFixed(1)} µs; ${other.toFixed(1)} µs`,
          met: main <= 8 && other <= 8,
        },
        {
          what: `outbox: how late the event loop is while ${whole(LOAD)} records a second are stored and 50 forwarded, p99, over the same without a store`,
          atLeast: 'at most 2 ms',
          measured: milliseconds(later),
          met: later <= 2,
        },
        {
          what: `outbox: opening a file with ${whole(stored)} records, to the first forwarded message`,
          atLeast: 'at most 1 s',
          measured: milliseconds(first),
          met: first <= 1_000,
        },
        {
          what: `outbox: memory over none, idle; under load, ${whole(storedFew)} or ${whole(stored)} records inside`,
          atLeast: 'at most 24 MB; 48 MB',
          measured: `${megabytes(idle)}; ${megabytes(loaded)}`,
          met: idle <= 24 && loaded <= 48,
        },
        {
          what: `outbox: memory under load, ${whole(stored)} records inside over ${whole(storedFew)}`,
          atLeast: 'at most 4 MB',
          measured: megabytes(Math.max(0, flat)),
          met: flat <= 4,
        },
      ];
    },
    figures: () => [
      ...(
        [
          ['`storeIn`', storing],
          ['bare `node:sqlite`', bare],
        ] as const
      ).map(([who, results]) => ({
        what: `records of 128 B stored, ${GROUP} a commit; CPU: both threads`,
        who,
        figure: `${whole(middle(results, result => result.perSecond))}/s`,
        cpuMicroseconds: middle(results, result => result.mainMicroseconds + result.otherMicroseconds),
      })),
      ...(
        [
          ['no store', without],
          [`outbox, ${whole(storedFew)} records`, withFew],
          [`outbox, ${whole(stored)} records`, withMany],
        ] as const
      ).map(([who, results]) => ({
        what: `${whole(LOAD)} records a second: event loop late, p99; memory it grew by, idle and under load; first forwarded after`,
        who,
        figure: [
          milliseconds(middle(results, result => result.delayP99)),
          megabytes(middle(results, result => result.idleMegabytes)),
          megabytes(middle(results, result => result.loadMegabytes)),
          milliseconds(middle(results, result => result.firstForwarded)),
        ].join(', '),
      })),
    ],
  };
};

/** The median of the differences of rounds. */
const differences = (these: readonly LifeResult[], those: readonly LifeResult[], of: (result: LifeResult) => number): number =>
  middle(
    these.map((result, i) => {
      const other = those[i];
      if (other === undefined) throw new RangeError('A round has no sample.');
      return of(result) - of(other);
    }),
    difference => difference,
  );
