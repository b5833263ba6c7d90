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

/** How long to wait before each retry, and when to give up. */
export interface Schedule {
  /** Milliseconds to wait before the next try; `undefined` gives up. */
  readonly delay: (step: RetryStep) => number | undefined;
  /**
   * How long a source must have gone on without failing before the next failure counts as the first of a new series.
   * `undefined`: never. A source that fails right after its first element must not start over each time.
   */
  readonly resetAfterMilliseconds: number | undefined;
}
