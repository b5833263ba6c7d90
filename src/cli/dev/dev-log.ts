import type { Output } from '../output.js';
import type { DevEvent } from './dev-event.js';

/** One event as the text of one or several lines; `undefined` if it has none. */
export type Render = (event: DevEvent) => string | undefined;

/**
 * The log of `dev`. What the nucleus tells never waits: while the reader is slow, it is left out and counted. What the component
 * prints is not left out; the component is held up instead, as by any slow terminal.
 */
export class DevLog {
  readonly #out: Output;
  readonly #render: Render;
  #leftOut = 0;

  constructor(out: Output, render: Render) {
    this.#out = out;
    this.#render = render;
  }

  readonly tell = (event: DevEvent): void => {
    if (this.#out.isFull) {
      this.#leftOut++;
      if (this.#leftOut === 1) void this.#out.room().then(this.#tellLeftOut);
      return;
    }
    this.#write(event);
  };

  /** Tells a line of the component; the promise resolves when there is room for the next. */
  readonly tellOutput = (event: DevEvent): Promise<void> | undefined => {
    this.#write(event);
    return this.#out.isFull ? this.#out.room() : undefined;
  };

  #write(event: DevEvent): void {
    const text = this.#render(event);
    if (text !== undefined) this.#out.line(text);
  }

  readonly #tellLeftOut = (): void => {
    const events = this.#leftOut;
    this.#leftOut = 0;
    this.#write({ kind: 'left-out', events });
  };
}
