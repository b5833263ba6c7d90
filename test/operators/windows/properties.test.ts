import type { Either } from 'fp-ts/lib/Either.js';
import fc from 'fast-check';
import { from, type OperatorFunction } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  collect,
  countWindow,
  hopping,
  mean,
  percentile,
  session,
  sliding,
  tumbling,
  type Windowed,
  type WindowResult,
} from '../../../src/operators/index.js';
import { timeLimit } from '../../../scripts/time-limit.js';

/** Runs of each property. */
const numRuns = Number(process.env['FLOW_RUNS'] ?? 1_000);
const timeout = timeLimit(numRuns * 40);

interface Reading {
  readonly id: number;
  readonly key: string;
  readonly at: number;
}
type Result = WindowResult<{ readonly ids: readonly number[] }>;
type Element = Windowed<Reading, { readonly ids: readonly number[] }, string>;

/** Readings of three keys, about in order. */
const stream = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      step: fc.integer({ min: 0, max: 12 }),
      back: fc.oneof(fc.constant(0), fc.nat({ max: 40 })),
    }),
    { maxLength: 60 },
  )
  .map(steps => {
    let time = 0;
    return steps.map(({ key, step, back }, id): Reading => ({ id, key, at: (time += step) - back }));
  });

const key = (reading: Reading): string => reading.key;
const timestamp = (reading: Reading): number => reading.at;
/** A state that keeps every value, and two that are merged in other ways. */
const ids = aggregate({ ids: collect<Reading>(1_000), mean: mean((r: Reading) => r.at), median: percentile(0.5, (r: Reading) => r.at) });

const run = (
  all: readonly Reading[],
  operator: OperatorFunction<Reading, Either<unknown, WindowResult<{ readonly ids: readonly Reading[]; readonly mean: number }>>>,
) => {
  const results: Result[] = [];
  const late: number[] = [];
  from(all)
    .pipe(operator)
    .subscribe(element => {
      if (element._tag === 'Left') late.push((element as unknown as { left: { value: Reading } }).left.value.id);
      else {
        const { value, ...rest } = element.right;
        const sum = value.ids.reduce((so, reading) => so + reading.at, 0);
        // What is merged by numbers is what the values are.
        expect(value.mean).toBeCloseTo(sum / rest.count, 8);
        results.push({ ...rest, value: { ids: value.ids.map(reading => reading.id).sort((a, b) => a - b) } });
      }
    });
  return { results, late };
};

/** The last result of each window of a key. */
const lastOfEach = (results: readonly Result[]): Result[] => [
  ...new Map(results.map(result => [`${result.key} ${result.start}`, result])).values(),
];
const shown = (results: readonly Result[]): string[] =>
  results.map(({ key, start, end, value }) => `${key} [${start}, ${end}) ${value.ids.join(' ')}`).sort();

/** What a window that begins at `start` holds, by the definition: the values that came before it was over and its lateness too. */
const naive = (
  all: readonly Reading[],
  { size, hop, outOfOrder, lateness }: Readonly<Record<'size' | 'hop' | 'outOfOrder' | 'lateness', number>>,
) => {
  const windows = new Map<string, number[]>();
  const late: number[] = [];
  let watermark = -Infinity;
  for (const { id, key, at } of all) {
    watermark = Math.max(watermark, at - outOfOrder);
    let taken = false;
    for (let start = Math.floor(at / hop) * hop; start > at - size; start -= hop) {
      if (start + size + lateness <= watermark) continue;
      taken = true;
      const name = `${key} [${start}, ${start + size})`;
      windows.set(name, [...(windows.get(name) ?? []), id]);
    }
    if (!taken) late.push(id);
  }
  return { windows: [...windows].map(([name, of]) => `${name} ${of.join(' ')}`).sort(), late };
};

/** The session of the first value is over for good when the last two become one that covers its time. */
const coveredByALaterOne: [Reading[], { outOfOrder: number; lateness: number }, number] = [
  [
    { id: 0, key: 'c', at: 0 },
    { id: 1, key: 'a', at: 15 },
    { id: 2, key: 'c', at: 1 },
    { id: 3, key: 'c', at: 0 },
  ],
  { outOfOrder: 0, lateness: 1 },
  14,
];

const times = fc.record({ outOfOrder: fc.nat({ max: 30 }), lateness: fc.oneof(fc.constant(0), fc.nat({ max: 30 })) });

describe('windows of any stream', () => {
  it(
    'tumbling: each value is in one window or late, and never both',
    () => {
      fc.assert(
        fc.property(stream, times, fc.integer({ min: 1, max: 25 }), (all, { outOfOrder, lateness }, size) => {
          const { results, late } = run(all, tumbling({ size, key, aggregate: ids, time: { timestamp, outOfOrder, lateness } }));
          const counted = lastOfEach(results).flatMap(({ value }) => value.ids);
          expect([...counted, ...late].sort((a, b) => a - b)).toEqual(all.map(({ id }) => id));
          for (const { start, end, value, count } of results) {
            expect(value.ids).toHaveLength(count);
            for (const id of value.ids) expect(Math.floor((all[id]?.at ?? NaN) / size) * size).toBe(start);
            expect(end - start).toBe(size);
          }
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'hopping: the last result of a window has what belongs to it and was not late, whatever pane it is in',
    () => {
      const shape = fc
        .integer({ min: 1, max: 12 })
        .chain(hop => fc.record({ hop: fc.constant(hop), size: fc.integer({ min: hop, max: 40 }) }));
      fc.assert(
        fc.property(stream, times, shape, (all, time, { size, hop }) => {
          const { results, late } = run(all, hopping({ size, hop, key, aggregate: ids, time: { timestamp, ...time } }));
          const expected = naive(all, { size, hop, ...time });
          expect(shown(lastOfEach(results))).toEqual(expected.windows);
          expect(late).toEqual(expected.late);
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'corrections are numbered, and each has more than the one before',
    () => {
      fc.assert(
        fc.property(stream, times, (all, time) => {
          const { results } = run(all, hopping({ size: 20, hop: 10, key, aggregate: ids, time: { timestamp, ...time } }));
          const before = new Map<string, Result>();
          for (const result of results) {
            const name = `${result.key} ${result.start}`;
            const earlier = before.get(name);
            expect(result.revision).toBe(earlier === undefined ? 0 : earlier.revision + 1);
            expect(result.count).toBe((earlier?.count ?? result.count - 1) + (earlier === undefined ? 1 : 1));
            expect(result.closedBy === 'late').toBe(result.revision > 0);
            before.set(name, result);
          }
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'sliding equals computing each window anew',
    () => {
      const shape = fc
        .integer({ min: 1, max: 6 })
        .chain(resolution => fc.record({ resolution: fc.constant(resolution), panes: fc.integer({ min: 1, max: 12 }) }));
      fc.assert(
        fc.property(stream, shape, (all, { resolution, panes }) => {
          const size = resolution * panes;
          const { results, late } = run(all, sliding({ size, resolution, key, aggregate: ids, time: { timestamp } }));
          const kept = new Map<string, Reading[]>();
          const expected: string[] = [];
          const expectedLate: number[] = [];
          for (const reading of all) {
            const earlier = kept.get(reading.key) ?? [];
            const newest = Math.max(reading.at, ...earlier.map(timestamp));
            const start = Math.floor(newest / resolution) * resolution - size + resolution;
            if (reading.at < start) {
              expectedLate.push(reading.id);
              continue;
            }
            const now = [...earlier, reading].filter(({ at }) => at >= start);
            kept.set(reading.key, now);
            expected.push(`${reading.key} [${start}, ${newest}) ${now.map(({ id }) => id).join(' ')}`);
          }
          expect(results.map(result => shown([result])[0])).toEqual(expected);
          expect(late).toEqual(expectedLate);
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'session: values less than the gap apart are one session, in whatever order they come',
    () => {
      fc.assert(
        fc.property(stream, fc.integer({ min: 1, max: 15 }), (all, gap) => {
          const { results, late } = run(all, session({ gap, key, aggregate: ids, time: { timestamp, outOfOrder: 10_000 } }));
          expect(late).toEqual([]);
          const expected: Result[] = [];
          for (const name of ['a', 'b', 'c']) {
            const sorted = all.filter(reading => reading.key === name).sort((a, b) => a.at - b.at);
            const parts: Reading[][] = [];
            for (const reading of sorted) {
              const last = parts.at(-1)?.at(-1);
              if (last !== undefined && reading.at - last.at < gap) parts.at(-1)?.push(reading);
              else parts.push([reading]);
            }
            for (const part of parts) {
              const [start = NaN, end = NaN] = [part[0]?.at, part.at(-1)?.at];
              const value = { ids: part.map(({ id }) => id).sort((a, b) => a - b) };
              expected.push({ key: name, start, end, count: part.length, value, gaps: 0, closedBy: 'completion', revision: 0 });
            }
          }
          expect(shown(results)).toEqual(shown(expected));
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'session: each value is in one session or late, corrections included',
    () => {
      fc.assert(
        fc.property(stream, times, fc.integer({ min: 1, max: 15 }), (all, time, gap) => {
          const { results, late } = run(all, session({ gap, key, aggregate: ids, time: { timestamp, ...time } }));
          // A correction has all values of what it takes the place of. Its span does not tell: it may cover a session that is no longer
          // kept.
          const standing = results.filter(
            (result, i) =>
              !results.slice(i + 1).some(other => other.revision > 0 && result.value.ids.every(id => other.value.ids.includes(id))),
          );
          const counted = standing.flatMap(({ value }) => value.ids);
          expect([...counted, ...late].sort((a, b) => a - b)).toEqual(all.map(({ id }) => id));
        }),
        { numRuns, examples: [coveredByALaterOne] },
      );
    },
    timeout,
  );

  it(
    'countWindow: the values of a key, so many at a time',
    () => {
      const shape = fc
        .integer({ min: 1, max: 6 })
        .chain(every => fc.record({ every: fc.constant(every), count: fc.integer({ min: every, max: 12 }) }));
      fc.assert(
        fc.property(stream, shape, (all, { every, count }) => {
          const { results } = run(all, countWindow({ count, every, key, aggregate: ids }));
          for (const name of ['a', 'b', 'c']) {
            const own = all.filter(reading => reading.key === name).map(({ id }) => id);
            const full: number[][] = [];
            let begin = 0;
            for (; begin + count <= own.length; begin += every) full.push(own.slice(begin, begin + count));
            const told = full.length === 0 ? 0 : begin - every + count;
            const expected = own.length > told ? [...full, own.slice(begin)] : full;
            const got = results.filter(result => result.key === name);
            expect(got.map(({ value }) => value.ids)).toEqual(expected);
            expect(got.map(({ closedBy }) => closedBy)).toEqual(expected.map((_, i) => (i < full.length ? 'count' : 'completion')));
          }
        }),
        { numRuns },
      );
    },
    timeout,
  );

  it(
    'with fewer places than keys: each value is in one result, of its own key',
    () => {
      fc.assert(
        fc.property(stream, fc.constantFrom('tumbling', 'session', 'countWindow'), (all, kind) => {
          const common = { key, aggregate: ids, maxKeys: 2, onEvict: () => undefined };
          const time = { timestamp, outOfOrder: 5 };
          const operator: OperatorFunction<Reading, Element | Windowed<Reading, { ids: readonly Reading[]; mean: number }, string>> =
            kind === 'tumbling'
              ? tumbling({ ...common, size: 10, time })
              : kind === 'session'
                ? session({ ...common, gap: 10, time })
                : countWindow({ ...common, count: 3 });
          const { results, late } = run(all, operator as never);
          const counted = results.flatMap(({ value }) => value.ids);
          expect([...counted, ...late].sort((a, b) => a - b)).toEqual(all.map(({ id }) => id));
          for (const result of results) for (const id of result.value.ids) expect(all[id]?.key).toBe(result.key);
        }),
        { numRuns },
      );
    },
    timeout,
  );
});
