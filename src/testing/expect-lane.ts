import type { Observable } from 'rxjs';
import { marbleDifference } from './compare.js';
import { drawnFrom } from './drawn-from.js';
import type { Lane } from './lane.js';
import { MarbleFailure } from './marble-failure.js';

/** What a lane can be expected to be. Checked when virtual time has run. */
export interface LaneExpectation {
  /**
   * As drawn, frame by frame. `values` says what the symbols stand for (without it each stands for itself); a plain value stands for the
   * `Right` with it and for the message with it as payload. `lefts` says which symbols stand for a `Left`, by its tag.
   */
  readonly toBeMarble: (diagram: string, values?: Readonly<Record<string, unknown>>, lefts?: Readonly<Record<string, unknown>>) => void;
  /** Nothing happened: no value, no end. */
  readonly toBeEmpty: () => void;
}

/** What a stream can be expected to be. */
export interface StreamExpectation extends LaneExpectation {
  /** Value for value and frame for frame what this one is, subscribed at the same frame. */
  readonly toEqual: (other$: Observable<unknown>) => void;
}

/** Compares a lane with another. */
export function expectSame(lane: Lane, other: Lane, askedBy: (...args: never[]) => unknown): void {
  const check = (): string | undefined => {
    const { drawn, values } = drawnFrom(other.events());
    return marbleDifference(lane.label, lane.events(), drawn, { values }, `${lane.label} does not equal the other.`);
  };
  checkNowOrLater(lane.run, check, askedBy);
}

/** Compares a lane with a diagram: now if its run is over, else at the end of it. */
export function expectLane(lane: Lane): LaneExpectation {
  const compare: LaneExpectation['toBeMarble'] = (diagram, values, lefts) => {
    const drawn = lane.run.expects(diagram);
    const check = (): string | undefined => marbleDifference(lane.label, lane.events(), drawn, { values, lefts });
    checkNowOrLater(lane.run, check, compare);
  };
  const toBeEmpty = (): void => compare('');
  return { toBeMarble: compare, toBeEmpty };
}

/** Makes a check as soon as it can be made. */
export function checkNowOrLater(run: Lane['run'], check: () => string | undefined, askedBy: (...args: never[]) => unknown): void {
  const origin = new MarbleFailure('', askedBy);
  if (!run.isOver) {
    run.atEnd(check, origin);
    return;
  }
  const message = check();
  if (message !== undefined) throw origin.saying(run.explained(message));
}
