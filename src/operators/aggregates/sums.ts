import { atOnce } from '../../shared/check-argument.js';
import { type Aggregate, defineAggregate, type TimeSpan } from './aggregate.js';

/**
 * A sum that makes up for rounding (Neumaier's form of Kahan's): a thousand readings of 0.1 are 100, and a large value does not swallow
 * small ones.
 *
 * Source: A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, ZAMM 54 (1974).
 */
class RunningSum {
  n = 0;
  #sum = 0;
  #lost = 0;

  add(value: number): this {
    this.n++;
    this.#take(value);
    return this;
  }

  merged(other: RunningSum): RunningSum {
    const both = new RunningSum();
    both.n = this.n + other.n;
    both.#sum = this.#sum;
    both.#lost = this.#lost + other.#lost;
    both.#take(other.#sum);
    return both;
  }

  get total(): number {
    // If there is an infinity in the sum, what was lost is `NaN`.
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum;
  }

  #take(value: number): void {
    const sum = this.#sum + value;
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }
}

/**
 * How many values, or how many that fulfil a predicate: `agg.count(r => r.celsius > 30)`. State: a number.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(29, 31, 33)
 *   .pipe(countWindow({ count: 3, key: 'single', aggregate: agg.count(celsius => celsius > 30) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 2
 * ```
 */
export function count<A>(predicate: (value: A) => boolean = () => true): Aggregate<A, number> {
  return defineAggregate<A, number, number>({
    empty: () => 0,
    add: (n, value) => (atOnce(predicate(value), 'predicate') ? n + 1 : n),
    merge: (left, right) => left + right,
    result: n => n,
  });
}

function summed<A>(select: (value: A) => number, result: (sum: RunningSum, span: TimeSpan) => number): Aggregate<A, number> {
  return defineAggregate<A, RunningSum, number>({
    empty: () => new RunningSum(),
    add: (sum, value) => sum.add(atOnce(select(value), 'select')),
    merge: (left, right) => left.merged(right),
    result,
  });
}

/**
 * The sum, corrected for rounding (Neumaier): of a thousand readings of 0.1 it is 100. State: three numbers.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(0.1, 0.2, 0.3)
 *   .pipe(countWindow({ count: 3, key: 'single', aggregate: agg.sum(litres => litres) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 0.6
 * ```
 */
export function sum<A>(select: (value: A) => number): Aggregate<A, number> {
  return summed(select, ({ total }) => total);
}

/**
 * The arithmetic mean, from a sum as {@link sum} makes it. State: three numbers.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of({ celsius: 20 }, { celsius: 23 })
 *   .pipe(countWindow({ count: 2, key: 'single', aggregate: agg.mean(reading => reading.celsius) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 21.5
 * ```
 */
export function mean<A>(select: (value: A) => number): Aggregate<A, number> {
  return summed(select, ({ total, n }) => total / n);
}

/**
 * A rate per second: the number of values, or the sum of what `select` gives, divided by the seconds of the window. State: three numbers.
 *
 * The seconds are those from the window's `start` to its `end`, also where the window was closed early. A window that has no length, such
 * as a session of one value, has no rate: `NaN`.
 *
 * @example
 * ```ts
 * import { agg, tumbling } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of({ bytes: 600 }, { bytes: 900 })
 *   .pipe(tumbling({ size: 5_000, key: 'single', aggregate: agg.rate(({ bytes }) => bytes) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 300
 * ```
 */
export function rate<A>(select: (value: A) => number = () => 1): Aggregate<A, number> {
  return summed(select, ({ total }, { start, end }) => (end > start ? total / ((end - start) / 1_000) : Number.NaN));
}

/** Which variance: of the values themselves, or an estimate for all those they are a sample of. */
export interface SpreadOptions {
  /** Divide by one less than the number of values (Bessel's correction). Of a single value it is `NaN` then. Default `false`. */
  readonly sample?: boolean | undefined;
}

/**
 * Number, mean, and sum of squared distances from the mean, for one value after the other (Welford) and for two parts (Chan). A sum of
 * squares would lose precision by cancellation.
 *
 * Sources: B. P. Welford, Technometrics 4 (1962); T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for
 * computing sample variances (1979).
 */
class Spread {
  n = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): this {
    this.n++;
    const distance = value - this.#mean;
    this.#mean += distance / this.n;
    this.#squares += distance * (value - this.#mean);
    return this;
  }

  merged(other: Spread): Spread {
    const both = new Spread();
    both.n = this.n + other.n;
    // Of none and none there is no mean.
    if (both.n === 0) return both;
    const distance = other.#mean - this.#mean;
    both.#mean = this.#mean + (distance * other.n) / both.n;
    both.#squares = this.#squares + other.#squares + (distance * distance * this.n * other.n) / both.n;
    return both;
  }

  variance(sample: boolean): number {
    return this.#squares / (sample ? this.n - 1 : this.n);
  }
}

function spread<A>(select: (value: A) => number, result: (spread: Spread) => number): Aggregate<A, number> {
  return defineAggregate<A, Spread, number>({
    empty: () => new Spread(),
    add: (so, value) => so.add(atOnce(select(value), 'select')),
    merge: (left, right) => left.merged(right),
    result,
  });
}

/**
 * The variance. State: three numbers.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(2, 4, 4, 4, 5, 5, 7, 9)
 *   .pipe(countWindow({ count: 8, key: 'single', aggregate: agg.variance(x => x) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 4
 * ```
 */
export function variance<A>(select: (value: A) => number, { sample = false }: SpreadOptions = {}): Aggregate<A, number> {
  return spread(select, so => so.variance(sample));
}

/**
 * The standard deviation, the square root of the {@link variance}. State: three numbers.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(2, 4, 4, 4, 5, 5, 7, 9)
 *   .pipe(countWindow({ count: 8, key: 'single', aggregate: agg.stddev(x => x) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 2
 * ```
 */
export function stddev<A>(select: (value: A) => number, { sample = false }: SpreadOptions = {}): Aggregate<A, number> {
  return spread(select, so => Math.sqrt(so.variance(sample)));
}
