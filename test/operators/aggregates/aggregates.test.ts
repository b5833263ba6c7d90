import { describe, expect, it } from 'vitest';
import {
  type Aggregate,
  collect,
  defineAggregate,
  distinctCount,
  first,
  histogram,
  last,
  max,
  mean,
  percentiles,
  rate,
  sum,
  variance,
} from '../../../src/operators/index.js';

const of = <A, R>(
  aggregate: Aggregate<A, R>,
  values: readonly A[],
  times: readonly number[] = values.map((_, i) => i),
  span = { start: 0, end: 1_000 },
): R =>
  aggregate.result(
    values.reduce((state, value, i) => aggregate.add(state, value, times[i] ?? i), aggregate.empty()),
    span,
  );
const itself = (x: number): number => x;

describe('sums', () => {
  it('keep what rounding takes away', () => {
    expect(of(sum(itself), Array<number>(1_000).fill(0.1))).toBe(100);
    expect(of(sum(itself), [1, 1e100, 1, -1e100])).toBe(2);
  });

  it('are infinite where a value is, and no number where infinities cancel', () => {
    expect(of(sum(itself), [1, Infinity, 2])).toBe(Infinity);
    expect(of(mean(itself), [Infinity, -Infinity])).toBeNaN();
  });
});

it('variance does not cancel where the mean is large', () => {
  expect(of(variance(itself), [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16])).toBe(22.5);
  expect(of(variance(itself, { sample: true }), [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16])).toBe(30);
  expect(of(variance(itself), [5])).toBe(0);
  expect(of(variance(itself, { sample: true }), [5])).toBeNaN();
});

it('first and last go by time, and of several with one time by the order they came in', () => {
  const values = ['b', 'a', 'c', 'd'];
  const times = [2, 1, 9, 9];
  expect(of(first<string>(), values, times)).toBe('a');
  expect(of(last<string>(), values, times)).toBe('d');
  expect(
    of(
      first((text: string) => text.length),
      values,
      times,
    ),
  ).toBe(1);
});

it('rate is by the second, and of no time at all no number', () => {
  expect(of(rate(), [1, 1, 1], [0, 1, 2], { start: 0, end: 500 })).toBe(6);
  expect(of(rate(itself), [30, 30], [0, 1], { start: 0, end: 60_000 })).toBe(1);
  expect(of(rate(), [1], [7], { start: 7, end: 7 })).toBeNaN();
});

it('NaN shows in extremes, and is in no range of a histogram', () => {
  expect(of(max(itself), [1, Number.NaN, 2])).toBeNaN();
  expect(of(histogram([0, 10], itself), [-1, 0, 9.9, 10, Infinity, Number.NaN])).toEqual({ edges: [0, 10], counts: [1, 2, 2] });
});

it('distinctCount says where it stopped counting', () => {
  expect(
    of(
      distinctCount((x: string) => x, { limit: 2 }),
      ['a', 'b', 'a'],
    ),
  ).toEqual({ count: 2, exact: true });
  expect(
    of(
      distinctCount((x: string) => x, { limit: 2 }),
      ['a', 'b', 'c'],
    ),
  ).toEqual({ count: 2, exact: false });
});

it("an aggregate of one's own", () => {
  const longest = defineAggregate<string, string, string>({
    empty: () => '',
    add: (so, text) => (text.length > so.length ? text : so),
    merge: (left, right) => (right.length > left.length ? right : left),
    result: so => so,
  });
  expect(of(longest, ['a', 'ccc', 'bb'])).toBe('ccc');
});

it('wrong arguments are refused where they are written', () => {
  expect(() => histogram([3, 3], itself)).toThrow('ascending');
  expect(() => histogram([Number.NaN], itself)).toThrow(RangeError);
  expect(() => percentiles({ p95: 95 }, itself)).toThrow('The percentile p95 must be a number from 0 to 1, such as 0.95, not 95.');
  expect(() => percentiles({ p95: 0.95 }, itself, { accuracy: 0 })).toThrow(RangeError);
  expect(() => distinctCount(itself, { limit: 0 })).toThrow(RangeError);
  expect(() => collect(0)).toThrow(RangeError);
  expect(() => of(first(), [])).toThrow('no values');
});
