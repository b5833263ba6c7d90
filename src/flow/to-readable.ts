import { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { StageOptions } from './stage.js';
import { toAsyncIterable } from './to-async-iterable.js';

/** How {@link toReadable} reads. */
export interface ToReadableOptions<R> extends StageOptions<R> {
  /** Values the stream itself reads ahead. Default 1. */
  readonly highWaterMark?: number | undefined;
}

/**
 * An Observable as a Node stream in object mode, for `pipeline(...)`. The stream reads `highWaterMark` values ahead; what comes
 * while it is full waits in `buffer`,
 * and what finds that full is dropped by its policy. Its chunks are `Either`s, as those of {@link toAsyncIterable}: a `Left` says
 * what is missing.
 *
 * Ends when the Observable completes; an error of the Observable destroys it. Destroying it unsubscribes.
 *
 * Memory: `highWaterMark` plus `buffer.messages` (1 000) values.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises';
 * import { toReadable } from 'greengrass-rx';
 * import type { Iterated } from 'greengrass-rx/flow';
 * import { interval, take } from 'rxjs';
 *
 * await pipeline(
 *   toReadable(interval(10).pipe(take(3))),
 *   async function* (readings: AsyncIterable<Iterated<number>>) {
 *     for await (const reading of readings) yield `${JSON.stringify(reading)}\n`;
 *   },
 *   process.stdout,
 *   { end: false },
 * );
 * ```
 */
export function toReadable<R>(source: Observable<R>, options: ToReadableOptions<NoInfer<R>> = {}): Readable {
  return Readable.from(toAsyncIterable(source, { name: 'toReadable', ...options }), {
    objectMode: true,
    highWaterMark: options.highWaterMark ?? 1,
  });
}
