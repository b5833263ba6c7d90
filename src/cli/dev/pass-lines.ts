import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Takes a line. A promise: the next one has to wait for it. */
export type TakeLine = (line: string) => Promise<void> | undefined;

/** Characters of a line that are kept together. A program that writes no line breaks must not fill the memory. */
const LONGEST_LINE = 64 * 1024;

/** Passes a process' output on by lines, no faster than they are taken. Resolves at its end. */
export async function passLines(stream: Readable, take: TakeLine): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) await take(line.endsWith('\r') ? line.slice(0, -1) : line);
      for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) await take(rest.slice(0, LONGEST_LINE));
    }
  } catch {
    // Destroyed: the process has ended, and another that it left holds the pipe.
  }
  rest += decoder.end();
  if (rest !== '') await take(rest);
}
