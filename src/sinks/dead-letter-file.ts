import { channel } from 'node:diagnostics_channel';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { catchError, defer, map, type Observable, type ObservableInput, of } from 'rxjs';
import { DeadLetterLost, type Overflowed } from '../errors/errors.js';
import { concurrently } from '../flow/concurrently.js';
import { checkBound } from '../shared/check-argument.js';
import type { DeadLetter } from './dead-letter-to.js';

/** `value` as one line of JSON. `free` is the member that may be anything. */
function jsonLine<V extends object>(value: V, free: keyof V): string {
  try {
    return `${JSON.stringify(value, writable)}\n`;
  } catch {
    // JSON has no cycles, but that is no reason to lose the rest.
    return `${JSON.stringify({ ...value, [free]: inspect(value[free]) })}\n`;
  }
}

function writable(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  // A Buffer has become an object of its numbers by the time it gets here, so the holder is asked.
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Uint8Array ? Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64') : value;
}

/** For each path that is being written to, the last write in its queue. */
const turns = new Map<string, Promise<void>>();

/** While it is set, it gets the lines instead of the files. */
let keeper: ((path: string, line: string) => void) | undefined;

/**
 * Does the work, which must be synchronous, and gives every line that would be appended to a file meanwhile to `keep`: in virtual time
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

/** A file to which lines are appended, and which is renamed to `<path>.1` when it is full. Several of the same path take turns. */
class LineFile {
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
    // Only for the process' own user: payloads may be secret.
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

const told = channel('greengrass-rx:dead-letter');

/** A dead letter that was written. It is also published on the diagnostics channel `greengrass-rx:dead-letter`, and a component logs it. */
export interface DeadLettered<out A = unknown> {
  readonly letter: DeadLetter<A>;
  readonly path: string;
}

/** How {@link deadLetterFile} keeps letters. */
export interface DeadLetterFileOptions {
  /** Bytes of one file. When the next letter would not fit, the file becomes `<path>.1`, in place of an older one. Default 5 MiB. */
  readonly maxBytes?: number | undefined;
  /** Letters that may wait for the disk; the oldest gives way. Default 1 000. */
  readonly messages?: number | undefined;
  /**
   * Whether a letter counts as written only when it is on the disk, so that it survives a power cut. Default `false`: it survives the
   * process.
   */
  readonly flush?: boolean | undefined;
}

/**
 * A sink for {@link deadLetterTo} that appends each letter to a file, one JSON object a line. Payloads stand there as base64, a `bigint` as
 * a string, and an original with a cycle as the text `util.inspect` makes of it.
 *
 * Emits a `Right(DeadLettered)` for each, in order; a `Left(DeadLetterLost)`, which carries the letter, if the disk refuses it; and a
 * `Left(Overflowed)` if too many wait. Completes when all are written. Streams of this process that share the path take turns; give each
 * process a file of its own. The file is made for the process' own user alone (mode 0600), since originals may be secret.
 *
 * Guarantee: each letter is in the file or in a `DeadLetterLost`, except for those that an `Overflowed` counts. Each is one whole line,
 * even after a line that a crash or a full disk has cut short. Without `flush`, a power cut may take the latest.
 *
 * In a marble test nothing is written to disk: `expectFile` says what would be. In a dry run neither.
 *
 * Memory: the letters that wait. Disk: two files of `maxBytes` at most; a letter that is larger than that has a file for itself.
 *
 * @throws RangeError where `maxBytes` is not a number above 0.
 *
 * @example
 * ```ts
 * import { connect, deadLetterFile, deadLetterTo, publishTo, QOS, runToEnd } from 'greengrass-rx';
 * import { mkdtemp, readFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { of } from 'rxjs';
 *
 * const path = join(await mkdtemp(join(tmpdir(), 'letters-')), 'dead-letters.ndjson');
 * const proxy = connect();
 * const outcomes$ = of('21.5').pipe(
 *   publishTo(proxy, payload => ({ topicName: 'readings/+', payload, qos: QOS.AT_LEAST_ONCE })), // a wildcard: refused
 *   deadLetterTo(deadLetterFile(path)),
 * );
 * await runToEnd(outcomes$);
 * await proxy.close();
 * console.log(await readFile(path, 'utf8')); // {"at":…,"tag":"InvalidRequest","reason":"The topic name …",…,"original":"21.5"}
 * ```
 */
export function deadLetterFile(
  path: string,
  options: DeadLetterFileOptions = {},
): <A>(letters$: Observable<DeadLetter<A>>) => Observable<Either<DeadLetterLost<DeadLetter<A>> | Overflowed, DeadLettered<A>>> {
  const { maxBytes = 5 * 1024 * 1024, messages = 1_000, flush = false } = options;
  const file = new LineFile(path, maxBytes, flush);
  const write = <A>(letter: DeadLetter<A>): Observable<Either<DeadLetterLost<DeadLetter<A>>, DeadLettered<A>>> =>
    defer(() => file.append(jsonLine(letter, 'original'))).pipe(
      map(() => {
        const written: DeadLettered<A> = { letter, path };
        if (told.hasSubscribers) told.publish(written);
        return right(written);
      }),
      catchError(cause => of(left(new DeadLetterLost(path, letter, cause)))),
    );
  // One at a time keeps them in order.
  return <A>(letters$: Observable<DeadLetter<A>>) =>
    letters$.pipe(concurrently(1, write<A>, { name: 'deadLetterFile', buffer: { messages, onFull: 'dropOldest' } }));
}
