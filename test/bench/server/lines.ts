import { LINES_AT_ONCE } from '../topics.js';

/** How long a line takes to be accepted, in milliseconds. */
const TIME_TO_ACCEPT = 1;

/** What became of the lines published by one connection. */
export interface LineCounts {
  readonly accepted: number;
  readonly refused: number;
  /** Accepted lines whose number had been accepted before, or that have none. */
  readonly unexpected: number;
}

/** Takes lines at a fixed number at a time. A client that sends more is refused, as Greengrass Lite does with its queue of ten. */
export class LineDesk {
  readonly #answer: (accepted: readonly number[]) => void;
  readonly #refuse: (streamId: number) => void;
  readonly #seen = new Set<number>();
  #waiting: number[] = [];
  #accepted = 0;
  #refused = 0;
  #unexpected = 0;

  constructor(answer: (accepted: readonly number[]) => void, refuse: (streamId: number) => void) {
    this.#answer = answer;
    this.#refuse = refuse;
  }

  get counts(): LineCounts {
    return { accepted: this.#accepted, refused: this.#refused, unexpected: this.#unexpected };
  }

  receive(streamId: number, line: string): void {
    if (this.#waiting.length === LINES_AT_ONCE) {
      this.#refused++;
      this.#refuse(streamId);
      return;
    }
    const number = Number(/^(\d+) /.exec(line)?.[1]);
    if (Number.isNaN(number) || this.#seen.has(number)) this.#unexpected++;
    this.#seen.add(number);
    this.#accepted++;
    if (this.#waiting.push(streamId) > 1) return;
    setTimeout(() => {
      const accepted = this.#waiting;
      this.#waiting = [];
      this.#answer(accepted);
    }, TIME_TO_ACCEPT);
  }
}
