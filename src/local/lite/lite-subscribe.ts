import type { LiteCall } from './lite-call.js';
import { liteEvent, liteSubscribeReply } from './lite-replies.js';
import { INVALID_PARAMETERS, readQos, type Members } from './lite-request.js';
import { SubscribeExchange, type SubscribeForms } from '../server/subscribe-exchange.js';

const MAX_FILTER_BYTES = 256;
const NOT_BOUND = 'Failed to bind the subscription.';
const FORMS: SubscribeForms = { reply: liteSubscribeReply, event: liteEvent, dropsEarlyMessages: false, about: 'subscribe' };

/**
 * `SubscribeToIoTCore` on Lite. Success means: written to the MQTT socket; the SUBACK is not looked at.
 *
 * Source: observed on Greengrass Lite 2.6.0; `subscribe_to_iot_core.c`, in its order of checks.
 */
export function liteSubscribe(call: LiteCall, members: Members): void {
  const { caller, shared, streams, streamId } = call;
  const { faults, link } = shared.context;
  const { topicName: filter } = members;
  if (typeof filter !== 'string') return call.fail(INVALID_PARAMETERS);
  // A null is as good as none here, and not in a publish.
  const qos = readQos(members['qos'] ?? undefined);
  if ('problem' in qos) return call.fail(qos.problem, filter);
  if (!call.may(filter)) return call.unauthorized(filter);
  if (shared.waitsInVain(() => call.fail(NOT_BOUND, filter))) return;
  if (Buffer.byteLength(filter) > MAX_FILTER_BYTES || !shared.hasSlot || !link.isUp) return call.fail(NOT_BOUND, filter);
  const subscription = new SubscribeExchange(call, filter, qos.value, FORMS);
  streams.keep(streamId, () => {
    shared.unsubscribe(subscription);
    caller.unsubscribed(streamId, filter);
  });
  if (!faults.denySubscription.strike(caller.component)) shared.subscribe(subscription);
  subscription.begin();
  caller.subscribed(streamId, filter);
}
