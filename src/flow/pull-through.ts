import { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import { OPEN, type Intake, type Stage } from './stage.js';

/** What can wait until it is asked: arrays, generators, Node and Web streams, lines of a file. */
export type Pullable<A> = Iterable<A> | AsyncIterable<A>;

/**
 * Reads a source only as fast as a stage takes it: the next value is read when one is done. So nothing waits in the stage's buffer and
 * nothing is dropped, however large the source. (`from(file).pipe(stage)` reads as fast as it can, into a bounded buffer.)
 *
 * Emits what the stage emits, completes and fails as it does. Every subscriber reads the source for itself, so a generator or a stream,
 * which can be read once, is for one subscriber. An error while reading goes to the error channel. Unsubscribing, and the stage's end,
 * close the source: an iterator's `return` is called, a Node stream destroyed.
 *
 * @param stage `publishTo` or `concurrently`, or one of them in `atRate`, which reads so many a second and no more; any other operator is a
 *   compile error. With operators in between nobody could tell when there is room; put them into `project` or `request`. What the stage
 *   emits is not held back any more: a `publishTo` behind a `concurrently` that is read through drops what does not fit while the nucleus
 *   is away. So read through the stage that publishes.
 *
 * @example
 * ```ts
 * import { connect, publishTo, pullThrough, QOS, runToEnd } from 'greengrass-rx';
 *
 * function* readings() {
 *   for (let n = 0; n < 1_000; n++) yield { n };
 * }
 * const proxy = connect();
 * const outcomes$ = pullThrough(
 *   readings(),
 *   publishTo(proxy, reading => ({ topicName: 'readings/old', payload: JSON.stringify(reading), qos: QOS.AT_LEAST_ONCE }), {
 *     inFlight: 8,
 *   }),
 * );
 * await runToEnd(outcomes$, { onLeft: failure => console.error(failure.message) });
 * await proxy.close();
 * ```
 */
export function pullThrough<A, B>(source: Pullable<A>, stage: Pick<Stage<A, B>, typeof OPEN>): Observable<B> {
  // Callers in JavaScript have no compiler to tell them.
  if (!(OPEN in stage))
    throw new TypeError('pullThrough needs a stage, publishTo(…) or concurrently(…). An operator does not say when it has room.');
  return new Observable(destination => {
    let onRoom: () => void = () => undefined;
    const intake = stage[OPEN](destination, () => onRoom());
    const { read, close } = readOf(source, intake);
    destination.add(close);
    onRoom = read;
    read();
  });
}

/** Whether asynchronous sources are read. */
let reads = true;

/**
 * Does the work, which must be synchronous, and takes every asynchronous source for an empty one meanwhile: in virtual time nothing waits
 * for a file, so it is not opened either.
 *
 * @internal
 */
export function withoutReading<A>(work: () => A): A {
  const before = reads;
  reads = false;
  try {
    return work();
  } finally {
    reads = before;
  }
}

function readOf<A>(source: Pullable<A>, intake: Intake<A>): Reading {
  if (!(Symbol.asyncIterator in source)) return readSync(source, intake);
  if (reads) return readAsync(source, intake);
  if (source instanceof Readable) source.destroy();
  return readSync<A>([], intake);
}

/** A source that is being read. */
interface Reading {
  /** Reads while there is room. */
  readonly read: () => void;
  readonly close: () => void;
}

function readSync<A>(source: Iterable<A>, intake: Intake<A>): Reading {
  const iterator = source[Symbol.iterator]();
  let reading = false;
  let ended = false;
  const leave = (): void => {
    try {
      iterator.return?.();
    } catch {
      // The stage is over: nobody is left to be told how closing went.
    }
  };
  return {
    read: () => {
      // A loop instead of recursion: work that is done at once makes room while this reads.
      if (reading || ended) return;
      reading = true;
      try {
        while (intake.hasRoom) {
          const next = iterator.next();
          if (next.done === true) {
            ended = true;
            intake.complete();
            break;
          }
          intake.receive(next.value);
        }
      } catch (error) {
        ended = true;
        intake.error(error);
      }
      reading = false;
    },
    close: () => {
      if (ended) return;
      ended = true;
      leave();
    },
  };
}

function readAsync<A>(source: AsyncIterable<A>, intake: Intake<A>): Reading {
  const iterator = source[Symbol.asyncIterator]();
  let reading = false;
  let ended = false;
  const fail = (error: unknown): void => {
    if (ended) return;
    ended = true;
    intake.error(error);
  };
  const take = (next: IteratorResult<A>): void => {
    reading = false;
    if (ended) return;
    if (next.done === true) {
      ended = true;
      intake.complete();
      return;
    }
    intake.receive(next.value);
    read();
  };
  const read = (): void => {
    if (reading || ended || !intake.hasRoom) return;
    reading = true;
    // Called inside the promise: an iterator written by hand may throw where it should reject, and return a value where it should return a
    // promise.
    new Promise<IteratorResult<A>>(resolve => resolve(iterator.next())).then(take).catch(fail);
  };
  return {
    read,
    close: () => {
      if (ended) return;
      ended = true;
      // A stream's iterator is a generator: its `return` would wait for the value that is being read, perhaps for ever.
      if (source instanceof Readable) source.destroy();
      // The stage is over: there is nobody left to tell how closing went.
      new Promise(resolve => resolve(iterator.return?.())).catch(() => undefined);
    },
  };
}
