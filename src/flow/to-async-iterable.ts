import { Readable } from 'node:stream';
import { type Either, left } from 'fp-ts/lib/Either.js';
import { type Observable, Subscription } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import { resumeSubscribing, suspendSubscribing } from '../stream/feed.js';
import { type EitherOf, type LeftOf, type RightOf, toEither } from '../stream/observable-either.js';
import { workOn } from '../stream/work-on.js';
import { BoundedBuffer, declaredBuffer } from './bounded-buffer.js';
import { type LedgerEntry, ledger as ledgerOfAll } from './ledger.js';
import type { StageOptions } from './stage.js';

/** What an iterable gives that is made of an Observable of `R`. */
export type Iterated<R> = Either<LeftOf<R> | Overflowed, RightOf<R>>;

/**
 * An Observable that can be read with `for await`, at the reader's pace. Values that come while the reader is busy wait in `buffer`. When
 * that is full, its policy drops values, and one `Left(Overflowed)` in front of the next value stands for all of them.
 *
 * Gives `Either`s: elements that are `Either`s stay what they are, all others are `Right`s. Ends when the Observable completes and
 * everything that waited has been read; after a terminal `Left(Overflowed)` where the policy is `fail`; rejects, once, with an error of the
 * Observable. Leaving the loop unsubscribes.
 *
 * Each iterator has a subscription of its own, which begins when the iterator is made: values that come before the first read wait as well.
 *
 * Memory: at most `buffer.messages` (1 000) values; unless `buffer.bytes` bounds them, their bytes count against the 16 MiB that all stages
 * share.
 *
 * @example
 * ```ts
 * import { toAsyncIterable } from 'greengrass-rx';
 * import { interval, take } from 'rxjs';
 *
 * for await (const reading of toAsyncIterable(interval(10).pipe(take(3)), { buffer: { messages: 100 } })) {
 *   if (reading._tag === 'Left') console.error(reading.left.message);
 *   else console.log(reading.right);
 * }
 * ```
 */
export function toAsyncIterable<R>(source: Observable<R>, options: StageOptions<NoInfer<R>> = {}): AsyncIterable<Iterated<R>> {
  return {
    [Symbol.asyncIterator]: () => new Reader(source, options),
  };
}

interface PendingRead<R> {
  readonly resolve: (result: IteratorResult<Iterated<R>, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

type End =
  | { readonly how: 'completed' }
  | { readonly how: 'failed'; readonly error: unknown }
  | { readonly how: 'overflowed'; readonly overflow: Overflowed };

const DONE = { done: true, value: undefined } as const;

class Reader<R> implements AsyncIterator<Iterated<R>, undefined> {
  readonly #entry: LedgerEntry;
  readonly #buffer: BoundedBuffer<R>;
  readonly #subscription = new Subscription();
  /** Reads that wait for a value; while there are any, no value waits. Each is a promise that a reader holds. */
  #reads: PendingRead<R>[] = [];
  #end: End | undefined;
  #closed = false;

  constructor(source: Observable<R>, options: StageOptions<R>) {
    this.#entry = (options.ledger ?? ledgerOfAll).open('toAsyncIterable', options.name, {
      buffer: declaredBuffer(options.buffer),
    });
    this.#buffer = new BoundedBuffer<R>(options.buffer ?? {}, this.#entry.account);
    const work = {
      next: (value: R) => this.#receive(value),
      error: (error: unknown) => this.#finish({ how: 'failed', error }),
      complete: () => this.#finish({ how: 'completed' }),
    };
    workOn(source, this.#subscription, work, this.#entry.into);
  }

  next(): Promise<IteratorResult<Iterated<R>, undefined>> {
    return new Promise((resolve, reject) => {
      const read = { resolve, reject };
      if (!this.#answer(read)) this.#reads.push(read);
    });
  }

  return(): Promise<IteratorResult<Iterated<R>, undefined>> {
    this.#close();
    this.#subscription.unsubscribe();
    return Promise.resolve(DONE);
  }

  #receive(value: R): void {
    if (this.#end !== undefined || this.#closed) return;
    const outer = suspendSubscribing();
    try {
      this.#take(value);
    } finally {
      resumeSubscribing(outer);
    }
  }

  #take(value: R): void {
    const { account } = this.#entry;
    const bytes = this.#entry.receive(value, this.#buffer.sizeOf);
    const read = this.#reads.shift();
    if (read !== undefined) {
      account.admit(bytes);
      account.emit(1, bytes);
      read.resolve({ done: false, value: toEither(value) });
      return;
    }
    if (!this.#buffer.offer(value, bytes)) {
      this.#buffer.discard();
      this.#finish({ how: 'overflowed', overflow: this.#buffer.takeFatalOverflow() });
    }
  }

  #finish(end: End): void {
    this.#end ??= end;
    this.#subscription.unsubscribe();
    for (let read = this.#reads.shift(); read !== undefined; read = this.#reads.shift()) this.#answer(read);
  }

  /** Answers with the next value, or with the end. `false`: there is neither yet. */
  #answer(read: PendingRead<R>): boolean {
    if (this.#closed) {
      read.resolve(DONE);
      return true;
    }
    const overflow = this.#buffer.takeOverflow();
    if (overflow !== undefined) {
      this.#entry.overflow();
      read.resolve({ done: false, value: left(overflow) });
      return true;
    }
    if (this.#buffer.length > 0) {
      const bytes = this.#buffer.headBytes();
      const value: EitherOf<R> = toEither(this.#buffer.shift());
      this.#entry.account.emit(1, bytes);
      read.resolve({ done: false, value });
      return true;
    }
    return this.#answerWithEnd(read);
  }

  #answerWithEnd(read: PendingRead<R>): boolean {
    const end = this.#end;
    if (end === undefined) return false;
    this.#close();
    if (end.how === 'completed') read.resolve(DONE);
    else if (end.how === 'failed') read.reject(end.error);
    else read.resolve({ done: false, value: left(end.overflow) });
    return true;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#buffer.discard();
    this.#entry.close();
    for (const read of this.#reads.splice(0)) read.resolve(DONE);
  }
}

/** How {@link toReadable} reads. */
export interface ToReadableOptions<R> extends StageOptions<R> {
  /** Values the stream itself reads ahead. Default 1. */
  readonly highWaterMark?: number | undefined;
}

/**
 * An Observable as a Node stream in object mode, for `pipeline(...)`. The stream reads `highWaterMark` values ahead; further values wait in
 * `buffer`, and when that is full its policy drops values. Its chunks are `Either`s, as those of {@link toAsyncIterable}: a `Left` says
 * what is missing.
 *
 * Ends when the Observable completes; an error of the Observable destroys it. Destroying it unsubscribes.
 *
 * Memory: `highWaterMark` plus `buffer.messages` (1 000) values; unless `buffer.bytes` bounds them, the bytes of the latter count against
 * the 16 MiB that all stages share.
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
