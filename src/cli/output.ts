import { once } from 'node:events';
import { styleText } from 'node:util';
import { visibleLaidOut } from '../shared/visible.js';

/** A format of `styleText`, such as `'red'` or `['bold', 'cyan']`. */
export type Format = Parameters<typeof styleText>[0];

/**
 * A stream the command line writes to: lines, colours where the terminal and `NO_COLOR` and `FORCE_COLOR` allow, and
 * an end that is no crash when the reader goes away (`| head`). Texts from outside go through `visible` where they become part of a line:
 * here only their line feeds and colours could no longer be told from those of the layout.
 */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  readonly #gone = new AbortController();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    // Without a listener the EPIPE of a reader that has gone would end the process with a stack trace.
    stream.on('error', error => this.#gone.abort(error));
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY;
  }

  /** Columns of the terminal. Elsewhere those of `COLUMNS`, or no end of them: what is searched should not be broken into lines. */
  get width(): number {
    // A pseudo-terminal that was given no size reports 0.
    const columns = this.#stream.isTTY ? this.#stream.columns : Number(process.env['COLUMNS']);
    return columns > 0 ? columns : Number.POSITIVE_INFINITY;
  }

  /** Aborted once nobody reads any more: what would be written is for nobody. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether the reader is slower than what is written. */
  get isFull(): boolean {
    return this.#stream.writableNeedDrain && !this.#gone.signal.aborted;
  }

  /** The text in colour, or as it is where there should be none. */
  style(format: Format, text: string): string {
    // One at a time: Node 20 heeds the stream for a single format only.
    const formats = Array.isArray(format) ? (format as readonly Exclude<Format, readonly unknown[]>[]) : [format];
    return formats.reduce((styled, each) => styleText(each, styled, { stream: this.#stream, validateStream: true }), text);
  }

  /** Writes a line. `false`: the reader is slow, and `room()` should be awaited before there is more. */
  line(text: string): boolean {
    return this.write(`${text}\n`);
  }

  /** Writes a text; on a terminal, bytes as one. What a terminal would obey but lines and colours is made visible there. */
  write(text: string | Uint8Array): boolean {
    if (this.#gone.signal.aborted) return true;
    if (!this.#stream.isTTY) return this.#stream.write(text);
    return this.#stream.write(visibleLaidOut(typeof text === 'string' ? text : Buffer.from(text).toString('utf8')));
  }

  /** Draws the terminal's last line anew, or clears it. */
  redraw(text = ''): void {
    if (this.isTerminal && !this.#gone.signal.aborted) this.#stream.write(`\r\u001b[K${visibleLaidOut(text)}`);
  }

  /** Resolves when what was written has been taken, or nobody is there to take it. */
  async room(): Promise<void> {
    if (!this.isFull) return;
    await once(this.#stream, 'drain', { signal: this.#gone.signal }).catch(() => undefined);
  }

  /** Resolves when all that was written is with the system: `process.exit` would cut off what is not. */
  async flushed(): Promise<void> {
    if (this.#gone.signal.aborted) return;
    await new Promise<void>(resolve => {
      this.#gone.signal.addEventListener('abort', () => resolve(), { once: true });
      this.#stream.write('', () => resolve());
    });
  }
}
