import { Writable } from 'node:stream';
import { CountQueuingStrategy, WritableStream, type WritableStreamDefaultController } from 'node:stream/web';
import type { Accepted } from '../ports/mqtt-proxy.js';
import type { PublishRequest } from '../ports/mqtt-message.js';
import { asError, openPublishSink, type PublishSinkOptions } from './publish-sink.js';
import type { AcceptedBy } from './publish-outcome.js';
import type { PublishPort } from './publish-to.js';

/** How {@link publishWritable} publishes. */
export interface PublishWritableOptions<A, Acc extends AcceptedBy = Accepted> extends PublishSinkOptions<A, Acc> {
  /** Values the stream itself holds while `inFlight` are under way. Default 16. */
  readonly highWaterMark?: number | undefined;
}

const HIGH_WATER_MARK = 16;

/** Every Node this runs on has it; the types for Node 20 lack it. */
interface WithSignal {
  readonly signal: AbortSignal;
}

/**
 * `publishTo` as the end of a Node pipeline, in object mode: takes a value only when there is room for another publish, so the
 * pipeline reads no faster than
 * the nucleus accepts, and nothing is dropped. The stream finishes when every publish has its outcome. Destroying it gives up what
 * is under way.
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
    // Not while it is made: nobody listens to it yet, and a pipeline takes no stream that is over.
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
  return new WritableStream<A>(
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
    new CountQueuingStrategy({ highWaterMark: options.highWaterMark ?? HIGH_WATER_MARK }),
  );
}
