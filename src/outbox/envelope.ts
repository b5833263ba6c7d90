import { randomUUID } from 'node:crypto';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { DeclaredMarks } from '../flow/account.js';
import { MARKS } from '../flow/publish-to.js';
import type { PublishRequest } from '../ports/mqtt-message.js';
import { marked } from './mark.js';

/** What the envelopes of {@link envelope} say besides the number and the time. */
export interface EnvelopeOptions {
  /** What is numbered by itself. Default: the empty name, as with `storeIn`. */
  readonly stream?: string | undefined;
  /** The clock. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

const AROUND: DeclaredMarks = { as: 'wrap', tellsOldest: false, maxAge: 0 };

/**
 * Requests whose payloads are in the same envelope that an outbox with `mark: 'wrap'` puts them in, for what is published directly: id,
 * time, `replayed: false`. `markOf`, `dedupe`, `missing` and the tables that `greengrass-rx cloud` derives take both.
 *
 * The epoch is made when `envelope` is called, and numbers go up from 1 with each request made, so what could not be published is missing to the
 * receiver: a gap. `publishTo` makes one request for a value, however often it tries.
 *
 * A payload that is JSON stands in it as it is, any other as base64.
 *
 * @param request makes the message of a value.
 *
 * @example
 * ```ts
 * import { connect, publishTo, QOS, runToEnd } from 'greengrass-rx';
 * import { envelope } from 'greengrass-rx/outbox';
 * import { of } from 'rxjs';
 *
 * const proxy = connect();
 * const request = envelope((kWh: number) => ({ topicName: 'meters/7', payload: JSON.stringify({ kWh }), qos: QOS.AT_LEAST_ONCE }));
 * const outcomes$ = of(1.5).pipe(publishTo(proxy, request, { topics: ['meters/7'] }));
 * await runToEnd(outcomes$, { onLeft: failure => console.error(failure.message) });
 * await proxy.close();
 * console.log(request(1.7).payload); // {"epoch":"…","stream":"","number":2,"storedAt":…,"attempt":1,"replayed":false,"lost":[],"payload":{"kWh":1.7}}
 * ```
 */
export function envelope<A>(request: (value: A) => PublishRequest, options: EnvelopeOptions = {}): (value: A) => PublishRequest {
  const { stream = '', scheduler = asyncScheduler } = options;
  const epoch = randomUUID();
  let number = 0;
  const inEnvelope = (value: A): PublishRequest => {
    const plain = request(value);
    number++;
    return marked(plain, { epoch, stream, number, storedAt: scheduler.now(), attempt: 1, replayed: false, lost: [] }, 'wrap');
  };
  return Object.assign(inEnvelope, { [MARKS]: AROUND });
}
