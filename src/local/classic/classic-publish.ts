import type { BrokerMessage } from '../broker/broker-message.js';
import type { ClassicCall, Members } from './classic-call.js';
import { classicPublishReply, nullPointer, type ClassicErrorCode } from './classic-replies.js';
import { blobMember, booleanMember, integerMember, textMember, userPropertiesMember } from './classic-request.js';
import { classicTopicProblem } from './classic-topic-validator.js';

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
