import { Writable } from 'node:stream';
import type { WritableStream } from 'node:stream/web';
import type { Either } from 'fp-ts/lib/Either.js';
import { Observable } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import type { PublishRequest } from '../proxy/mqtt-message.js';
import type { PublishFailure, Published } from './publish-outcome.js';
import { publishTo, type PublishPort, type PublishToOptions } from './publish-to.js';
import type { Intake } from './stage.js';

/** How {@link publishWritable} publishes. */
export interface PublishWritableOptions<A> extends Omit<PublishToOptions<A>, 'buffer'> {
  /**
   * Sees the outcome of every value. With it, a failed publish does not end the stream unless it is terminal. Without it, the first one
   * destroys the stream with its error, so that `pipeline` rejects.
   */
  readonly onOutcome?: ((outcome: Either<PublishFailure<A>, Published<A>>) => void) | undefined;
  /** Values the stream itself holds while `inFlight` are under way. Default 16. */
  readonly highWaterMark?: number | undefined;
}

/**
 * `publishTo` as the end of a Node pipeline, in object mode: takes a value only when there is room for another publish, so the pipeline reads no faster than
 * the nucleus accepts, and nothing is dropped. The stream finishes when every publish has its outcome. Destroying it gives up what is under way.
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
export const publishWritable = <A>(
  proxy: PublishPort,
  request: (value: A) => PublishRequest,
  options: PublishWritableOptions<NoInfer<A>> = {},
): Writable => {
  const { onOutcome, highWaterMark = 16 } = options;
  const stage = publishTo<A>(proxy, request, { name: 'publishWritable', ...options });
  let intake: Intake<A> | undefined;
  let wroteAndWaits: (() => void) | undefined;
  let finishing: (() => void) | undefined;

  const onRoom = (): void => {
    const resume = wroteAndWaits;
    wroteAndWaits = undefined;
    resume?.();
  };
  const onResult = (outcome: Either<PublishFailure<A> | Overflowed, Published<A>>): void => {
    if (outcome._tag === 'Right') {
      onOutcome?.(outcome);
      return;
    }
    const error = outcome.left;
    // Cannot be: a value is written only when there is room. Should it be, nothing must go unseen.
    if (error._tag === 'Overflowed') {
      writable.destroy(error);
      return;
    }
    onOutcome?.({ _tag: 'Left', left: error });
    if (onOutcome === undefined || error.kind === 'terminal') writable.destroy(error);
  };
  const outcomes$ = new Observable<Either<PublishFailure<A> | Overflowed, Published<A>>>(destination => {
    intake = stage.open(destination, onRoom);
  });

  const writable = new Writable({
    objectMode: true,
    highWaterMark,
    write: (value: A, _encoding, written) => {
      intake?.receive(value);
      if (intake?.hasRoom === true) written();
      else wroteAndWaits = written;
    },
    final: finished => {
      finishing = finished;
      intake?.complete();
    },
    destroy: (error, destroyed) => {
      subscription.unsubscribe();
      destroyed(error);
    },
  });
  const subscription = outcomes$.subscribe({
    next: outcome => {
      try {
        onResult(outcome);
      } catch (error) {
        writable.destroy(error instanceof Error ? error : new Error('onOutcome threw something that is not an Error', { cause: error }));
      }
    },
    error: error =>
      writable.destroy(error instanceof Error ? error : new Error('request threw something that is not an Error', { cause: error })),
    complete: () => finishing?.(),
  });
  return writable;
};

/** {@link publishWritable} as a Web stream, for `readable.pipeTo(...)`. Ends, fails and holds back in the same way. */
export const publishWritableStream = <A>(
  proxy: PublishPort,
  request: (value: A) => PublishRequest,
  options: PublishWritableOptions<NoInfer<A>> = {},
): WritableStream<A> => Writable.toWeb(publishWritable(proxy, request, options)) as WritableStream<A>;
