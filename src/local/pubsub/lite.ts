import { LITE_MAX_FRAME } from '../../ipc/wire/frame.js';
import { encodeBase64 } from '../../shared/base64.js';
import { isJsonObject } from '../../shared/check-argument.js';
import type { BrokerMessage } from '../broker/broker.js';
import type { LiteCall } from '../lite/call.js';
import { liteDepth, liteJson } from '../lite/replies.js';
import { INVALID_PARAMETERS, type Members } from '../lite/request.js';
import { EventFrames, shapeHeaders } from '../server/frames.js';
import type { SubscribeForms } from '../server/subscriptions.js';

const MAX_TOPIC_BYTES = 256;
/** Maps and lists in one another that a message may have. From 16 on a device takes seconds, then minutes, and serves nobody meanwhile. */
const MAX_DEPTH = 13;
const NOT_PUBLISHED = 'Failed to publish the message.';
const NOT_BOUND = 'Failed to bind subscription.';

const publishReply = shapeHeaders('PublishToTopicResponse', false, 'content last');
const subscribeReply = shapeHeaders('SubscribeToTopicResponse', false, 'content last');
const eventHeaders = shapeHeaders('SubscriptionResponseMessage', false, 'content last');

function eventJson(kind: 'jsonMessage' | 'binaryMessage', topic: string, message: string): string {
  return `{"${kind}":{"context":{"topic":${JSON.stringify(topic)}},"message":${message}}}`;
}

const FORMS: SubscribeForms = {
  reply: subscribeReply,
  event: ({ topicName, payload }: BrokerMessage) =>
    new EventFrames(eventHeaders, eventJson('binaryMessage', topicName, `"${encodeBase64(payload)}"`)),
  dropsEarlyMessages: false,
  about: 'localSubscribe',
};

/**
 * `PublishToTopic` on Lite. Success means: written to each subscription there is. Base64 is passed on as it is written, and a topic with
 * wildcards is a topic.
 *
 * Source: `publish_to_topic.c` and `ggpubsubd` of Greengrass Lite, in their order of checks, and as observed.
 */
export function litePublishToTopic(call: LiteCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const { topic, publishMessage } = members;
  const { jsonMessage, binaryMessage } = isJsonObject(publishMessage) ? publishMessage : {};
  const isJson = jsonMessage !== undefined;
  const wrapped = isJson ? jsonMessage : binaryMessage;
  const isOne = isJson !== (binaryMessage !== undefined);
  const message = isJsonObject(wrapped) ? wrapped['message'] : undefined;
  if (typeof topic !== 'string' || !isOne || message === undefined) return call.fail(INVALID_PARAMETERS);
  if (!isJson && typeof message !== 'string') return call.fail(INVALID_PARAMETERS);
  if (!call.may(topic)) return call.unauthorized(topic);
  const isTooLong = Buffer.byteLength(topic) > MAX_TOPIC_BYTES;
  if (isTooLong || liteDepth(message) > MAX_DEPTH || shared.isPubsubDown) return call.fail(NOT_PUBLISHED, topic);
  const text = liteJson(message);
  const event = eventJson(isJson ? 'jsonMessage' : 'binaryMessage', topic, text);
  const payload = Buffer.from(typeof message === 'string' && !isJson ? message : text, isJson ? 'utf8' : 'base64');
  const frames = new EventFrames(eventHeaders, event);
  if (frames.for(streamId).length > LITE_MAX_FRAME) {
    const reason = `the event for ${topic} is too large for Lite`;
    shared.context.observe({ kind: 'dropped', connection: undefined, component: undefined, messages: 1, reason });
  } else shared.local.publish(caller, { topic, isJson, payload }, frames);
  call.reply(() => publishReply.frame(streamId, '{}'));
}

/**
 * `SubscribeToTopic` on Lite, which does not read `receiveMode`: a component gets its own messages too.
 *
 * Source: `subscribe_to_topic.c` and `ggpubsubd` of Greengrass Lite, in their order of checks.
 */
export function liteSubscribeToTopic(call: LiteCall, members: Members): void {
  const { caller, shared } = call;
  const { topic: filter } = members;
  if (typeof filter !== 'string') return call.fail(INVALID_PARAMETERS);
  if (!call.may(filter)) return call.unauthorized(filter);
  const isObserver = shared.context.isObserver(caller.component);
  const isFull = !isObserver && !shared.hasLocalSlot;
  if (filter === '' || Buffer.byteLength(filter) > MAX_TOPIC_BYTES || isFull || shared.isPubsubDown) return call.fail(NOT_BOUND, filter);
  shared.local.subscribe(call, filter, FORMS, false);
}
