import type { ClosedBy, WindowError } from './window-result.js';

/** How time comes to windows. */
export interface WindowClock<A> {
  readonly now: () => number;
  /** A value came. Lets time pass and gives the value's own; `undefined` where it has none that can be used. */
  readonly at: (value: A, key: string) => number | undefined;
  /** Where a gap is. */
  readonly gapAt: () => number;
  /** To be called when windows may have opened: waits for their end. */
  readonly wait: () => void;
  readonly stop: () => void;
}

/** What a clock does to windows. */
export interface Clocked<A> {
  readonly due: () => number;
  readonly advance: (time: number) => void;
  readonly close: (by: ClosedBy) => void;
  readonly refuse: (failure: WindowError<A>) => void;
  /** Runs what a timer does: its results are emitted, and what it throws goes to the error channel. */
  readonly run: (work: () => void) => void;
}
