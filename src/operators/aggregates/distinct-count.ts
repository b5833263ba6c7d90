import { checkBound } from '../../shared/check-argument.js';
import { defineAggregate, type Aggregate } from './aggregate.js';
import { atOnce } from '../../shared/at-once.js';

/** How many different ones there were. */
export interface DistinctCount {
  readonly count: number;
  /** `false` where there were more than the limit, which `count` then is. */
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
 * How many different values, as `===` sees them: select a string or a number. Exact up to a limit; what is beyond is said to be.
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
