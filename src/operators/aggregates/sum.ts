import { defineAggregate, type Aggregate, type TimeSpan } from './aggregate.js';
import { RunningSum } from './running-sum.js';
import { atOnce } from '../../shared/at-once.js';

function summed<A>(select: (value: A) => number, result: (sum: RunningSum, span: TimeSpan) => number): Aggregate<A, number> {
  return defineAggregate<A, RunningSum, number>({
    empty: () => new RunningSum(),
    add: (sum, value) => sum.add(atOnce(select(value), 'select')),
    merge: (left, right) => left.merged(right),
    result,
  });
}

/**
 * The sum, with what rounding takes away kept (Neumaier): of a thousand readings of 0.1 it is 100. State: three numbers.
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
 * How much a second: values, or the sum of what `select` gives, over the seconds of the window. State: three numbers.
 *
 * The seconds are those from the window's `start` to its `end`, also where the window was closed early. A window that has no length, such as a session
 * of one value, has no rate: `NaN`.
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
