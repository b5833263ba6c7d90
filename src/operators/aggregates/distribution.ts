import { atOnce } from '../../shared/check-argument.js';
import { type Aggregate, defineAggregate } from './aggregate.js';

/** The most ranges of each sign. At an accuracy of 1 %, numbers that differ by a factor of a thousand million million touch no more. */
const MAX_BINS = 2_048;

/** How many values are kept as they are before values are counted by ranges. */
const FEW = 100;

/**
 * The nearest rank, from 1: that of the first of `count` sorted values at or below which this part of them lies. An error of rounding must
 * not lead to the next rank.
 */
function rankOf(quantile: number, count: number): number {
  return Math.max(1, Math.ceil(quantile * count * (1 - 2 * Number.EPSILON)));
}

/**
 * Counts magnitudes by ranges, each between two powers of a base. When there are too many ranges, the lower quarter of them becomes one.
 */
class Bins {
  readonly counts: Map<number, number> = new Map();
  total = 0;

  add(bin: number, n: number): void {
    this.counts.set(bin, (this.counts.get(bin) ?? 0) + n);
    this.total += n;
    if (this.counts.size > MAX_BINS) this.#collapse();
  }

  take({ counts }: Bins): void {
    for (const [bin, n] of counts) this.add(bin, n);
  }

  /** The range of the number at a rank, by magnitude. */
  at(rank: number): number {
    let passed = 0;
    let at = 0;
    for (const bin of this.#ascending()) {
      at = bin;
      passed += this.counts.get(bin) ?? 0;
      if (passed > rank) break;
    }
    return at;
  }

  #collapse(): void {
    const lowest = this.#ascending().slice(0, MAX_BINS / 4);
    const into = lowest.at(-1) ?? 0;
    let n = 0;
    for (const bin of lowest) {
      n += this.counts.get(bin) ?? 0;
      this.counts.delete(bin);
    }
    this.counts.set(into, n);
  }

  #ascending(): number[] {
    return [...this.counts.keys()].sort((a, b) => a - b);
  }
}

/**
 * A DDSketch: quantiles of any number of values within a relative accuracy, in bounded memory. A range goes from a power of gamma to the
 * next, and whichever number stands for it is near all numbers in it.
 *
 * Ours, since of the sketches for JavaScript one (`@datadog/sketches-js` 2.1.1) forgets the negative values when it merges and counts some
 * twice when it collapses, and another (`tdigest`) is random. The tests compare it with the first where that is right.
 *
 * Source: C. Masson, J. E. Rim, H. K. Lee, DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees, PVLDB 12
 * (2019).
 */
class Sketch {
  readonly #accuracy: number;
  readonly #logGamma: number;
  readonly #positive: Bins = new Bins();
  readonly #negative: Bins = new Bins();
  #zeros = 0;
  #min = Infinity;
  #max = -Infinity;
  /** All values, as long as they are few: then every quantile is exact. */
  #few: number[] | undefined = [];

  constructor(accuracy: number) {
    this.#accuracy = accuracy;
    this.#logGamma = Math.log1p((2 * accuracy) / (1 - accuracy));
  }

  /** Anything but a finite number is left out. */
  add(value: number): this {
    if (!Number.isFinite(value)) return this;
    if (this.#few !== undefined) {
      this.#few.push(value);
      if (this.#few.length > FEW) this.#spread();
      return this;
    }
    return this.#count(value);
  }

  /** Counts what was kept by its ranges instead. */
  #spread(): void {
    const values = this.#few ?? [];
    this.#few = undefined;
    for (const value of values) this.#count(value);
  }

  #count(value: number): this {
    if (value > 0) this.#positive.add(this.#binOf(value), 1);
    else if (value < 0) this.#negative.add(this.#binOf(-value), 1);
    else this.#zeros++;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    return this;
  }

  merged(other: Sketch): Sketch {
    const both = new Sketch(this.#accuracy);
    for (const sketch of [this, other]) {
      if (sketch.#few !== undefined) {
        for (const value of sketch.#few) both.add(value);
        continue;
      }
      both.#spread();
      both.#positive.take(sketch.#positive);
      both.#negative.take(sketch.#negative);
      both.#zeros += sketch.#zeros;
      both.#min = Math.min(both.#min, sketch.#min);
      both.#max = Math.max(both.#max, sketch.#max);
    }
    return both;
  }

  /**
   * The smallest value that this part of all values does not exceed (nearest rank). `NaN` if there are no values. Exact for few values; the
   * smallest and the largest are always exact.
   */
  at(quantile: number): number {
    if (this.#few !== undefined) return this.#few.sort((a, b) => a - b)[rankOf(quantile, this.#few.length) - 1] ?? Number.NaN;
    const below = this.#negative.total;
    const count = below + this.#zeros + this.#positive.total;
    if (count === 0) return Number.NaN;
    if (quantile === 0) return this.#min;
    if (quantile === 1) return this.#max;
    const rank = rankOf(quantile, count) - 1;
    if (rank < below) return this.#within(-this.#valueOf(this.#negative.at(below - 1 - rank)));
    if (rank < below + this.#zeros) return 0;
    return this.#within(this.#valueOf(this.#positive.at(rank - below - this.#zeros)));
  }

  #binOf(magnitude: number): number {
    return Math.ceil(Math.log(magnitude) / this.#logGamma);
  }

  /** The number that stands for a range: its relative distance to both ends is the same. */
  #valueOf(bin: number): number {
    return Math.exp(bin * this.#logGamma) * (1 - this.#accuracy);
  }

  #within(value: number): number {
    return Math.min(this.#max, Math.max(this.#min, value));
  }
}

/** How exact a percentile is. */
export interface PercentileOptions {
  /** The largest relative error, above 0 and below 1. Default 0.01: a percentile of 200 is given as 198 to 202. */
  readonly accuracy?: number | undefined;
}

/**
 * Several percentiles of the same numbers, from one sketch.
 *
 * A percentile is the nearest rank: the smallest of the numbers up to which at least this part of them lies, so always one of them and
 * never something between two. Of `[1, 2, 3, 4, 5, 6, 7, 8, 9, 1000]` the 95th is 1000, and the 90th is 9.
 *
 * Of up to 100 numbers it is exact. Of more it is within `accuracy` of that number, relative to its magnitude, of whatever distribution
 * (DDSketch). Where numbers lie in more than 2 048 ranges of that width, which at 1 % takes a factor of more than 10^17 between them, that
 * holds for the larger ones only. What is no finite number is left out; of nothing they are `NaN`.
 *
 * State: 8 bytes for each of up to 100 numbers; then some 40 bytes for each range that a number was in, in practice 1 to 5 KB, at most 160
 * KB; the number of values does not matter.
 *
 * @param quantiles By name, from 0, the smallest value, to 1, the largest. Those two are exact.
 *
 * @example
 * ```ts
 * import { agg, tumbling } from 'greengrass-rx/operators';
 * import { range } from 'rxjs';
 *
 * range(1, 1_000)
 *   .pipe(tumbling({ size: 60_000, key: 'single', aggregate: agg.percentiles({ median: 0.5, p99: 0.99 }, milliseconds => milliseconds) }))
 *   .subscribe(result => console.log(result)); // Right, with value: { median: 498…, p99: 990… }
 * ```
 */
export function percentiles<A, N extends string>(
  quantiles: Readonly<Record<N, number>>,
  select: (value: A) => number,
  { accuracy = 0.01 }: PercentileOptions = {},
): Aggregate<A, Readonly<Record<N, number>>> {
  if (!(accuracy > 0 && accuracy < 1)) throw new RangeError(`accuracy must be a number above 0 and below 1, not ${accuracy}.`);
  const wanted = Object.entries<number>(quantiles);
  for (const [name, quantile] of wanted)
    if (!(quantile >= 0 && quantile <= 1))
      throw new RangeError(`The percentile ${name} must be a number from 0 to 1, such as 0.95, not ${quantile}.`);
  return defineAggregate<A, Sketch, Readonly<Record<N, number>>>({
    empty: () => new Sketch(accuracy),
    add: (sketch, value) => sketch.add(atOnce(select(value), 'select')),
    merge: (left, right) => left.merged(right),
    result: sketch => Object.fromEntries(wanted.map(([name, quantile]) => [name, sketch.at(quantile)])) as Readonly<Record<N, number>>,
  });
}

/**
 * One percentile; {@link percentiles} says how exact it is and what it keeps.
 *
 * @param quantile From 0 to 1: the 95th percentile is 0.95.
 *
 * @example
 * ```ts
 * import { agg, tumbling } from 'greengrass-rx/operators';
 * import { range } from 'rxjs';
 *
 * range(1, 1_000)
 *   .pipe(tumbling({ size: 60_000, key: 'single', aggregate: agg.percentile(0.95, milliseconds => milliseconds) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 951…
 * ```
 */
export function percentile<A>(quantile: number, select: (value: A) => number, options: PercentileOptions = {}): Aggregate<A, number> {
  const { empty, add, merge, result } = percentiles<A, 'wanted'>({ wanted: quantile }, select, options);
  return { empty, add, merge, result: (state, span) => result(state, span).wanted };
}

/** How many values lie between each two edges. */
export interface Histogram {
  readonly edges: readonly number[];
  /** One more than edges: below the first, from each to the next, and from the last on. */
  readonly counts: readonly number[];
}

/**
 * How many values lie in each of some ranges. A value that is an edge belongs to the range above it; `NaN` belongs to none.
 *
 * State: a number for each range.
 *
 * @param edges The bounds of the ranges, ascending.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(-3, 4, 12, 18, 31)
 *   .pipe(countWindow({ count: 5, key: 'single', aggregate: agg.histogram([0, 10, 20], celsius => celsius) }))
 *   .subscribe(result => console.log(result)); // Right, with value: { edges: [0, 10, 20], counts: [1, 1, 2, 1] }
 * ```
 */
export function histogram<A>(edges: readonly number[], select: (value: A) => number): Aggregate<A, Histogram> {
  if (!edges.every((edge, i) => (i === 0 ? !Number.isNaN(edge) : edge > (edges[i - 1] ?? edge))))
    throw new RangeError(`The edges of histogram() must be ascending numbers, not ${edges.join(', ')}.`);
  const bounds = [...edges];
  return defineAggregate<A, number[], Histogram>({
    empty: () => new Array<number>(bounds.length + 1).fill(0),
    add: (counts, value) => {
      const number = atOnce(select(value), 'select');
      if (Number.isNaN(number)) return counts;
      const range = rangeOf(bounds, number);
      counts[range] = (counts[range] ?? 0) + 1;
      return counts;
    },
    merge: (left, right) => left.map((n, i) => n + (right[i] ?? 0)),
    result: counts => ({ edges: bounds, counts: [...counts] }),
  });
}

/** How many edges are not above the number. */
function rangeOf(edges: readonly number[], number: number): number {
  let [from, to] = [0, edges.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((edges[middle] ?? Infinity) <= number) from = middle + 1;
    else to = middle;
  }
  return from;
}
