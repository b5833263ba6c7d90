/** Time as `ipc` sees it. It knows no RxJS; its user hands in a clock made from a scheduler, so that tests move it. */
export interface Clock {
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
  /** Calls back once after `ms` milliseconds. The returned function cancels that. */
  readonly after: (ms: number, callback: () => void) => () => void;
}
