import { decodeBase64, encodeBase64 } from '../../shared/base64.js';
import {
  GET_CONFIGURATION,
  PUBLISH,
  PUBLISH_TO_TOPIC,
  SUBSCRIBE,
  SUBSCRIBE_STATUS,
  SUBSCRIBE_TO_CONFIGURATION_UPDATE,
  SUBSCRIBE_TO_TOPIC,
  UPDATE_CONFIGURATION,
  UPDATE_STATE,
} from '../../shared/operations.js';
import { liteGetConfiguration, liteSubscribeToConfiguration, liteUpdateConfiguration } from '../configuration/operations.js';
import { liteUpdateState } from '../lifecycle/operations.js';
import { litePublishToTopic, liteSubscribeToTopic } from '../pubsub/operations.js';
import { followConnectionStatus, type Members, notInLocalNucleus, Operations } from '../server/call.js';
import { SubscribeExchange, type SubscribeForms } from '../server/subscriptions.js';
import {
  INVALID_PARAMETERS,
  LiteCall,
  liteEvent,
  litePublishReply,
  type LiteShared,
  liteStatusEvent,
  liteStatusReply,
  liteSubscribeReply,
  readQos,
} from './call.js';
import { parseMembers } from './json.js';

const NOT_PUBLISHED = 'Failed to publish the message.';

/**
 * `PublishToIoTCore` on Lite. Success means: handed to the MQTT client. There is no spool, and what no broker takes (a
 * wildcard, a topic too long) is a success all the same.
 *
 * Source: observed on Greengrass Lite 2.6.0; `publish_to_iot_core.c`, in its order of checks.
 */
export function litePublish(call: LiteCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const { faults, link } = shared.context;
  const { topicName, payload: base64 = '' } = members;
  if (typeof topicName !== 'string' || typeof base64 !== 'string') return call.fail(INVALID_PARAMETERS);
  const qos = readQos(members['qos']);
  if ('problem' in qos) return call.fail(qos.problem, topicName);
  const payload = decodeBase64(base64);
  // Its decoder wants nothing in the bits of the last letter that do not count.
  if (payload === undefined || !base64.endsWith(encodeBase64(payload.subarray(lastGroup(payload.length)))))
    return call.fail("'payload' is not valid base64.", topicName);
  if (!call.may(topicName)) return call.unauthorized(topicName);
  if (shared.waitsInVain(() => call.fail(NOT_PUBLISHED, topicName))) return;
  // With every subscription taken there is no handle left to reach the MQTT client with.
  if (!link.isUp || shared.isFull || faults.spoolFull.strike(caller.component)) return call.fail(NOT_PUBLISHED, topicName);
  const message = { topicName, payload, qos: qos.value };
  const hand = shared.window.reserve(message);
  if (hand === undefined) return call.fail(NOT_PUBLISHED, topicName);
  caller.published(message);
  call.reply(() => litePublishReply.frame(streamId, '{}'));
  const withheld = faults.withholdPubacks.strike(caller.component)?.parameter;
  hand(
    withheld === undefined
      ? undefined
      : release => {
          withheld.hold(release);
        },
  );
}

/** Where the last three bytes, or what is left of them, begin. */
function lastGroup(length: number): number {
  return Math.max(0, Math.floor((length - 1) / 3) * 3);
}

const MAX_FILTER_BYTES = 256;
const NOT_BOUND = 'Failed to bind the subscription.';
const FORMS: SubscribeForms = { reply: liteSubscribeReply, event: liteEvent, dropsEarlyMessages: false, about: 'subscribe' };

/**
 * `SubscribeToIoTCore` on Lite. Success means: written to the MQTT socket; the SUBACK is not looked at.
 *
 * Source: observed on Greengrass Lite 2.6.0; `subscribe_to_iot_core.c`, in its order of checks.
 */
function liteSubscribe(call: LiteCall, members: Members): void {
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
    caller.changed('unsubscribed', streamId, filter);
  });
  if (!faults.denySubscription.strike(caller.component)) shared.subscribe(subscription);
  subscription.begin();
  caller.changed('subscribed', streamId, filter);
}

/** What Lite does and the local nucleus does not. Source: the services of `ggipcd`. */
const OFFERED: ReadonlySet<string> = new Set(
  ['CreateLocalDeployment', 'RestartComponent', 'ValidateAuthorizationToken'].map(name => `aws.greengrass#${name}`),
);

/** How an operation is done. */
type Handler = (call: LiteCall, members: Members) => void;

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [PUBLISH, litePublish],
  [SUBSCRIBE, liteSubscribe],
  [
    SUBSCRIBE_STATUS,
    ({ caller, shared, streams, streamId }) => {
      streams.keep(streamId, followConnectionStatus(caller.peer, shared.context.link, streamId, liteStatusReply, liteStatusEvent));
    },
  ],
  [PUBLISH_TO_TOPIC, litePublishToTopic],
  [SUBSCRIBE_TO_TOPIC, liteSubscribeToTopic],
  [GET_CONFIGURATION, liteGetConfiguration],
  [UPDATE_CONFIGURATION, liteUpdateConfiguration],
  [SUBSCRIBE_TO_CONFIGURATION_UPDATE, liteSubscribeToConfiguration],
  [UPDATE_STATE, liteUpdateState],
]);

/** The operations of one authenticated connection to Greengrass Lite. */
export class LiteOperations extends Operations<LiteShared> {
  execute(streamId: number, operation: string, payload: string): void {
    this.caller.asks(operation, payload);
    const call = this.#call(streamId, operation);
    const members = parseMembers(payload);
    const handle = operation === SUBSCRIBE_STATUS && !this.shared.context.connectionStatus ? undefined : HANDLERS.get(operation);
    if (members === undefined) call.failSilently('the payload is not JSON that Greengrass Lite reads');
    else if (handle === undefined) this.#decline(call);
    else handle(call, members);
  }

  /**
   * Refuses an operation that is not done here, in the same words whether Lite has it or not: the client is not told which of the two lacks
   * it. The event says so.
   */
  #decline(call: LiteCall): void {
    const { operation } = call;
    if (OFFERED.has(operation)) call.failSilently(notInLocalNucleus(operation));
    else call.failSilently(`Greengrass Lite has no operation ${operation}`);
  }

  /** Answers what is no request. */
  refuse(streamId: number, operation: string): void {
    this.#call(streamId, operation).failSilently('the message is not a request');
  }

  #call(streamId: number, operation: string): LiteCall {
    return new LiteCall(this, streamId, operation);
  }
}
