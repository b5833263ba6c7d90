import type { Drawn } from './diagram.js';

/** One thing that happened on a lane. */
export type Happening =
  { readonly kind: 'N'; readonly value: unknown } | { readonly kind: 'C' } | { readonly kind: 'E'; readonly error: unknown };

/** A happening at its frame: virtual milliseconds since the start. */
export type LaneEvent = Happening & { readonly at: number };

/** Where checks go that can only be made when the run has ended. */
export interface Deferral {
  /** Whether virtual time has run, and all there is to see has been seen. */
  readonly isOver: boolean;
  /** Has the check made at the end of the run. It returns what is wrong; `origin` shows where it was asked for. */
  readonly atEnd: (check: () => string | undefined, origin: MarbleFailure) => void;
  /** Notes that a diagram speaks of this frame, so that the run lasts beyond it. */
  readonly reaches: (frame: number) => void;
  /** A failure's message, and under it what else was said in the run that may be why. */
  readonly explained: (message: string) => string;
  /** Reads a diagram that something is compared with, and notes what it speaks of. */
  readonly expects: (diagram: string) => readonly Drawn[];
}

/** What can be compared with a diagram: the values of a stream, the messages published on a topic, the states of a connection. */
export interface Lane {
  /** What it is, in messages. */
  readonly label: string;
  /** All so far, in order. */
  readonly events: () => readonly LaneEvent[];
  /** The run it belongs to. */
  readonly run: Deferral;
}

const LANES = new WeakSet<object>();

/** Makes it known as a lane. */
export function lane(made: Lane): Lane {
  LANES.add(made);
  return made;
}

export function isLane(value: unknown): value is Lane {
  return typeof value === 'object' && value !== null && LANES.has(value);
}

/** A check of a marble test that failed. Its stack shows the line of the test that asked for the check. */
export class MarbleFailure extends Error {
  override readonly name = 'MarbleFailure';

  /** `below`: the function that the test called; the stack begins at its caller. */
  constructor(message: string, below?: (...args: never[]) => unknown) {
    super(message);
    if (below !== undefined) Error.captureStackTrace(this, below);
  }

  /** The same place with another message: what is wrong is known only when the run has ended. */
  saying(message: string): MarbleFailure {
    const failure = new MarbleFailure(message);
    const frames = (this.stack ?? '').split('\n').filter(line => line.startsWith('    at '));
    failure.stack = [`${failure.name}: ${message}`, ...frames].join('\n');
    return failure;
  }
}
