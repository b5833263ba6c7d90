import { defineAggregate, type Aggregate } from './aggregate.js';
import { Sketch } from './sketch.js';
import { atOnce } from '../../shared/at-once.js';

/** How exact a percentile is. */
export interface PercentileOptions {
  /** The largest relative error, above 0 and below 1. Default 0.01: a percentile of 200 is given as 198 to 202. */
  readonly accuracy?: number | undefined;
}

/**
 * Several percentiles of the same numbers, from one sketch.
 *
 * A percentile is the nearest rank: the smallest of the numbers up to which at least this part of them lies, so always one of them and never something
 * between two. Of `[1, 2, 3, 4, 5, 6, 7, 8, 9, 1000]` the 95th is 1000, and the 90th is 9.
 *
 * Of up to 100 numbers it is exact. Of more it is within `accuracy` of that number, relative to its magnitude, of whatever distribution (DDSketch). Where numbers lie in more
 * than 2 048 ranges of that width, which at 1 % takes a factor of more than 10^17 between them, that holds for the larger ones only. What is no finite
 * number is left out; of nothing they are `NaN`.
 *
 * State: 8 bytes for each of up to 100 numbers; then some 40 bytes for each range that a number was in, in practice 1 to 5 KB, at most 160 KB; the number of values does not matter.
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
