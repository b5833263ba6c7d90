import { type FileHandle, open, rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { type ObservableInput, of } from 'rxjs';
import { checkBound } from '../shared/check-argument.js';

/** One line of JSON that says what can be said of `value`; `free` is the member that may hold anything. */
export function jsonLine<V extends object>(value: V, free: keyof V): string {
  try {
    return `${JSON.stringify(value, writable)}\n`;
  } catch {
    // A cycle is nothing that JSON knows, and no reason to lose the rest.
    return `${JSON.stringify({ ...value, [free]: inspect(value[free]) })}\n`;
  }
}

function writable(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  // A Buffer has become an object of its numbers by the time it gets here, so the holder is asked.
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Uint8Array ? Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64') : value;
}

/** The last of those who take turns at each path. Holds a path only while someone is at it. */
const turns = new Map<string, Promise<void>>();

/** Takes the lines instead of files, while it is set. */
let keeper: ((path: string, line: string) => void) | undefined;

/**
 * Does the work, which must be synchronous, and hands every line that would be appended to a file meanwhile to `keep`: where time is virtual,
 * nothing waits for a disk.
 *
 * @internal
 */
export function linesKeptBy<A>(keep: (path: string, line: string) => void, work: () => A): A {
  const outer = keeper;
  keeper = keep;
  try {
    return work();
  } finally {
    keeper = outer;
  }
}

/** A file that is appended to line by line and makes room by becoming `<path>.1`. Two of the same path take turns. */
export class LineFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #flush: boolean;

  constructor(path: string, maxBytes: number, flush: boolean) {
    this.#path = resolve(path);
    this.#maxBytes = checkBound(maxBytes, 'maxBytes');
    this.#flush = flush;
  }

  /** Fails with what the system says where the line cannot be written. */
  append(line: string): ObservableInput<void> {
    if (keeper !== undefined) {
      keeper(this.#path, line);
      return of(undefined);
    }
    const turn = (turns.get(this.#path) ?? Promise.resolve()).then(() => this.#append(line));
    const left = turn
      .catch(() => undefined)
      .then(() => {
        if (turns.get(this.#path) === left) turns.delete(this.#path);
      });
    turns.set(this.#path, left);
    return turn;
  }

  async #append(line: string): Promise<void> {
    if (await this.#write(line)) return;
    await rename(this.#path, `${this.#path}.1`);
    await this.#write(line);
  }

  /** Whether there was room. */
  async #write(line: string): Promise<boolean> {
    // Payloads may be nobody else's business.
    const file = await open(this.#path, 'a+', 0o600);
    try {
      const { size } = await file.stat();
      // A crash or a full disk may have cut the last line short.
      const text = size === 0 || (await endsInNewline(file, size)) ? line : `\n${line}`;
      if (size > 0 && size + Buffer.byteLength(text) > this.#maxBytes) return false;
      await file.appendFile(text);
      if (this.#flush) await file.datasync();
      return true;
    } finally {
      await file.close();
    }
  }
}

async function endsInNewline(file: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] === 0x0a;
}
