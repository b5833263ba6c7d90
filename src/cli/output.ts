import { once } from 'node:events';
import { stripVTControlCharacters, styleText } from 'node:util';
import { asyncScheduler } from 'rxjs';
import { visibleLaidOut } from '../shared/visible.js';

/**
 * Breaks a text at spaces into lines of at most `width` columns. A word that is longer gets a line of its own, uncut, so that a
 * path or a topic can still be copied.
 *
 * @param hang indents every line but the first; `first` the first.
 */
export function wrap(text: string, width: number, hang = '', first = ''): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line);
      line = hang;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Columns a text takes in a terminal: colours take none, wide characters two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const { segment } of SEGMENTER.segment(stripVTControlCharacters(text))) columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** East Asian wide characters and emoji, as terminals show them. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\u3000-\u303F\uFF00-\uFF60])/u;

/** Now, as `12:03:04.567` in local time: what a log line begins with. */
export function timeOfDay(): string {
  const now = new Date(asyncScheduler.now());
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${String(now.getMilliseconds()).padStart(3, '0')}`;
}

/** Now, or then, as ISO 8601 in UTC: what programs read. */
export function isoTime(at: number = asyncScheduler.now()): string {
  return new Date(at).toISOString();
}

/** The time that {@link isoTime} has written, in milliseconds since the epoch. */
export function timeOfIso(text: string): number {
  return Date.parse(text);
}

/** `3 d 4 h ago`, in the two largest units. `at`: milliseconds since the epoch. */
export function ago(at: number): string {
  const seconds = Math.max(0, Math.round((asyncScheduler.now() - at) / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const from = parts.findIndex(([number]) => number > 0);
  if (from < 0) return 'just now';
  return `${parts
    .slice(from, from + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(' ')} ago`;
}

/** A format of `styleText`, such as `'red'` or `['bold', 'cyan']`. */
export type Format = Parameters<typeof styleText>[0];

/**
 * A stream the command line writes to: lines, in colours where the terminal, `NO_COLOR` and `FORCE_COLOR` allow it, and without a crash
 * when the reader goes away (`| head`). Texts from outside have to go through `visible` before they become part of a line: here their line
 * feeds and colours could no longer be told from those of the layout.
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

  /** Columns of the terminal. Elsewhere `COLUMNS`, or else `Infinity`: a text that may be searched is not broken into lines. */
  get width(): number {
    // A pseudo-terminal that was given no size reports 0.
    const columns = this.#stream.isTTY ? this.#stream.columns : Number(process.env['COLUMNS']);
    return columns > 0 ? columns : Number.POSITIVE_INFINITY;
  }

  /** Aborted once nobody reads any more. What is written then goes nowhere. */
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

  /**
   * Writes a text, or bytes. To a terminal bytes are text, too, and what it would obey is made visible, but for line breaks and colours.
   */
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
