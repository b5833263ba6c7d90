import { atOnce, checkBound } from '../../shared/check-argument.js';
import { type Aggregate, defineAggregate } from './aggregate.js';

/** How many different ones there were. */
export interface DistinctCount {
  readonly count: number;
  /** `false`: there were more than `limit`, and `count` is that limit. */
  readonly exact: boolean;
}

class Distinct {
  readonly seen = new Set<unknown>();
  exact = true;

  add(value: unknown, limit: number): this {
    if (this.seen.size < limit) this.seen.add(value);
    else if (this.exact) this.exact = this.seen.has(value);
    return this;
  }

  merged(other: Distinct, limit: number): Distinct {
    const both = new Distinct();
    both.exact = this.exact && other.exact;
    for (const { seen } of [this, other]) for (const value of seen) both.add(value, limit);
    return both;
  }
}

/**
 * How many different values, compared as by `===`: select a string or a number. Exact up to a limit; `exact` says whether there were more.
 *
 * State: the different ones, at most `limit`, by default 1 000.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of({ user: 'a' }, { user: 'b' }, { user: 'a' })
 *   .pipe(countWindow({ count: 3, key: 'single', aggregate: agg.distinctCount(({ user }) => user) }))
 *   .subscribe(result => console.log(result)); // Right, with value: { count: 2, exact: true }
 * ```
 */
export function distinctCount<A>(
  select: (value: A) => unknown,
  { limit = 1_000 }: { readonly limit?: number | undefined } = {},
): Aggregate<A, DistinctCount> {
  checkBound(limit, 'limit');
  return defineAggregate<A, Distinct, DistinctCount>({
    empty: () => new Distinct(),
    add: (distinct, value) => distinct.add(atOnce(select(value), 'select'), limit),
    merge: (left, right) => left.merged(right, limit),
    result: ({ seen, exact }) => ({ count: seen.size, exact }),
  });
}

/**
 * The values themselves, in the order they came, but not more than `limit`: those that came first. The `count` of a window's result says
 * how many there were. The one aggregate that keeps its values.
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
