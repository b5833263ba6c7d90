import { defineAggregate, type Aggregate } from './aggregate.js';
import { atOnce } from '../../shared/at-once.js';

function extreme<A>(select: (value: A) => number, empty: number, more: (a: number, b: number) => number): Aggregate<A, number> {
  return defineAggregate<A, number, number>({
    empty: () => empty,
    add: (so, value) => more(so, atOnce(select(value), 'select')),
    merge: more,
    result: so => so,
  });
}

/**
 * The smallest number. State: a number.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(21, 19, 24)
 *   .pipe(countWindow({ count: 3, key: 'single', aggregate: agg.min(celsius => celsius) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 19
 * ```
 */
export function min<A>(select: (value: A) => number): Aggregate<A, number> {
  return extreme(select, Infinity, Math.min);
}

/**
 * The largest number. State: a number.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(21, 19, 24)
 *   .pipe(countWindow({ count: 3, key: 'single', aggregate: agg.max(celsius => celsius) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 24
 * ```
 */
export function max<A>(select: (value: A) => number): Aggregate<A, number> {
  return extreme(select, -Infinity, Math.max);
}
