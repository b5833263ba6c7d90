/** What a schedule knows when it is asked for the wait before the next try. */
export interface RetryStep {
  /** 1 before the first retry. */
  readonly attempt: number;
  /** Milliseconds since the first failure of this series. */
  readonly elapsedMilliseconds: number;
  /** The wait before the try that has just failed; 0 before the first retry. */
  readonly previousDelayMilliseconds: number;
  /** A number from 0 up to but not including 1. Handed in, so that tests choose it. */
  readonly random: () => number;
}

/**
 * How long to wait before each retry, and when to give up. A plain value without state: one schedule may serve any
 * number of streams. Made by {@link fixed} or {@link exponential} and shaped by the functions that follow in a `pipe`.
 *
 * @example
 * ```ts
 * import { capped, exponential, fullJitter, limited, resetAfter } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(exponential(100), capped(30_000), fullJitter, limited(10), resetAfter(60_000));
 * const waits = [1, 2, 3, 10, 11].map(attempt =>
 *   schedule.delay({ attempt, elapsedMilliseconds: 0, previousDelayMilliseconds: 0, random: () => 0.5 }),
 * );
 * console.log(waits); // [ 50, 100, 200, 15000, undefined ]
 * ```
 */
export interface Schedule {
  /** Milliseconds to wait before the next try; `undefined` gives up. Must not be negative or NaN. */
  readonly delay: (step: RetryStep) => number | undefined;
  /**
   * How long a source must have gone on without failing before the next failure counts as the first of a new series.
   * `undefined`: never. A source that fails right after its first element must not start over each time.
   */
  readonly resetAfterMilliseconds: number | undefined;
}

/** The schedule whose waits are those of `schedule`, changed by `change`. Where that one has given up, so has this. */
export const withDelay = (schedule: Schedule, change: (delay: number, step: RetryStep) => number | undefined): Schedule => ({
  ...schedule,
  delay: step => {
    const delay = schedule.delay(step);
    return delay === undefined ? undefined : change(delay, step);
  },
});
