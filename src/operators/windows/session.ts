import type { OperatorFunction } from 'rxjs';
import { checkWholeTime } from '../../shared/check-argument.js';
import { type KeySessions, Sessions } from './sessions.js';
import type { EventTime, WindowOptions } from './window-options.js';
import { type WindowContext, windowOperator } from './window-operator.js';
import type { Windowed } from './window-result.js';

/** What parts {@link session} windows. */
export type SessionOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Milliseconds of silence of a key that end its session, a whole number from 1 on. */
  readonly gap: number;
  /** Event time. Default: the time values arrive at, by the scheduler. */
  readonly time?: EventTime<A> | undefined;
};

/**
 * One result for each stretch of activity of a key: a session goes on while its values come less than `gap` apart. A machine's run, a door that is open, a
 * burst of alarms.
 *
 * - *Emits* a `Right(WindowResult)` when nothing of the key has come for `gap`: by the clock, or in event time when the watermark is so far behind the last
 *   value. `start` and `end` are the times of the first and the last value.
 * - *Late data*, in event time: a value that no open session is near, and whose own would be over, is a `Left(LateData)`. With `lateness` sessions are
 *   kept so much longer, and a late value corrects theirs: a result with a `revision` above 0 takes the place of every earlier one that lies within its
 *   `start` and `end`. A value may join two sessions in one.
 * - *Completes* with the source; what is open is emitted first, with `closedBy: 'completion'`. So it is at `drain`, too.
 * - Errors, evictions and gaps are those of `tumbling`. With `onGap: 'reset'` no session goes on over a gap.
 *
 * Memory: the aggregate's state for each key and open session; in processing time one session a key. A value that goes on with a session costs the same
 * whatever the number of keys, the beginning and end of one its logarithm. One timer for all keys, none while nothing is open.
 *
 * @throws RangeError where a length of time or a bound is out of range.
 *
 * @example
 * ```ts
 * import { agg, session } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([{ at: 0 }, { at: 2_000 }, { at: 60_000 }])
 *   .pipe(session({ gap: 10_000, key: 'single', aggregate: agg.count(), time: { timestamp: event => event.at } }))
 *   .subscribe(result => console.log(result)); // Right with value: 2 (from 0 to 2 000), and 1
 * ```
 */
export function session<A, R, K extends string = 'single'>(options: SessionOptions<A, R, K>): OperatorFunction<A, Windowed<A, R, K>> {
  const { gap, time, aggregate } = options;
  checkWholeTime(gap, 'gap');
  return windowOperator(
    'session',
    options,
    time,
    gap,
    (context: WindowContext<A, KeySessions<A>>) => new Sessions<A>(aggregate, gap, time?.lateness ?? 0, context),
  );
}
