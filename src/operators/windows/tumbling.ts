import type { OperatorFunction } from 'rxjs';
import { alignedOperator } from './hopping.js';
import type { EventTime, Windowed, WindowOptions } from './window-options.js';

/** How {@link tumbling} windows lie. */
export type TumblingOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Milliseconds of a window, a whole number from 1 on. */
  readonly size: number;
  /**
   * Milliseconds by which windows begin after a multiple of `size` since 1970. Days in the time zone UTC+2 have `size: 86_400_000` and
   * `offset: -7_200_000`. Default 0.
   */
  readonly offset?: number | undefined;
  /** Event time. Default: the time values arrive at, by the scheduler. */
  readonly time?: EventTime<A> | undefined;
};

/**
 * One result for each window of `size` and key: time is cut into windows of one length, and each value is in one of them. Windows are aligned to the
 * clock: those of a minute begin at full minutes, for all keys.
 *
 * - *Emits* a `Right(WindowResult)` when a window is over: by the clock, or in event time when the watermark has passed its end. Windows without values
 *   have none.
 * - *Late data*, in event time: a value for a window that is over is a `Left(LateData)`, at once, and the stream goes on. With `lateness` it corrects
 *   the result instead: another result of the window, with all its values and a `revision` above 0, takes the place of the one before.
 * - *Completes* with the source; what is open is emitted first, with `closedBy: 'completion'`. So it is at `drain`, too.
 * - *Errors* of the source, and what `key`, `timestamp`, the aggregate or `onEvict` throws, go to the error channel at once; what is open is lost.
 * - *A key that is evicted* (`maxKeys`, 10 000 by default, or `ttl`) has its windows emitted as they are, with `closedBy: 'eviction'`.
 * - *A gap* is counted in `gaps` with `onGap: 'flag'`; with `'reset'` what is open is emitted too, with `closedBy: 'gap'`.
 *
 * Memory: the aggregate's state for each key and open window, in processing time one; of none of the values. One timer for all keys, none while nothing is
 * open.
 *
 * @throws RangeError where a length of time or a bound is out of range.
 *
 * @example
 * ```ts
 * import { agg, aggregate, tumbling } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * const readings = [
 *   { id: 'oven', celsius: 180, at: 1_000 },
 *   { id: 'oven', celsius: 184, at: 2_000 },
 *   { id: 'oven', celsius: 190, at: 61_000 },
 *   { id: 'oven', celsius: 100, at: 3_000 },
 * ];
 * from(readings)
 *   .pipe(
 *     tumbling({
 *       size: 60_000,
 *       key: reading => reading.id,
 *       aggregate: aggregate({ n: agg.count(), mean: agg.mean(reading => reading.celsius) }),
 *       time: { timestamp: reading => reading.at },
 *     }),
 *   )
 *   .subscribe(result => console.log(result)); // Right (n 2, mean 182), Left(LateData), Right (n 1, mean 190)
 * ```
 */
export function tumbling<A, R, K extends string = 'single'>(options: TumblingOptions<A, R, K>): OperatorFunction<A, Windowed<A, R, K>> {
  return alignedOperator('tumbling', { ...options, hop: options.size });
}
