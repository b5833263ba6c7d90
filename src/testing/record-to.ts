import { isRight, left, type Either } from 'fp-ts/lib/Either.js';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { asyncScheduler, defer, map, type Observable, type SchedulerLike } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import { toReadable, type ToReadableOptions } from '../flow/to-readable.js';
import type { MqttMessage } from '../ports/mqtt-message.js';
import { lineOf, type RecordedError } from './recording.js';

/** How {@link recordTo} records. */
export interface RecordOptions extends Pick<ToReadableOptions<unknown>, 'name' | 'ledger'> {
  /** Lines that may wait for the disk. Default 1 000, and then the oldest are dropped: the recording says how many. */
  readonly buffer?: ToReadableOptions<TimedElement>['buffer'];
  /** The clock. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** An element, with the milliseconds since the recording began. */
export interface TimedElement {
  readonly at: number;
  readonly element: Either<RecordedError, MqttMessage>;
}

/**
 * Records a live subscription to a file, or to any stream of bytes, as the lines of `recordLines`. Resolves when the subscription has
 * completed and all is written; rejects when it cannot be written, and then has unsubscribed.
 *
 * Memory: at most the lines of `buffer`. What found that full stands in the recording as a `Left` with the tag `Overflowed`.
 *
 * @example
 * ```ts
 * import { connect, QOS } from 'greengrass-rx';
 * import { recordTo } from 'greengrass-rx/testing';
 * import { createWriteStream } from 'node:fs';
 * import { devNull } from 'node:os';
 * import { takeUntil, timer } from 'rxjs';
 *
 * const proxy = connect();
 * const messages$ = proxy.subscribe({ topicName: 'sensors/#', qos: QOS.AT_LEAST_ONCE });
 * await recordTo(createWriteStream(devNull), messages$.pipe(takeUntil(timer(50)))); // a file's name, such as 'monday.ndjson'
 * await proxy.close();
 * ```
 */
export async function recordTo(
  destination: Writable,
  source$: Observable<Either<RecordedError, MqttMessage>>,
  { scheduler = asyncScheduler, name = 'recordTo', ...options }: RecordOptions = {},
): Promise<void> {
  const began = scheduler.now();
  const elapsed = (): number => scheduler.now() - began;
  const timed$ = defer(() => source$.pipe(map((element): TimedElement => ({ at: elapsed(), element }))));
  await pipeline(
    toReadable(timed$, { name, ...options }),
    async function* (elements: AsyncIterable<Either<Overflowed, TimedElement>>) {
      for await (const one of elements) {
        const { at, element } = isRight(one) ? one.right : { at: elapsed(), element: left(one.left) };
        yield `${JSON.stringify(lineOf(at, element))}\n`;
      }
    },
    destination,
  );
}
