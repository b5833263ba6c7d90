import { createReadStream, renameSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout } from 'node:timers/promises';

/** A line of a file. */
export interface Line {
  readonly file: string;
  readonly text: string;
  readonly isLast: boolean;
}

/** Milliseconds from one look into the folder, or for room, to the next. */
const LOOK_EVERY = 1_000;

/**
 * A folder into which others put files of lines, each at once, by renaming it: `mv readings.part readings.ndjson`. A file whose lines are
 * all stored goes into the folder `done` inside.
 */
export class Inbox {
  readonly #folder: string;
  /** Those whose lines were read, and are not all stored yet. */
  readonly #open = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The lines of all files there are, and of those that come, until the signal. Each is read when it is asked for and there is room for it,
   * and not before.
   */
  async *lines(signal: AbortSignal, hasRoom: () => boolean): AsyncGenerator<Line> {
    const isStopped = (): boolean => signal.aborted;
    await mkdir(join(this.#folder, 'done'), { recursive: true });
    while (!isStopped()) {
      for (const file of (await readdir(this.#folder)).sort()) {
        if (!file.endsWith('.ndjson') || this.#open.has(file) || isStopped()) continue;
        this.#open.add(file);
        for await (const line of this.#linesOf(file)) {
          while (!isStopped() && !hasRoom()) await pause(signal);
          // What is not read any more is read by the next process, which begins with the file's first line.
          if (isStopped()) return;
          yield line;
        }
      }
      await pause(signal);
    }
  }

  /** All lines of this file are stored. */
  done(file: string): void {
    renameSync(join(this.#folder, file), join(this.#folder, 'done', file));
    this.#open.delete(file);
  }

  /** Not all of them could be stored: it is read again, from its first line on. */
  again(file: string): void {
    this.#open.delete(file);
  }

  async *#linesOf(file: string): AsyncGenerator<Line> {
    let before: string | undefined;
    for await (const text of createInterface({ input: createReadStream(join(this.#folder, file)) })) {
      if (before !== undefined) yield { file, text: before, isLast: false };
      before = text;
    }
    if (before === undefined) this.done(file);
    else yield { file, text: before, isLast: true };
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return setTimeout(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
}
