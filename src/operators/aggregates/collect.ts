import { checkBound } from '../../shared/check-argument.js';
import { defineAggregate, type Aggregate } from './aggregate.js';

/**
 * The values themselves, in the order they came, but not more than `limit`: those that came first. The `count` of a window's result says how many there
 * were. The one aggregate that keeps its values.
 *
 * State: at most `limit` values.
 *
 * @param limit From 1 on.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(1, 2, 3)
 *   .pipe(countWindow({ count: 3, key: 'single', aggregate: agg.collect(100) }))
 *   .subscribe(result => console.log(result)); // Right, with value: [1, 2, 3]
 * ```
 */
export function collect<A>(limit: number): Aggregate<A, readonly A[]> {
  checkBound(limit, 'The limit of collect()');
  return defineAggregate<A, A[], readonly A[]>({
    empty: () => [],
    add: (values, value) => {
      if (values.length < limit) values.push(value);
      return values;
    },
    merge: (left, right) => [...left, ...right.slice(0, limit - left.length)],
    result: values => [...values],
  });
}
