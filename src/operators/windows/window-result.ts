import type { Either } from 'fp-ts/lib/Either.js';
import type { LateData, TimestampRefused } from '../../errors/errors.js';

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
   * What ended the window. After all but `time`, `count`, `value` and `late` more values of it may come, and have a result of their own: each value is in
   * one of them.
   */
  readonly closedBy: ClosedBy;
  /** 0, and one more for each correction by values that were late. */
  readonly revision: number;
}

/** Why a value is in no window. */
export type WindowError<A> = LateData<A> | TimestampRefused<A>;

/** What a window operator emits. */
export type Windowed<A, R, K extends string> = Either<WindowError<A>, WindowResult<R, K>>;
