import { appendFile, rename, stat } from 'node:fs/promises';
import { inspect } from 'node:util';
import { left, right, type Either } from 'fp-ts/lib/Either.js';
import type { Observable } from 'rxjs';
import { DeadLetterLost, type Overflowed } from '../errors/errors.js';
import { concurrently } from '../flow/index.js';
import type { DeadLetter } from './dead-letter-to.js';

/** A dead letter that was written. */
export interface DeadLettered {
  readonly letter: DeadLetter;
  readonly path: string;
}

/** How {@link deadLetterFile} keeps letters. */
export interface DeadLetterFileOptions {
  /** Bytes of one file. When the next letter would not fit, the file becomes `<path>.1`, in the place of an older one. Default 5 MiB. */
  readonly maxBytes?: number | undefined;
  /** Letters that may wait for the disk; the oldest gives way. Default 1 000. */
  readonly messages?: number | undefined;
}

/**
 * A sink for {@link deadLetterTo} that appends each letter to a file, one JSON object a line. Payloads stand there as base64.
 *
 * Emits `Right(DeadLettered)` for each, in order; `Left(DeadLetterLost)` where the disk refuses one, and `Left(Overflowed)` where too many
 * waited. Completes when all are written. Guarantee: a letter that came out as a `Right` has been handed to the operating system.
 *
 * Memory: the letters that wait. Disk: at most two files of `maxBytes`, and one letter more.
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
 * console.log(await readFile(path, 'utf8')); // {"at":…,"tag":"InvalidRequest","reason":"The topic name …","attempts":1,"outcome":"refused","original":"21.5"}
 * ```
 */
export function deadLetterFile(
  path: string,
  options: DeadLetterFileOptions = {},
): (letters$: Observable<DeadLetter>) => Observable<Either<DeadLetterLost | Overflowed, DeadLettered>> {
  const { maxBytes = 5 * 1024 * 1024, messages = 1_000 } = options;
  const write = async (letter: DeadLetter): Promise<Either<DeadLetterLost, DeadLettered>> => {
    try {
      await append(path, `${lineOf(letter)}\n`, maxBytes);
      return right({ letter, path });
    } catch (cause) {
      return left(new DeadLetterLost(path, letter, cause));
    }
  };
  // One at a time, so that lines stay whole and in order.
  return letters$ => letters$.pipe(concurrently(1, write, { name: 'deadLetterFile', buffer: { messages, onFull: 'dropOldest' } }));
}

async function append(path: string, line: string, maxBytes: number): Promise<void> {
  const size = await sizeOf(path);
  if (size > 0 && size + Buffer.byteLength(line) > maxBytes) await rename(path, `${path}.1`);
  await appendFile(path, line);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    // Not there yet; anything else that is wrong with it, appending will tell.
    return 0;
  }
}

function lineOf(letter: DeadLetter): string {
  try {
    return JSON.stringify(letter, base64);
  } catch {
    // Cycles and BigInts are nothing that JSON knows, and no reason to lose the letter.
    return JSON.stringify({ ...letter, original: inspect(letter.original) });
  }
}

function base64(this: unknown, key: string, value: unknown): unknown {
  // A Buffer has become an object of its numbers by the time it gets here, so the holder is asked.
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Uint8Array ? Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64') : value;
}
