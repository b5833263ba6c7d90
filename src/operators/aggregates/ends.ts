import { atOnce } from '../../shared/check-argument.js';
import { type Aggregate, defineAggregate } from './aggregate.js';

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

/** The value at one end, by time. Without values there is none. */
class End<B> {
  value: B;
  at: number;

  constructor(value: B, at: number) {
    this.value = value;
    this.at = at;
  }
}

/** `wins` says whether the value that came second takes the place of the one that came first. */
function end<A, B>(select: (value: A) => B, wins: (first: number, second: number) => boolean): Aggregate<A, B> {
  return defineAggregate<A, End<B> | undefined, B>({
    empty: () => undefined,
    add: (so, value, at) => {
      if (so === undefined) return new End(atOnce(select(value), 'select'), at);
      if (wins(so.at, at)) {
        so.value = atOnce(select(value), 'select');
        so.at = at;
      }
      return so;
    },
    merge: (left, right) => {
      const winner = left === undefined || (right !== undefined && wins(left.at, right.at)) ? right : left;
      return winner && new End(winner.value, winner.at);
    },
    result: so => {
      if (so === undefined) throw new RangeError('There is no first or last of no values.');
      return so.value;
    },
  });
}

/** The signatures of `first` and `last`. */
export interface AtAnEnd {
  /** The value itself. */
  <A>(): Aggregate<A, A>;
  /** What `select` gives of the value. */
  <A, B>(select: (value: A) => B): Aggregate<A, B>;
}

/**
 * The value with the earliest time; of several, the one that came first. In event time that need not be the one that came first of all.
 * State: that value.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of('open', 'closed')
 *   .pipe(countWindow({ count: 2, key: 'single', aggregate: agg.first() }))
 *   .subscribe(result => console.log(result)); // Right, with value: 'open'
 * ```
 *
 * @function
 */
export const first: AtAnEnd = <A, B>(select: (value: A) => B = value => value as unknown as B): Aggregate<A, B> =>
  end(select, (earlier, later) => later < earlier);

/**
 * The value with the latest time; of several, the one that came last. State: that value.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of({ celsius: 21 }, { celsius: 19 })
 *   .pipe(countWindow({ count: 2, key: 'single', aggregate: agg.last(reading => reading.celsius) }))
 *   .subscribe(result => console.log(result)); // Right, with value: 19
 * ```
 *
 * @function
 */
export const last: AtAnEnd = <A, B>(select: (value: A) => B = value => value as unknown as B): Aggregate<A, B> =>
  end(select, (earlier, later) => later >= earlier);
