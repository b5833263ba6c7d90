import type { OperatorFunction } from 'rxjs';
import { checkWhole } from '../../shared/check-argument.js';
import { CountWindows, type KeyCount } from './count-windows.js';
import type { Timestamps, WindowOptions } from './window-options.js';
import { type WindowContext, windowOperator } from './window-operator.js';
import type { Windowed } from './window-result.js';

/** How many values are in a {@link countWindow}. */
export type CountWindowOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Values of a window, a whole number from 1 on. */
  readonly count: number;
  /** Values from the beginning of a window to that of the next, a whole number from 1 to `count`. Default `count`: windows do not overlap. */
  readonly every?: number | undefined;
  /** The times of values, for `start` and `end` only: windows are of values in the order they come. Default: the time they arrive at. */
  readonly time?: Timestamps<A> | undefined;
};

/**
 * One result for each so many values of a key, or, with `every`, after each so many of the last `count`.
 *
 * - *Emits* a `Right(WindowResult)` with the window's last value, at once. `start` and `end` are the earliest and latest time in it.
 * - *Completes* with the source; values that are in no result are emitted first, in one of fewer values with `closedBy: 'completion'`. So it is at `drain`,
 *   too.
 * - Nothing is late. Errors, evictions and gaps are those of `tumbling`. A key whose values stop coming keeps its place until `maxKeys` or `ttl` ends it.
 *
 * A value costs the same however many a window has. Memory: a state for each key; with `every` at most two for each key and pane, which has as many values
 * as the greatest common divisor of `count` and `every`.
 *
 * @throws RangeError where a number is out of range.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(1, 2, 3, 4)
 *   .pipe(countWindow({ count: 3, every: 1, key: 'single', aggregate: agg.mean(x => x) }))
 *   .subscribe(result => console.log(result)); // Right with value: 2 and 3
 * ```
 */
export function countWindow<A, R, K extends string = 'single'>(
  options: CountWindowOptions<A, R, K>,
): OperatorFunction<A, Windowed<A, R, K>> {
  const { count, every = count, time, aggregate } = options;
  checkWhole(count, 'count');
  checkWhole(every, 'every', count);
  return windowOperator(
    'countWindow',
    options,
    time,
    Infinity,
    (context: WindowContext<A, KeyCount<A>>) => new CountWindows<A>(aggregate, count, every, context),
  );
}
