import { atOnce } from '../../shared/at-once.js';
import { defineAggregate, type Aggregate } from './aggregate.js';

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
