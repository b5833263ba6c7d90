import { encodeBase64 } from '../../shared/base64.js';
import { isClassicLocalWildcard, javaLevels } from '../../topic/classic-routes.js';
import type { BrokerMessage } from '../broker/broker.js';
import type { ClassicCall, Members } from '../classic/call.js';
import { gson, GsonError, hasNameTwice, untypedGson } from '../classic/gson.js';
import { nullPointer } from '../classic/replies.js';
import { blobMember, isObjectMember, MalformedMember, textMember } from '../classic/request.js';
import { EventFrames, shapeHeaders } from '../server/frames.js';
import type { SubscribeForms } from '../server/subscriptions.js';

const publishReply = shapeHeaders('PublishToTopicResponse', true, 'content first');
const subscribeReply = shapeHeaders('SubscribeToTopicResponse', false, 'content first');
const eventHeaders = shapeHeaders('SubscriptionResponseMessage', false, 'content first');

function binaryEvent(topic: string, payload: Uint8Array): string {
  return gson({ binaryMessage: { message: encodeBase64(payload), context: { topic } } });
}

const FORMS: SubscribeForms = {
  reply: subscribeReply,
  event: ({ topicName, payload }: BrokerMessage) => new EventFrames(eventHeaders, binaryEvent(topicName, payload)),
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
  call.end(() => publishReply.frame(streamId, '{}'));
  const event = eventOf(topic, message);
  if (event !== undefined) shared.local.publish(caller, { topic, ...event }, new EventFrames(eventHeaders, event.json));
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
  call.shared.local.subscribe(call, filter, FORMS, fromOthers);
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

/** `undefined`: it cannot be written, and reaches nobody. */
function eventOf(
  topic: string,
  message: Message,
): { readonly json: string; readonly isJson: boolean; readonly payload: Uint8Array } | undefined {
  if (message.kind === 'none') return { json: '{}', isJson: false, payload: new Uint8Array() };
  if (message.kind === 'binary') {
    const payload = message.bytes ?? new Uint8Array();
    return { json: binaryEvent(topic, payload), isJson: false, payload };
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
