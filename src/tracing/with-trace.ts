import type { PublishRequest } from '../ports/mqtt-proxy.js';
import { atOnce } from '../shared/check-argument.js';
import { mqttKind } from './kinds.js';
import { Sending } from './send.js';
import { tracerOf } from './spans.js';
import { type Traced, tracesOf } from './trace-context.js';
import type { TracedOptions } from './traced.js';

/**
 * Requests that carry their trace context where they are kept: goes around the function that `storeIn` takes. The message is stored with the context of a
 * span `create <topic>`, a child of what the value comes from. A `forwardFrom` over a traced proxy with the same `carrier` goes on with it, after a power
 * cut as well.
 *
 * @param request makes the message of a value. The context is that of `trace` in the request, or of the value's.
 *
 * @example
 * ```ts
 * import { connect, QOS } from 'greengrass-rx';
 * import { forwardFrom, openOutbox, storeIn } from 'greengrass-rx/outbox';
 * import { traced, withTrace } from 'greengrass-rx/tracing';
 * import { of } from 'rxjs';
 *
 * const proxy = traced(connect());
 * const outbox = openOutbox({ path: ':memory:' });
 * const stored$ = of({ kWh: 3 }).pipe(
 *   storeIn(outbox, withTrace(({ kWh }) => ({ topicName: 'meters/7', payload: JSON.stringify({ kWh }), qos: QOS.AT_LEAST_ONCE }))),
 * );
 * const forwarded$ = forwardFrom(outbox, proxy);
 * console.log(typeof stored$.subscribe, typeof forwarded$.subscribe); // function function
 * await proxy.close();
 * ```
 */
export function withTrace<A>(
  request: (value: A) => PublishRequest & Traced,
  { carrier = 'userProperties', tracerProvider }: TracedOptions = {},
): (value: A) => PublishRequest {
  const tracer = tracerOf(tracerProvider);
  const kind = mqttKind(carrier);
  const way = new Sending(kind);
  return value => {
    const made = atOnce(request(value), 'request');
    const present = tracer();
    if (present === undefined) return kind.untraced(made);
    const { span, sent } = way.begin(present, 'create', made.trace === undefined ? { ...made, trace: tracesOf(value) } : made);
    span.end();
    return sent;
  };
}
