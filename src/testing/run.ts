import { type Drawn, parseDiagram } from './diagram.js';
import type { Deferral, MarbleFailure } from './lane.js';

/** A test in virtual time, from its first line to its last check. */
export class MarbleRun implements Deferral {
  readonly #checks: { readonly check: () => string | undefined; readonly origin: MarbleFailure }[] = [];
  #lastFrame = 0;
  #failureDrawn = false;
  #meanwhile: (told: string) => readonly string[] = () => [];
  isOver = false;

  /** What to ask for what else was said, when something is wrong. */
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

  /** Whether some diagram expects a stream to fail: else one that does is a failure of the test. */
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
