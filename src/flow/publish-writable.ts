import { Writable } from 'node:stream';
import type { WritableStream, WritableStreamDefaultController } from 'node:stream/web';
import { type Either, left } from 'fp-ts/lib/Either.js';
import { Observable, Subscription } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import type { Accepted, PublishRequest } from '../ports/mqtt-proxy.js';
import { hook } from '../stream/hook.js';
import { workOn } from '../stream/work-on.js';
import type { AcceptedBy, Published, PublishFailure } from './publish-outcome.js';
import { type PublishPort, publishTo, type PublishToOptions } from './publish-to.js';
import { type Intake, OPEN } from './stage.js';

/** How a stream of the platform publishes. */
export interface PublishSinkOptions<A, Acc extends AcceptedBy = Accepted> extends Omit<PublishToOptions<A>, 'buffer'> {
  /**
   * Is told the outcome of every value. With it, a failed publish does not end the stream unless the failure is terminal. Without it, the
   * first failure destroys the stream with its error, so that `pipeline` rejects.
   */
  readonly onOutcome?: ((outcome: Either<PublishFailure<A>, Published<A, Acc>>) => void) | undefined;
}

/** What the platform's writable streams are made of. Each callback is called once, with an error if there was one. */
interface PublishSink<A> {
  /** Calls back when there is room for another value. */
  readonly write: (value: A, written: (error?: Error) => void) => void;
  /** Calls back when every value has its outcome. */
  readonly finish: (finished: (error?: Error) => void) => void;
  /** Gives up what is under way; a waiting callback is called with `error`. */
  readonly stop: (error: Error) => void;
  /**
   * Is called with a failure that no callback waits for, even an earlier one: opening the stage may fail at once, when there is no stream
   * yet.
   */
  readonly whenFailed: (onError: (error: Error) => void) => void;
}

/** What streams reject with must be an `Error`. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}

/** Opens the stage that a stream publishes through. */
export function openPublishSink<A, R, Acc extends AcceptedBy>(
  port: PublishPort<R, Acc>,
  request: (value: A) => R,
  options: PublishSinkOptions<A, Acc>,
): PublishSink<A> {
  const onOutcome = hook('onOutcome', options.onOutcome);
  const stage = publishTo<A, R, Acc>(port, request, options);
  let intake: Intake<A> | undefined;
  /** Who waits for room, or for the end. A stream waits for one of them at a time. */
  let waiting: ((error?: Error) => void) | undefined;
  let onError: ((error: Error) => void) | undefined;
  let untold: Error | undefined;
  const subscription = new Subscription();

  const answer = (error?: Error): void => {
    const callback = waiting;
    waiting = undefined;
    if (callback !== undefined) callback(error);
    else if (onError === undefined) untold ??= error;
    else if (error !== undefined) onError(error);
  };
  const fail = (error: Error): void => {
    subscription.unsubscribe();
    answer(error);
  };
  const look = (outcome: Either<PublishFailure<A> | Overflowed, Published<A, Acc>>): void => {
    if (outcome._tag === 'Right') {
      onOutcome?.(outcome);
      return;
    }
    const error = outcome.left;
    // There should be no overflow, since a value is given only when there is room. If there is one, it must not go unseen.
    if (error._tag !== 'Overflowed') onOutcome?.(left(error));
    if (onOutcome === undefined || error._tag === 'Overflowed' || error.kind === 'terminal') fail(error);
  };

  const outcomes$ = new Observable<Either<PublishFailure<A> | Overflowed, Published<A, Acc>>>(destination => {
    intake = stage[OPEN](destination, () => answer());
  });
  workOn(outcomes$, subscription, {
    next: look,
    error: (error: unknown) => fail(asError(error)),
    complete: () => answer(),
  });

  return {
    write: (value, written) => {
      waiting = written;
      intake?.receive(value);
      if (intake?.hasRoom === true) answer();
    },
    finish: finished => {
      waiting = finished;
      intake?.complete();
    },
    stop: error => {
      subscription.unsubscribe();
      if (waiting !== undefined) answer(error);
    },
    whenFailed: listener => {
      onError = listener;
      if (untold !== undefined) listener(untold);
    },
  };
}

/** How {@link publishWritable} publishes. */
export interface PublishWritableOptions<A, Acc extends AcceptedBy = Accepted> extends PublishSinkOptions<A, Acc> {
  /** Values the stream itself holds while `inFlight` are under way. Default 16. */
  readonly highWaterMark?: number | undefined;
}

const HIGH_WATER_MARK = 16;

/** Every Node that this runs on has it; the types for Node 20 lack it. */
interface WithSignal {
  readonly signal: AbortSignal;
}

/**
 * `publishTo` as the end of a Node pipeline, in object mode: takes a value only when there is room for another publish, so the pipeline
 * reads no faster than the nucleus accepts, and nothing is dropped. The stream finishes when every publish has its outcome. Destroying it
 * gives up what is under way.
 *
 * Memory: `highWaterMark` values and `inFlight` publishes under way.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises';
 * import { connect, publishWritable, QOS } from 'greengrass-rx';
 *
 * const proxy = connect();
 * const lines = ['one', 'two', 'three'];
 * await pipeline(
 *   lines,
 *   publishWritable(proxy, (line: string) => ({ topicName: 'lines', payload: line, qos: QOS.AT_LEAST_ONCE }), { inFlight: 8 }),
 * );
 * await proxy.close();
 * ```
 */
export function publishWritable<A, R = PublishRequest, Acc extends AcceptedBy = Accepted>(
  port: PublishPort<R, Acc>,
  request: (value: A) => NoInfer<R>,
  options: PublishWritableOptions<NoInfer<A>, NoInfer<Acc>> = {},
): Writable {
  const sink = openPublishSink<A, R, Acc>(port, request, options);
  const writable = new Writable({
    objectMode: true,
    highWaterMark: options.highWaterMark ?? HIGH_WATER_MARK,
    // Not while the stream is being made: nobody listens to it yet, and a pipeline accepts no stream that is over already.
    construct: constructed => {
      sink.whenFailed(error => writable.destroy(error));
      constructed();
    },
    write: (value: A, _encoding, written) => sink.write(value, written),
    final: finished => sink.finish(finished),
    destroy: (error, destroyed) => {
      sink.stop(error ?? new Error('the stream was destroyed'));
      destroyed(error);
    },
  });
  return writable;
}

/**
 * {@link publishWritable} as a Web stream, for `readable.pipeTo(...)`. Holds back, ends and fails in the same way; aborting it
 * gives up what is under way.
 *
 * @example
 * ```ts
 * import { ReadableStream } from 'node:stream/web';
 * import { connect, publishWritableStream, QOS } from 'greengrass-rx';
 *
 * const proxy = connect();
 * const outcomes: string[] = [];
 * const writable = publishWritableStream(proxy, (line: string) => ({ topicName: 'lines', payload: line, qos: QOS.AT_LEAST_ONCE }), {
 *   inFlight: 2,
 *   onOutcome: outcome => outcomes.push(outcome._tag),
 * });
 * await ReadableStream.from(['one', 'two', 'three']).pipeTo(writable);
 * console.log(outcomes); // three, in the order of the answers
 * await proxy.close();
 * ```
 */
export function publishWritableStream<A, R = PublishRequest, Acc extends AcceptedBy = Accepted>(
  port: PublishPort<R, Acc>,
  request: (value: A) => NoInfer<R>,
  options: PublishWritableOptions<NoInfer<A>, NoInfer<Acc>> = {},
): WritableStream<A> {
  const sink = openPublishSink<A, R, Acc>(port, request, options);
  const settled = (begin: (done: (error?: Error) => void) => void): Promise<void> =>
    new Promise((resolve, reject) =>
      begin(error => {
        if (error === undefined) resolve();
        else reject(error);
      }),
    );
  // The globals: importing `node:stream/web` would load it at every start, and Node loads these when they are used.
  return new globalThis.WritableStream<A>(
    {
      start: controller => {
        sink.whenFailed(error => controller.error(error));
        // Not `abort`, which the platform calls only after the write under way has ended; and that may wait for the nucleus.
        const { signal } = controller as WritableStreamDefaultController & WithSignal;
        signal.addEventListener('abort', () => sink.stop(asError(signal.reason)), { once: true });
      },
      write: value => settled(written => sink.write(value, written)),
      close: () => settled(finished => sink.finish(finished)),
    },
    new globalThis.CountQueuingStrategy({ highWaterMark: options.highWaterMark ?? HIGH_WATER_MARK }),
  );
}
