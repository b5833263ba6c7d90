/** Time as `ipc` sees it. It knows no RxJS; its user hands in a clock made from a scheduler, so that tests move it. */
export interface Clock {
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
  /**
   * Calls back once after `ms` milliseconds, which may be any number up to `Infinity`, with the time at which they were over; by then, what had
   * arrived in time has been read. The returned function cancels that.
   */
  readonly after: (ms: number, callback: (at: number) => void) => () => void;
}
