import type { BrokerMessage } from '../broker/broker.js';
import type { MqttVersion } from '../nucleus.js';
import type { Members } from '../server/call.js';
import { SubscribeExchange, type SubscribeForms } from '../server/subscriptions.js';
import { type ClassicCall, type ClassicErrorCode, classicEvent, classicPublishReply, classicSubscribeReply, nullPointer } from './call.js';
import { blobMember, booleanMember, integerMember, textMember, userPropertiesMember } from './request.js';

/**
 * `PublishToIoTCore` on the classic nucleus. Success means: in the spool.
 *
 * Source: `MqttProxyIPCAgent` and `MqttClient.publish` of the nucleus, in their order of checks.
 */
export function classicPublish(call: ClassicCall, members: Members): void {
  const { caller, shared, streamId, operation } = call;
  const { context, limits, spool } = shared;
  const { topicName, payload, qos, userProperties: properties, ...rest } = readMembers(members);
  const fail = (code: ClassicErrorCode, message: string): void => {
    call.fail(code, message, topicName);
  };
  if (topicName === undefined) return fail('InvalidArgumentsError', 'Topic is required');
  if (!caller.may(operation, topicName)) return fail('UnauthorizedError', 'Not Authorized');
  if (payload === undefined) return fail('InvalidArgumentsError', 'Payload is required');
  if (qos === undefined) return fail('InvalidArgumentsError', 'QoS is required');
  if (qos !== '0' && qos !== '1') return fail('InvalidArgumentsError', `Invalid QoS value: ${qos}`);
  const userProperties = properties?.filter(property => property !== null);
  if (userProperties?.length !== properties?.length) return fail('ServiceError', nullPointer('UserProperty.getKey()', 'u'));
  const message: BrokerMessage = {
    topicName,
    payload,
    qos: qos === '1' ? 1 : 0,
    ...(limits.mqttVersion === 'mqtt5' ? { ...rest, userProperties } : { retain: rest.retain }),
  };
  const problem =
    sizeProblem(payload.length, limits.maxPayload) ??
    classicTopicProblem(topicName, 'publish', limits.mqttVersion) ??
    (qos === '0' && !context.link.isUp ? 'Device is offline. Dropping QoS 0 message.' : undefined) ??
    (context.faults.spoolFull.strike(caller.component) ? 'Message spool is full. Message could not be added.' : spool.add(message));
  if (problem !== undefined) return fail('ServiceError', `Publish to topic ${topicName} failed: ${problem}`);
  caller.published(message);
  call.end(() => classicPublishReply.frame(streamId, '{}'));
  spool.drain();
}

/**
 * All members are read before any is checked: Gson has parsed the whole request when the handler begins. `contentType` is left
 * out on purpose: the nucleus forgets it.
 */
function readMembers(members: Members) {
  return {
    topicName: textMember(members, 'topicName'),
    payload: blobMember(members, 'payload'),
    qos: textMember(members, 'qos'),
    retain: booleanMember(members, 'retain'),
    userProperties: userPropertiesMember(members),
    messageExpiryIntervalSeconds: integerMember(members, 'messageExpiryIntervalSeconds'),
    correlationData: blobMember(members, 'correlationData'),
    responseTopic: textMember(members, 'responseTopic'),
    payloadFormat: textMember(members, 'payloadFormat') === '1' ? ('1' as const) : ('0' as const),
  };
}

function sizeProblem(bytes: number, limit: number): string | undefined {
  return bytes > limit ? `The publishing message size ${bytes} bytes exceeds the configured limit of ${limit} bytes` : undefined;
}

const FORMS: SubscribeForms = { reply: classicSubscribeReply, event: classicEvent, dropsEarlyMessages: true, about: 'subscribe' };

/** MQTT 5's reason code of a SUBACK for a filter that the broker's own policy does not allow. */
const NOT_AUTHORIZED = { reasonString: null, reasonCode: 135 };

const CRT_EXCEPTION = 'java.util.concurrent.CompletionException: software.amazon.awssdk.crt.CrtRuntimeException: ';
/** What a subscribe that meets an offline device is told. */
const OFFLINE =
  CRT_EXCEPTION +
  "Mqtt5 operation failed due to a disconnection event in conjunction with the client's offline queue retention policy. " +
  'AWS_ERROR_MQTT5_OPERATION_FAILED_DUE_TO_OFFLINE_QUEUE_POLICY(5156).';
/** A filter that MQTT does not allow. It never leaves the device. */
const INVALID_FILTER = CRT_EXCEPTION + 'Invalid mqtt5 subscribe packet options value. AWS_ERROR_MQTT5_SUBSCRIBE_OPTIONS_VALIDATION(5144)';

/**
 * `SubscribeToIoTCore` on the classic nucleus.
 *
 * Source: `MqttProxyIPCAgent` and `MqttClient.subscribe` of the nucleus, in their order of checks.
 */
export function classicSubscribe(call: ClassicCall, members: Members): void {
  const { caller, shared, streams, streamId, operation } = call;
  const { faults, link } = shared.context;
  const filter = textMember(members, 'topicName');
  const qos = textMember(members, 'qos');
  const fail = (code: ClassicErrorCode, message: string, context?: Members): void => {
    call.fail(code, message, filter, context);
  };
  if (filter === undefined) return fail('InvalidArgumentsError', 'Topic is required');
  if (!caller.may(operation, filter)) return fail('UnauthorizedError', 'Not Authorized');
  if (qos === undefined) return fail('InvalidArgumentsError', 'QoS is required');
  if (qos !== '0' && qos !== '1') return fail('InvalidArgumentsError', `Invalid QoS value: ${qos}`);
  const refuse: Refuse = (text, context) => {
    fail('ServiceError', `Subscribe to topic ${filter} failed with error ${text}`, context);
  };
  const problem = classicTopicProblem(filter, 'subscribe', shared.limits.mqttVersion);
  if (problem !== undefined) return refuse(`com.aws.greengrass.mqttclient.MqttRequestException: ${problem}`);
  if (faults.denySubscription.strike(caller.component)) return refuse('NOT_AUTHORIZED', NOT_AUTHORIZED);
  const begin = (): void => {
    activate(call, filter, qos === '1' ? 1 : 0, refuse);
  };
  if (link.wasEverUp) return begin();
  // Before the first connection to the cloud the reply waits for it, for days if need be.
  const cancel = link.onChange(() => {
    cancel();
    begin();
  });
  streams.keep(streamId, cancel);
}

/** The answer follows the broker's SUBACK, as on a device. */
function activate(call: ClassicCall, filter: string, qos: 0 | 1, refuse: Refuse): void {
  const { caller, shared, streams, streamId } = call;
  const subscription = new SubscribeExchange(call, filter, qos, FORMS);
  let active = false;
  streams.keep(streamId, () => {
    shared.table.remove(subscription);
    if (active) caller.changed('unsubscribed', streamId, filter);
  });
  shared.table.add(subscription, answer => {
    // The client may have given up meanwhile.
    if (!streams.has(streamId)) return;
    if (answer !== 'granted') {
      // Not only at the stream's end, which a fault may keep back.
      shared.table.remove(subscription);
      if (answer === 'offline') return refuse(OFFLINE);
      if (answer === 'invalid filter') return refuse(INVALID_FILTER);
      return refuse(reasonName(answer.reasonCode), { ...answer });
    }
    active = true;
    subscription.begin();
    // An observer may publish at once, and what it publishes is heard.
    caller.changed('subscribed', streamId, filter);
  });
}

/** Refuses a subscribe. */
type Refuse = (text: string, context?: Members) => void;

/** The nucleus' own names of a SUBACK's reason codes. */
const REASON_NAMES: Readonly<Record<number, string>> = {
  128: 'UNSPECIFIED_ERROR',
  131: 'IMPLEMENTATION_SPECIFIC_ERROR',
  135: 'NOT_AUTHORIZED',
  143: 'TOPIC_FILTER_INVALID',
  145: 'PACKET_IDENTIFIER_IN_USE',
  151: 'QUOTA_EXCEEDED',
  158: 'SHARED_SUBSCRIPTIONS_NOT_SUPPORTED',
  161: 'SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED',
  162: 'WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED',
};

function reasonName(code: number): string {
  return REASON_NAMES[code] ?? 'UNSPECIFIED_ERROR';
}

const MAX_SLASHES = 7;
const MAX_LENGTH = 256;
const MAX_RESERVED_LENGTH = 512;

/**
 * Why the classic nucleus refuses a topic before it reaches the cloud; `undefined` if it does not. Lengths are
 * Java characters; reserved prefixes count only as they are written, in lower case.
 *
 * Source: `IotCoreTopicValidator` of the nucleus.
 */
function classicTopicProblem(topic: string, operation: 'publish' | 'subscribe', mqttVersion: MqttVersion): string | undefined {
  if (topic === '') return 'Topic must not be empty';
  if (operation === 'publish' && /[#+]/.test(topic)) return "Publish topics must not contain wildcard characters of '#' or '+'";
  if (!topic.startsWith('$')) return effectiveProblem(topic, operation);
  const isMqtt5 = mqttVersion === 'mqtt5';
  if (isMqtt5 && /^\$share\/\S+\/\S+$/.test(topic)) {
    return effectiveProblem(operation === 'subscribe' ? topic.replace(/^\$share\/\S+?\//, '') : topic, operation);
  }
  if (/^\$aws\/rules\/\S+\/\S+$/.test(topic)) return effectiveProblem(topic.replace(/^\$aws\/rules\/\S+?\//, ''), operation);
  // With MQTT 5 the nucleus leaves reserved topics to AWS IoT Core, and stops only what is far too long.
  if (!isMqtt5) return effectiveProblem(topic, operation);
  if (topic.length <= MAX_RESERVED_LENGTH) return undefined;
  return (
    `Reserved topic total length is greater than ${MAX_RESERVED_LENGTH} bytes of UTF-8 encoded characters ` +
    `and is most likely over the IoT Core limit of ${MAX_LENGTH} bytes (excluding prefixes).`
  );
}

function effectiveProblem(topic: string, operation: 'publish' | 'subscribe'): string | undefined {
  if (topic.split('/').length - 1 > MAX_SLASHES) return `The request topic must have no more than ${MAX_SLASHES} forward slashes (/)`;
  if (topic.length <= MAX_LENGTH) return undefined;
  const text =
    `The topic size of request must be no larger than ${MAX_LENGTH} bytes of UTF-8 encoded characters. This excludes the first ` +
    '3 mandatory segments for Basic Ingest topics ($AWS/rules/rule-name/)';
  return operation === 'subscribe' ? `${text} or first 2 mandatory segments for MQTT Shared Subscriptions ($share/share-name/)` : text;
}
