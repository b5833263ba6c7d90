import type { OperatorFunction } from 'rxjs';
import { checkWholeTime } from '../../shared/check-argument.js';
import { AlignedWindows, type KeyWindows } from './aligned-windows.js';
import { type WindowContext, windowOperator } from './window-operator.js';
import type { EventTime, Windowed, WindowOptions } from './window-options.js';

/** How {@link hopping} windows lie. */
export type HoppingOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Milliseconds of a window, a whole number from 1 on. */
  readonly size: number;
  /** Milliseconds from the beginning of a window to that of the next, a whole number from 1 to `size`. */
  readonly hop: number;
  /** Milliseconds by which windows begin after a multiple of `hop` since 1970. Default 0. */
  readonly offset?: number | undefined;
  /** Event time. Default: the time values arrive at, by the scheduler. */
  readonly time?: EventTime<A> | undefined;
};

/**
 * One result each `hop` and key, of the last `size`: windows that overlap, as for a mean of the last hour that is published each minute. Flink calls these
 * sliding windows, eKuiper and Kafka Streams hopping ones.
 *
 * What windows have in common is aggregated once: a value is added to one pane, as long as the greatest common divisor of `size` and `hop`, and panes are
 * merged. So a value costs the same however long the window; a `hop` that divides `size` makes the fewest panes.
 *
 * Emission, late data, completion, errors, evictions and gaps are those of `tumbling`; at completion every window that is open is emitted, which are
 * up to `size / hop` a key. A value for which some windows are over and others are not counts in the others, and is no `LateData`.
 *
 * Memory: at most two states for each key and pane of a window, three while one is computed; of none of the values. One timer for all keys, none while
 * nothing is open.
 *
 * @throws RangeError where a length of time or a bound is out of range.
 *
 * @example
 * ```ts
 * import { agg, hopping } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([{ kW: 3, at: 500 }, { kW: 7, at: 1_500 }, { kW: 5, at: 2_500 }])
 *   .pipe(hopping({ size: 2_000, hop: 1_000, key: 'single', aggregate: agg.max(load => load.kW), time: { timestamp: load => load.at } }))
 *   .subscribe(result => console.log(result)); // Right with value: 3, 7, 7 and 5, ending at 1 000, 2 000, 3 000 and 4 000
 * ```
 */
export function hopping<A, R, K extends string = 'single'>(options: HoppingOptions<A, R, K>): OperatorFunction<A, Windowed<A, R, K>> {
  return alignedOperator('hopping', options);
}

/** What `tumbling` and `hopping` are. */
export function alignedOperator<A, R, K extends string>(
  operator: string,
  options: HoppingOptions<A, R, K>,
): OperatorFunction<A, Windowed<A, R, K>> {
  const { size, hop, offset = 0, time, aggregate } = options;
  checkWholeTime(size, 'size');
  checkWholeTime(hop, 'hop');
  if (hop > size) throw new RangeError(`hop must be at most size, ${size}, and is ${hop}: values between two windows would be in none.`);
  if (!Number.isFinite(offset)) throw new RangeError(`offset must be a number of milliseconds, and is ${offset}.`);
  const alignment = { size, hop, offset, lateness: time?.lateness ?? 0 };
  const begin = (context: WindowContext<A, KeyWindows<A>>): AlignedWindows<A> => new AlignedWindows(aggregate, alignment, context);
  return windowOperator(operator, options, time, size, begin);
}
