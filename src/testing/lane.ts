import { type Drawn, parseDiagram } from './diagram.js';

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

/** A test in virtual time, from its first line to its last check. */
export class MarbleRun implements Deferral {
  readonly #checks: { readonly check: () => string | undefined; readonly origin: MarbleFailure }[] = [];
  #lastFrame = 0;
  #failureDrawn = false;
  #meanwhile: (told: string) => readonly string[] = () => [];
  isOver = false;

  /** Sets what is asked, when something is wrong, for what else was said in the run. */
  explainBy(meanwhile: (told: string) => readonly string[]): void {
    this.#meanwhile = meanwhile;
  }

  explained(message: string): string {
    const [title, ...lines] = this.#meanwhile(message);
    return title === undefined ? message : [message, '', title, ...lines.map(line => `  ${line}`)].join('\n');
  }

  /** The last frame that any diagram speaks of. */
  get lastFrame(): number {
    return this.#lastFrame;
  }

  reaches(frame: number): void {
    if (frame !== Infinity) this.#lastFrame = Math.max(this.#lastFrame, frame);
  }

  expects(diagram: string): readonly Drawn[] {
    const drawn = parseDiagram(diagram);
    for (const { at, kind } of drawn) {
      this.reaches(at);
      this.#failureDrawn ||= kind === 'E';
    }
    return drawn;
  }

  /** Whether some diagram expects a stream to fail. If none does, a stream that fails makes the test fail. */
  get failureDrawn(): boolean {
    return this.#failureDrawn;
  }

  /** Whether nothing has been asked for yet. */
  get expectsNothing(): boolean {
    return this.#checks.length === 0;
  }

  atEnd(check: () => string | undefined, origin: MarbleFailure): void {
    this.#checks.push({ check, origin });
  }

  /** Makes all checks. Returns what is wrong, all of it in one failure. */
  check(): MarbleFailure | undefined {
    this.isOver = true;
    const wrong = this.#checks.flatMap(({ check, origin }) => {
      const message = check();
      return message === undefined ? [] : [{ message, origin }];
    });
    return wrong[0]?.origin.saying(this.explained(wrong.map(({ message }) => message).join('\n\n')));
  }
}
