import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Takes a line. A promise: the next one has to wait for it. */
export type TakeLine = (line: string) => Promise<void> | undefined;

/** Characters of a line that are kept together. A program that writes no line breaks must not fill the memory. */
const LONGEST_LINE = 64 * 1024;

/** Passes a process' output on by lines, no faster than they are taken. */
export class PassedLines {
  /** Resolves at the end of the output. */
  readonly ended: Promise<void>;
  readonly #stream: Readable;
  readonly #take: TakeLine;
  #bytes = 0;
  #isWaiting = true;

  constructor(stream: Readable, take: TakeLine) {
    this.#stream = stream;
    this.#take = take;
    this.ended = this.#pass();
  }

  /** Bytes that have come so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether all that has come was taken. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  async #pass(): Promise<void> {
    const decoder = new StringDecoder('utf8');
    const take = this.#take;
    let rest = '';
    try {
      for await (const chunk of this.#stream as AsyncIterable<Buffer>) {
        this.#bytes += chunk.length;
        this.#isWaiting = false;
        const lines = (rest + decoder.write(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) await take(line.endsWith('\r') ? line.slice(0, -1) : line);
        for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) await take(rest.slice(0, LONGEST_LINE));
        this.#isWaiting = true;
      }
    } catch {
      // Destroyed: the process has ended, and another that it left holds the pipe.
    }
    rest += decoder.end();
    if (rest !== '') await take(rest);
  }
}
