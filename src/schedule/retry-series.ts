import { atOnce } from '../shared/check-argument.js';
import type { Schedule } from './schedule.js';

/** One source's way through a schedule. */
export interface RetrySeries {
  /** How many retries the present series has asked for: 0 before the first failure. */
  readonly attempt: number;
  /** To be called at each failure: milliseconds until the next try, or `undefined` to give up. */
  readonly next: () => number | undefined;
  /**
   * To be called when what is retried works again. If it then goes on for `resetAfter`, the next failure begins a new series.
   */
  readonly succeeded: () => void;
}

/** What a series takes its time and its chance from. */
export interface RetrySeriesOptions {
  /** Milliseconds. Only differences count, and time that goes backwards counts as none. */
  readonly now: () => number;
  /** From 0 up to but not including 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * Walks through `schedule`, one failure after another. `retryWith` and the proxy's reconnecting are made with this; it
 * sets no timer itself.
 *
 * @throws RangeError from `next` where the schedule answers with a wait that is negative or no number.
 *
 * @example
 * ```ts
 * import { exponential } from 'greengrass-rx';
 * import { startSeries } from 'greengrass-rx/schedule';
 *
 * const series = startSeries(exponential(100), { now: () => performance.now() });
 * console.log([series.next(), series.next()]); // [ 100, 200 ]
 * ```
 */
export function startSeries(schedule: Schedule, { now, random = Math.random }: RetrySeriesOptions): RetrySeries {
  let attempt = 0;
  let firstFailureAt = 0;
  let previousDelay = 0;
  /** `undefined` while it is failing. */
  let workingSince: number | undefined;

  const isStable = (at: number): boolean =>
    workingSince !== undefined && schedule.resetAfter !== undefined && at - workingSince >= schedule.resetAfter;

  return {
    get attempt() {
      return attempt;
    },
    next: () => {
      const at = now();
      if (isStable(at)) attempt = 0;
      workingSince = undefined;
      if (attempt === 0) {
        firstFailureAt = at;
        previousDelay = 0;
      }
      attempt++;
      const elapsed = Math.max(0, at - firstFailureAt);
      const delay = atOnce(schedule.delay({ attempt, elapsed, previousDelay, random }), "a schedule's delay");
      if (delay === undefined) return undefined;
      if (!(delay >= 0)) throw new RangeError(`A schedule asked for a wait of ${delay} milliseconds. A wait is 0 or more.`);
      previousDelay = delay;
      return delay;
    },
    succeeded: () => {
      workingSince = now();
    },
  };
}
