/**
 * Time for whoever sets a deadline for something that comes from outside, and knows no RxJS. `schedulerClock` makes a clock of an RxJS
 * scheduler, so that tests can move it.
 */
export interface Clock {
  /** Milliseconds since any fixed moment; goes on steadily, whatever the time of day is set to. */
  readonly now: () => number;
  /**
   * Calls back once after `ms` milliseconds, which may be any number up to `Infinity`, with the time at which they were over. What had
   * arrived by then has been read: a deadline that was set for that time or an earlier one, and that nothing has cleared, was missed. One
   * that falls due during the reading was not yet. The returned function cancels it.
   */
  readonly after: (ms: number, callback: (at: number) => void) => () => void;
}
