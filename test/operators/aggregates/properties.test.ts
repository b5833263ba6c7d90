import { DDSketch } from '@datadog/sketches-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  type Aggregate,
  type AggregateState,
  collect,
  count,
  distinctCount,
  first,
  histogram,
  last,
  max,
  mean,
  min,
  percentile,
  percentiles,
  rate,
  stddev,
  sum,
  variance,
} from '../../../src/operators/index.js';

const numRuns = 2_000;
const SPAN = { start: 0, end: 4_000 };
const itself = (x: number): number => x;
const nth = (values: readonly number[], n: number): number => values[n] ?? Number.NaN;

/** A way to fold some values: one after the other, or the merge of two ways. */
type Split = number | readonly [left: Split, right: Split];

/** Folds from `begin` on by the split, which says how many values each part takes. What is left over at the end goes to `rest`. */
const foldBy = <A, R>(of: Aggregate<A, R>, values: readonly A[], split: Split): R => {
  let next = 0;
  const take = (n: number): AggregateState => {
    let state = of.empty();
    for (let i = 0; i < n && next < values.length; i++, next++) state = of.add(state, values[next] as A, next);
    return state;
  };
  const fold = (part: Split): AggregateState => (typeof part === 'number' ? take(part) : of.merge(fold(part[0]), fold(part[1])));
  const folded = fold(split);
  return of.result(of.merge(folded, take(values.length)), SPAN);
};

const { split } = fc.letrec<{ split: Split }>(tie => ({
  split: fc.oneof({ maxDepth: 4 }, fc.nat({ max: 6 }), fc.tuple(tie('split'), tie('split'))),
}));
const celsius = fc.integer({ min: -60_000_000, max: 60_000_000 }).map(n => n / 1e6);
const readings = fc.array(celsius, { minLength: 1, maxLength: 40 });
/** Readings whose sum is far smaller than they are. */
const anyMagnitude = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 });

const holds = <R>(
  of: Aggregate<number, R>,
  naive: (values: readonly number[]) => R,
  same: (a: R, b: R, values: readonly number[]) => void,
  all = readings,
): void => {
  fc.assert(
    fc.property(all, split, (values, parts) => {
      same(foldBy(of, values, parts), naive(values), values);
    }),
    { numRuns },
  );
};
const exactly = <R>(a: R, b: R): void => expect(a).toEqual(b);
const nearly = (a: number, b: number, values: readonly number[]): void => {
  const scale = Math.max(1e-300, ...values.map(Math.abs));
  expect(Math.abs(a - b) / scale).toBeLessThan(1e-12);
};

/** A sum in the exact arithmetic of whole numbers: each double is one, times a power of two. */
const exactSum = (values: readonly number[]): number => {
  const scale = 2n ** 1_074n;
  const whole = (x: number): bigint => {
    const bits = new BigUint64Array(new Float64Array([x]).buffer)[0] ?? 0n;
    const exponent = (bits >> 52n) & 0x7ffn;
    const fraction = bits & 0xfffffffffffffn;
    const magnitude = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
    return bits >> 63n === 1n ? -magnitude : magnitude;
  };
  const total = values.reduce((all, x) => all + whole(x), 0n);
  return Number(total / (scale >> 80n)) / 2 ** 80;
};

describe('folded by any split and merge, an aggregate is the naive one', () => {
  const plainSum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const plainMean = (values: readonly number[]): number => exactSum(values) / values.length;
  const plainVariance = (values: readonly number[]): number => plainSum(values.map(x => (x - plainMean(values)) ** 2)) / values.length;

  it('count', () => holds(count(), values => values.length, exactly));
  it('count of what fulfils a predicate', () =>
    holds(
      count(x => x > 20),
      values => values.filter(x => x > 20).length,
      exactly,
    ));
  it('sum, which rounding does not touch', () =>
    holds(sum(itself), exactSum, (a, b) => expect(Math.abs(a - b)).toBeLessThanOrEqual(Math.abs(b) * 1e-15 + 1e-12), anyMagnitude));
  it('mean', () => holds(mean(itself), plainMean, nearly));
  it('min and max', () => {
    holds(min(itself), values => Math.min(...values), exactly);
    holds(max(itself), values => Math.max(...values), exactly);
  });
  it('variance and standard deviation', () => {
    holds(variance(itself), plainVariance, (a, b) => expect(Math.abs(a - b)).toBeLessThan(1e-10));
    holds(
      stddev(itself),
      values => Math.sqrt(plainVariance(values)),
      (a, b) => expect(Math.abs(a - b)).toBeLessThan(1e-6),
    );
  });
  it('first and last', () => {
    holds(first(), values => nth(values, 0), exactly);
    holds(last(), values => nth(values, values.length - 1), exactly);
  });
  it('rate', () => holds(rate(itself), values => exactSum(values) / 4, nearly));
  it('distinctCount', () =>
    holds(
      distinctCount(Math.round, { limit: 5 }),
      values => {
        const distinct = new Set(values.map(Math.round)).size;
        return { count: Math.min(5, distinct), exact: distinct <= 5 };
      },
      exactly,
    ));
  it('histogram', () => {
    const edges = [-10, 0, 20];
    const naive = (values: readonly number[]) => ({
      edges,
      counts: [-Infinity, ...edges].map((from, i) => values.filter(x => x >= from && x < (edges[i] ?? Infinity)).length),
    });
    holds(histogram(edges, itself), naive, exactly);
  });
  it('collect', () => holds(collect<number>(7), values => values.slice(0, 7), exactly));
  it('a struct of them', () =>
    holds(
      aggregate({ n: count(), max: max(itself), last: last() }),
      values => ({ n: values.length, max: Math.max(...values), last: nth(values, values.length - 1) }),
      exactly,
    ));
});

describe('percentiles', () => {
  /** The nearest rank, by counting: the smallest value up to which at least so many of a hundred lie. */
  const nearestRank = (values: readonly number[], percent: number): number => {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted.find((_, i) => (i + 1) * 100 >= percent * sorted.length) ?? Number.NaN;
  };
  /** As DDSketch promises: within the accuracy of the value at the rank. */
  const within =
    (accuracy: number, quantile: number) =>
    (estimate: number, _: number, values: readonly number[]): void => {
      const exact = nearestRank(values, Math.round(quantile * 100));
      expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(accuracy * 1.000_001 * Math.abs(exact));
    };
  const unused = (): number => 0;

  it.each([0, 0.01, 0.25, 0.5, 0.95, 0.99, 1])('the %d quantile is within the accuracy, of any split, below zero and above', quantile =>
    holds(percentile(quantile, itself), unused, within(0.01, quantile)),
  );

  it('is as exact as asked for', () => holds(percentile(0.5, itself, { accuracy: 0.001 }), unused, within(0.001, 0.5)));

  it('is right around the bins where numbers are close to one', () =>
    holds(
      percentile(0.9, itself),
      unused,
      within(0.01, 0.9),
      fc.array(fc.double({ min: 0.5, max: 1.01, noNaN: true }), { minLength: 1, maxLength: 40 }),
    ));

  it('keeps to the larger numbers where they differ by more than it has room for, and to its room', () => {
    const powers = [...Array(200).keys()].map(i => 10 ** (i * 3 - 300));
    const p99 = foldBy(percentile(0.99, itself), powers, [60, [70, 10]]);
    expect(p99 / (powers[197] ?? 0)).toBeCloseTo(1, 1.7);
    const many = foldBy(
      percentile(0.99, itself, { accuracy: 0.001 }),
      [...Array(60_000).keys()].map(i => 1.01 ** (i % 6_000)),
      [7_000, [20_000, 9_000]],
    );
    expect(many / 1.01 ** 5_939).toBeCloseTo(1, 2);
  });

  it('is the value at the nearest rank, of 1 to 100 values exactly', () => {
    const some = [0.1, -3, 1_000, 5, 5, 0, 88.8, -0.001, 7, 1e9];
    for (let n = 1; n <= 100; n++) {
      const values = [...Array(n).keys()].map(i => (some[(i * 7) % 10] ?? 0) + ((i * 37) % n));
      for (let percent = 0; percent <= 100; percent++) {
        const wanted = percentile(percent / 100, itself);
        expect([n, percent, foldBy(wanted, values, n)]).toEqual([n, percent, nearestRank(values, percent)]);
        expect([n, percent, foldBy(wanted, values, [n >> 1, n])]).toEqual([n, percent, nearestRank(values, percent)]);
      }
    }
    expect(foldBy(percentiles({ p90: 0.9, p95: 0.95 }, itself), [1, 2, 3, 4, 5, 6, 7, 8, 9, 1_000], 10)).toEqual({ p90: 9, p95: 1_000 });
  });

  it.each([101, 150, 1_000])('is within the accuracy of the value at the nearest rank of %d', n => {
    const values = [...Array(n).keys()].map(i => 1.05 ** (((i * 37) % n) - n / 2));
    for (const splits of [n, [99, [99, n]], [[5, 101], n]] as const)
      for (const percent of [0, 1, 7, 50, 90, 95, 99, 100])
        within(0.01, percent / 100)(foldBy(percentile(percent / 100, itself), values, splits), 0, values);
  });

  it('tells zeros from the numbers next to them', () => {
    const values = [...Array(150).keys()].map(i => (i < 50 ? -1 : i < 100 ? 0 : 1));
    const at = (rank: number): number => foldBy(percentile((rank - 0.5) / 150, itself), values, 150);
    expect([50, 51, 100, 101].map(at).map(Math.round)).toEqual([-1, 0, 0, 1]);
  });

  it('is what another implementation gives at the same rank, where that one is right', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.integer({ min: 1, max: 100_000 }).map(n => n / 1_000),
          { minLength: 101, maxLength: 200 },
        ),
        fc.nat({ max: 100 }),
        (values, percent) => {
          const other = new DDSketch({ relativeAccuracy: 0.01 });
          for (const value of values) other.accept(value);
          // Its rank is the part of the way from the first value to the last.
          const rank = Math.max(1, Math.ceil((percent * values.length) / 100)) - 1;
          const theirs = other.getValueAtQuantile(Math.min(1, (rank + 0.5) / (values.length - 1)));
          const ours = foldBy(percentile(percent / 100, itself), values, values.length);
          // Ours is exact at both ends, where theirs is 1 % off.
          expect(Math.abs(theirs / ours - 1)).toBeLessThan(0.0101);
        },
      ),
      { numRuns },
    );
  });

  it('leaves out what is no finite number', () => {
    expect(foldBy(percentiles({ low: 0, median: 0.5, high: 1 }, itself), [Number.NaN, 5, Infinity, -Infinity], 2)).toEqual({
      low: 5,
      median: 5,
      high: 5,
    });
    expect(foldBy(percentile(0.5, itself), [Number.NaN], 1)).toBeNaN();
    expect(foldBy(percentile(1, itself), [Number.NaN], 1)).toBeNaN();
  });
});

it('no merge changes what it is given', () => {
  const all = aggregate({
    n: count(),
    sum: sum(itself),
    variance: variance(itself),
    first: first<number>(),
    last: last<number>(),
    distinct: distinctCount(itself),
    histogram: histogram([0], itself),
    median: percentile(0.5, itself),
    values: collect<number>(100),
  });
  fc.assert(
    fc.property(readings, readings, celsius, (one, other, more) => {
      const stateOf = (values: readonly number[]): AggregateState => values.reduce((state, x, i) => all.add(state, x, i), all.empty());
      const [left, right] = [stateOf(one), stateOf(other)];
      const before = [all.result(left, SPAN), all.result(right, SPAN)];
      all.add(all.merge(left, right), more, 1_000);
      expect([all.result(left, SPAN), all.result(right, SPAN)]).toEqual(before);
    }),
    { numRuns },
  );
});
