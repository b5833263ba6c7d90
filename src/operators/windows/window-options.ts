import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable } from 'rxjs';
import type { LateData, TimestampRefused } from '../../errors/errors.js';
import { checkAtLeast, checkPositiveTime, checkTime } from '../../shared/check-argument.js';
import type { Aggregate } from '../aggregates/aggregate.js';
import type { OnGap } from '../keyed-operator.js';
import type { KeyBounds } from '../keyed-state.js';

/** Event time without waiting: what counts is the time a value carries. */
export interface Timestamps<A> {
  /** A value's time, in milliseconds since 1970. */
  readonly timestamp: (value: A) => number;
  /**
   * How many milliseconds a timestamp may be ahead of the clock. One that is further ahead becomes a `Left(TimestampRefused)`; without this
   * bound one device whose clock is wrong makes the values of all others late. Default: no bound, since the device's own clock may be
   * behind.
   */
  readonly maxAhead?: number | undefined;
}

/**
 * Event time: windows go by the time values carry, and end when the watermark has passed them. The watermark is the latest timestamp of the
 * whole stream, of all keys, less `outOfOrder`.
 */
export interface EventTime<A> extends Timestamps<A> {
  /** How many milliseconds values may come out of order. Every result waits so long, in event time. Default 0. */
  readonly outOfOrder?: number | undefined;
  /**
   * For how many milliseconds of event time after a window's result a late value still counts: it makes a corrected result at once, with
   * `closedBy: 'late'` and a higher `revision`. What comes later still is a `Left(LateData)`. The window is kept so much longer. Default 0.
   */
  readonly lateness?: number | undefined;
  /**
   * Open windows end when for so many milliseconds, by the clock, no value has come of any key. Event time stands still while nothing
   * comes, so without this the last windows end only with the next value, or at completion. Default: none.
   */
  readonly idleAfter?: number | undefined;
}

/** What windows do at a gap, where messages may be missing. */
export type OnWindowGap =
  | OnGap
  | {
      /** `flag`: the results of windows that a gap fell into say so in `gaps`. */
      readonly onGap: 'flag';
      /** The gaps: the second argument of the function given to `onRights`. Its values are not looked at. */
      readonly gap$: Observable<unknown>;
    };

/** What all window operators are told. */
export type WindowOptions<A, R, K extends string> = KeyBounds &
  OnWindowGap & {
    /**
     * What tells the values of one sensor from those of another: each key has windows of its own. `'single'` for windows over all values.
     */
    readonly key: ((value: A) => K) | 'single';
    /** What is made of a window's values. */
    readonly aggregate: Aggregate<A, R>;
  };

/** Checks the options of event time. */
export function checkEventTime(time: EventTime<never> | undefined): void {
  if (time === undefined) return;
  const { outOfOrder, lateness, idleAfter, maxAhead } = time;
  for (const [name, value] of Object.entries({ outOfOrder, lateness })) if (value !== undefined) checkAtLeast(value, name, 0);
  if (maxAhead !== undefined) checkTime(maxAhead, 'maxAhead');
  if (idleAfter !== undefined) checkPositiveTime(idleAfter, 'idleAfter');
}

/** What ended a window.
 * - `time`: its time was over.
 * - `count`: it had as many values as it is to have.
 * - `value`: a sliding window ends at each value.
 * - `late`: a value came late, within the lateness that is allowed: the result takes the place of an earlier one.
 * - `idle`: nothing came for `idleAfter`.
 * - `completion`: the source completed, as at `drain`.
 * - `gap`: messages may be missing, and `onGap` is `reset`.
 * - `eviction`: there were more than `maxKeys` keys, or none of its values for `ttl`.
 * - `clock`: the clock was set back by more than a window.
 */
export type ClosedBy = 'time' | 'count' | 'value' | 'late' | 'idle' | 'completion' | 'gap' | 'eviction' | 'clock';

/** What a window's values amount to. */
export interface WindowResult<R, K extends string = string> {
  readonly key: K;
  /** Where the window begins, in milliseconds since 1970. */
  readonly start: number;
  /** Where it ends. Tumbling and hopping windows do not include it. */
  readonly end: number;
  /** How many values there were. Never 0: a window without values has no result. */
  readonly count: number;
  /** What the aggregate made of them. */
  readonly value: R;
  /** How many gaps, each messages that may be missing, fell into the window, as `gap$` told. */
  readonly gaps: number;
  /**
   * What ended the window. Except after `time`, `count`, `value` and `late`, more values may come for the same window and get a result of
   * their own: each value is in one of these results.
   */
  readonly closedBy: ClosedBy;
  /** 0, and one more for each correction by values that were late. */
  readonly revision: number;
}

/** Why a value is in no window. */
export type WindowError<A> = LateData<A> | TimestampRefused<A>;

/** What a window operator emits. */
export type Windowed<A, R, K extends string> = Either<WindowError<A>, WindowResult<R, K>>;
