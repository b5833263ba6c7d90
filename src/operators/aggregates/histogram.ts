import { atOnce } from '../../shared/check-argument.js';
import { type Aggregate, defineAggregate } from './aggregate.js';

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
