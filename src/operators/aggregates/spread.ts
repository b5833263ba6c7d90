import { atOnce } from '../../shared/check-argument.js';
import { type Aggregate, defineAggregate } from './aggregate.js';

/** Which variance: of the values themselves, or an estimate for all those they are a sample of. */
export interface SpreadOptions {
  /** Divide by one less than the number of values (Bessel's correction). Of a single value it is `NaN` then. Default `false`. */
  readonly sample?: boolean | undefined;
}

/**
 * Number, mean and sum of squared distances from it, one value after the other (Welford) and of two parts (Chan), without the cancellation that
 * a sum of squares ends in.
 *
 * Sources: B. P. Welford, Technometrics 4 (1962); T. F. Chan, G. H. Golub, R. J. LeVeque, Updating formulae and a pairwise algorithm for computing
 * sample variances (1979).
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
