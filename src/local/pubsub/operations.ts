import { LITE_MAX_FRAME } from '../../ipc/wire/frame.js';
import { encodeBase64 } from '../../shared/base64.js';
import { isDeeperThan, isJsonObject } from '../../shared/check-argument.js';
import { isClassicLocalWildcard, javaLevels } from '../../topic/topic-matches.js';
import type { BrokerMessage } from '../broker/broker.js';
import { type ClassicCall, nullPointer } from '../classic/call.js';
import { gson, GsonError, hasNameTwice, untypedGson } from '../classic/gson.js';
import { blobMember, isObjectMember, MalformedMember, textMember } from '../classic/request.js';
import { INVALID_PARAMETERS, type LiteCall } from '../lite/call.js';
import { liteJson } from '../lite/json.js';
import type { Members } from '../server/call.js';
import { EventFrames, shapeHeaders } from '../server/frames.js';
import type { SubscribeForms } from '../server/subscriptions.js';

const classicPublishReply = shapeHeaders('PublishToTopicResponse', true, 'content first');
const classicSubscribeReply = shapeHeaders('SubscribeToTopicResponse', false, 'content first');
const classicEventHeaders = shapeHeaders('SubscriptionResponseMessage', false, 'content first');

function classicBinaryEvent(topic: string, payload: Uint8Array): string {
  return gson({ binaryMessage: { message: encodeBase64(payload), context: { topic } } });
}

const CLASSIC_FORMS: SubscribeForms = {
  reply: classicSubscribeReply,
  event: ({ topicName, payload }: BrokerMessage) => new EventFrames(classicEventHeaders, classicBinaryEvent(topicName, payload)),
  dropsEarlyMessages: false,
  about: 'localSubscribe',
};

/** What a publish carries. The message itself can be missing, which only shows when the handler opens it. */
type Message =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: object | undefined }
  | { readonly kind: 'binary'; readonly bytes: Buffer | undefined };

/**
 * `PublishToTopic` on the classic nucleus. Success means: on its way to each subscription there is.
 *
 * Source: `PubSubIPCEventStreamAgent` of the nucleus, in its order of checks, and as observed.
 */
export function classicPublishToTopic(call: ClassicCall, members: Members): void {
  const { caller, shared, streamId } = call;
  const topic = textMember(members, 'topic');
  const message = readMessage(members['publishMessage']);
  if (!isAuthorized(call, topic)) return;
  if (message === undefined) {
    const because = 'the return value of "software.amazon.awssdk.aws.greengrass.model.PublishToTopicRequest.getPublishMessage()" is null';
    const text = `Cannot invoke "software.amazon.awssdk.aws.greengrass.model.PublishMessage.selfDesignateSetUnionMember()" because ${because}`;
    return call.fail('ServiceError', text, topic);
  }
  if ((message.kind === 'json' && message.value === undefined) || (message.kind === 'binary' && message.bytes === undefined))
    return call.fail('ServiceError', undefined, topic);
  if (topic === undefined) return call.fail('InvalidArgumentsError', 'Publish topic must not be null');
  if (/[+#*]/.test(topic)) return call.fail('InvalidArgumentsError', 'Publish topic must not contain a wildcard.', topic);
  if (javaLevels(topic).length === 0) return call.fail('ServiceError', 'Index 0 out of bounds for length 0', topic);
  call.end(() => classicPublishReply.frame(streamId, '{}'));
  const event = classicEventOf(topic, message);
  if (event !== undefined) shared.local.publish(caller, { topic, ...event }, new EventFrames(classicEventHeaders, event.json));
}

/**
 * `SubscribeToTopic` on the classic nucleus.
 *
 * Source: `PubSubIPCEventStreamAgent` of the nucleus.
 */
export function classicSubscribeToTopic(call: ClassicCall, members: Members): void {
  const filter = textMember(members, 'topic');
  const mode = textMember(members, 'receiveMode');
  if (!isAuthorized(call, filter)) return;
  if (filter === undefined) return call.fail('InvalidArgumentsError', 'Subscribe topic must not be empty');
  const fromOthers = mode === 'RECEIVE_ALL_MESSAGES' ? false : mode === 'RECEIVE_MESSAGES_FROM_OTHERS' || isClassicLocalWildcard(filter);
  call.shared.local.subscribe(call, filter, CLASSIC_FORMS, fromOthers);
}

export const PUBLISH_TO_TOPIC_NULL: string = nullPointer('PublishToTopicRequest.getTopic()', 'publishRequest');
export const SUBSCRIBE_TO_TOPIC_NULL: string = nullPointer('SubscribeToTopicRequest.getTopic()', 'subscribeRequest');

/** A topic that is missing passes where a policy has the operation at all. */
function isAuthorized(call: ClassicCall, topic: string | undefined): boolean {
  const { caller, operation } = call;
  if (caller.may(operation, topic)) return true;
  const principal = `Principal ${caller.component} is not authorized to perform aws.greengrass.ipc.pubsub:${operation}`;
  call.fail('UnauthorizedError', topic === '' ? 'Resource cannot be empty' : `${principal} on resource ${String(topic ?? null)}`, topic);
  return false;
}

function readMessage(value: unknown): Message | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObjectMember(value)) throw new MalformedMember('publishMessage');
  const { jsonMessage: json, binaryMessage: binary } = value;
  for (const member of [json, binary]) {
    if (member !== undefined && member !== null && !isObjectMember(member)) throw new MalformedMember('publishMessage');
  }
  const isJson = isObjectMember(json);
  if (isJson && isObjectMember(binary)) throw new MalformedMember('publishMessage');
  if (isObjectMember(binary)) return { kind: 'binary', bytes: blobMember(binary, 'message') };
  if (!isJson) return { kind: 'none' };
  const message = json['message'] ?? undefined;
  if (message !== undefined && (!isObjectMember(message) || hasNameTwice(message))) throw new MalformedMember('message');
  return { kind: 'json', value: message };
}

/** The event of a message; `undefined` where it cannot be written, and so reaches nobody. */
function classicEventOf(
  topic: string,
  message: Message,
): { readonly json: string; readonly isJson: boolean; readonly payload: Uint8Array } | undefined {
  if (message.kind === 'none') return { json: '{}', isJson: false, payload: new Uint8Array() };
  if (message.kind === 'binary') {
    const payload = message.bytes ?? new Uint8Array();
    return { json: classicBinaryEvent(topic, payload), isJson: false, payload };
  }
  try {
    const text = untypedGson(message.value);
    const context = gson({ topic });
    return { json: `{"jsonMessage":{"message":${text},"context":${context}}}`, isJson: true, payload: Buffer.from(text) };
  } catch (error) {
    if (error instanceof GsonError) return undefined;
    throw error;
  }
}

const LITE_MAX_TOPIC_BYTES = 256;
/** Maps and lists in one another that a message may have. From 16 on a device takes seconds, then minutes, and serves nobody meanwhile. */
const LITE_MAX_DEPTH = 13;
const NOT_PUBLISHED = 'Failed to publish the message.';
const NOT_BOUND = 'Failed to bind subscription.';

const litePublishReply = shapeHeaders('PublishToTopicResponse', false, 'content last');
const liteSubscribeReply = shapeHeaders('SubscribeToTopicResponse', false, 'content last');
const liteEventHeaders = shapeHeaders('SubscriptionResponseMessage', false, 'content last');

function liteEventJson(kind: 'jsonMessage' | 'binaryMessage', topic: string, message: string): string {
  return `{"${kind}":{"context":{"topic":${JSON.stringify(topic)}},"message":${message}}}`;
}

const LITE_FORMS: SubscribeForms = {
  reply: liteSubscribeReply,
  event: ({ topicName, payload }: BrokerMessage) =>
    new EventFrames(liteEventHeaders, liteEventJson('binaryMessage', topicName, `"${encodeBase64(payload)}"`)),
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
  const isTooLong = Buffer.byteLength(topic) > LITE_MAX_TOPIC_BYTES;
  if (isTooLong || isDeeperThan(message, LITE_MAX_DEPTH) || shared.isPubsubDown) return call.fail(NOT_PUBLISHED, topic);
  const text = liteJson(message);
  const event = liteEventJson(isJson ? 'jsonMessage' : 'binaryMessage', topic, text);
  const payload = Buffer.from(typeof message === 'string' && !isJson ? message : text, isJson ? 'utf8' : 'base64');
  const frames = new EventFrames(liteEventHeaders, event);
  if (frames.for(streamId).length > LITE_MAX_FRAME) {
    const reason = `the event for ${topic} is too large for Lite`;
    shared.context.observe({ kind: 'dropped', connection: undefined, component: undefined, messages: 1, reason });
  } else shared.local.publish(caller, { topic, isJson, payload }, frames);
  call.reply(() => litePublishReply.frame(streamId, '{}'));
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
  if (filter === '' || Buffer.byteLength(filter) > LITE_MAX_TOPIC_BYTES || isFull || shared.isPubsubDown)
    return call.fail(NOT_BOUND, filter);
  shared.local.subscribe(call, filter, LITE_FORMS, false);
}
