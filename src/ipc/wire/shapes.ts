import { type Either, left, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeBase64, encodeBase64 } from '../../shared/base64.js';
import { parsedJson } from '../../shared/check-argument.js';
import { QOS } from '../../shared/qos.js';

/**
 * The JSON shapes of the operations, as the service model has them: the MQTT proxy's, those of local topics, configuration and
 * lifecycle. A blob is base64 text on the wire and bytes here.
 *
 * Source: AWS IoT Greengrass developer guide, "Publish/subscribe AWS IoT Core MQTT messages", "Publish/subscribe local messages", "Interact
 * with component configuration", "Interact with component lifecycle", and the model of the official SDKs.
 */

/** Reads a body of this shape; the left side says what is wrong with it. */
export function readShape<A>(name: string, shape: t.Decoder<unknown, A>, body: string): Either<string, A> {
  const parsed = parseJsonBody(name, body);
  return parsed._tag === 'Left' ? parsed : checkShape(name, shape, parsed.right);
}

/** The first half of {@link readShape}, for callers that look at the value first. */
export function parseJsonBody(name: string, body: string): Either<string, unknown> {
  const parsed = parsedJson(body);
  return parsed === undefined ? left(`the ${name} is not JSON`) : right(parsed);
}

/** The second half of {@link readShape}. */
export function checkShape<A>(name: string, shape: t.Decoder<unknown, A>, parsed: unknown): Either<string, A> {
  const decoded = shape.decode(parsed);
  return decoded._tag === 'Left' ? left(`the ${name} has a wrong shape`) : decoded;
}

/** A blob: bytes here, base64 on the wire. */
export const Blob: t.Type<Uint8Array, string> = new t.Type<Uint8Array, string, unknown>(
  'base64',
  (value): value is Uint8Array => value instanceof Uint8Array,
  (value, context) => {
    const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
    return bytes === undefined ? t.failure(value, context) : t.success(bytes);
  },
  encodeBase64,
);

const qos = t.union([t.literal(QOS.AT_MOST_ONCE), t.literal(QOS.AT_LEAST_ONCE)]);

/** The members of MQTT 5. `B` is the form of a blob: bytes, or its base64 text. */
export interface Mqtt5Shape<B> {
  retain?: boolean;
  userProperties?: { key: string; value: string }[];
  messageExpiryIntervalSeconds?: number;
  correlationData?: B;
  responseTopic?: string;
  payloadFormat?: '0' | '1';
  contentType?: string;
}

/** The user properties of a message, in their order: names may repeat. */
export const UserProperties: t.Type<{ key: string; value: string }[]> = t.array(t.type({ key: t.string, value: t.string }));

const mqtt5Members = {
  retain: t.boolean,
  userProperties: UserProperties,
  messageExpiryIntervalSeconds: t.number,
  correlationData: Blob,
  responseTopic: t.string,
  payloadFormat: t.union([t.literal('0'), t.literal('1')]),
  contentType: t.string,
};

/** What `PublishToIoTCore` takes. */
export interface PublishToIoTCoreRequest<B = Uint8Array> extends Mqtt5Shape<B> {
  topicName: string;
  qos: QOS;
  payload?: B;
}
export const PublishToIoTCoreRequest: t.Type<PublishToIoTCoreRequest, PublishToIoTCoreRequest<string>> = t.intersection([
  t.type({ topicName: t.string, qos }),
  t.partial({ payload: Blob, ...mqtt5Members }),
]);

/** What `SubscribeToIoTCore` takes. */
export interface SubscribeToIoTCoreRequest {
  topicName: string;
  qos: QOS;
}
export const SubscribeToIoTCoreRequest: t.Type<SubscribeToIoTCoreRequest, SubscribeToIoTCoreRequest> = t.type({
  topicName: t.string,
  qos,
});

/** Most operations answer with an object without members. */
export const EmptyResponse: t.Type<object, object> = t.type({});

/** An event of a subscription: a union with one member. */
export interface IoTCoreMessage<B = Uint8Array> {
  message: Mqtt5Shape<B> & { topicName: string; payload?: B };
}
export const IoTCoreMessage: t.Type<IoTCoreMessage, IoTCoreMessage<string>> = t.type({
  message: t.intersection([t.type({ topicName: t.string }), t.partial({ payload: Blob, ...mqtt5Members })]),
});

/** An event of `SubscribeToIoTCoreConnectionStatus`: the current status first, then each change. */
export interface IoTCoreConnectionStatusEvent {
  connectionStatusEvent: { status: 'CONNECTED' | 'DISCONNECTED' };
}
export const IoTCoreConnectionStatusEvent: t.Type<IoTCoreConnectionStatusEvent, IoTCoreConnectionStatusEvent> = t.type({
  connectionStatusEvent: t.type({ status: t.union([t.literal('CONNECTED'), t.literal('DISCONNECTED')]) }),
});

/** What `PublishToTopic` takes: exactly one of the two messages. A JSON message is an object on classic; Lite takes any JSON. */
export interface PublishToTopicRequest<B = Uint8Array> {
  topic: string;
  publishMessage: { jsonMessage: { message: unknown } } | { binaryMessage: { message: B } };
}
export const PublishToTopicRequest: t.Type<PublishToTopicRequest, PublishToTopicRequest<string>> = t.type({
  topic: t.string,
  publishMessage: t.union([t.type({ jsonMessage: t.type({ message: t.unknown }) }), t.type({ binaryMessage: t.type({ message: Blob }) })]),
});

/**
 * Whether a component gets what it has published itself. Left out on classic: all messages, but those of others where the filter has a
 * wildcard. Lite does not read it and sends all.
 */
export type ReceiveMode = 'RECEIVE_ALL_MESSAGES' | 'RECEIVE_MESSAGES_FROM_OTHERS';

/** What `SubscribeToTopic` takes. */
export interface SubscribeToTopicRequest {
  topic: string;
  receiveMode?: ReceiveMode;
}
export const SubscribeToTopicRequest: t.Type<SubscribeToTopicRequest, SubscribeToTopicRequest> = t.intersection([
  t.type({ topic: t.string }),
  t.partial({ receiveMode: t.union([t.literal('RECEIVE_ALL_MESSAGES'), t.literal('RECEIVE_MESSAGES_FROM_OTHERS')]) }),
]);

/**
 * An event of `SubscribeToTopic`. Classic sends one without either member for a publish without a message. The binary message is the text
 * as it came: Lite passes on what the publisher wrote, be it without padding or no base64 at all.
 */
export interface SubscriptionResponseMessage {
  jsonMessage?: { message: unknown; context?: { topic?: string } };
  binaryMessage?: { message: string; context?: { topic?: string } };
}
const messageContext = t.partial({ context: t.partial({ topic: t.string }) });
export const SubscriptionResponseMessage: t.Type<SubscriptionResponseMessage, SubscriptionResponseMessage> = t.partial({
  jsonMessage: t.intersection([t.type({ message: t.unknown }), messageContext]),
  binaryMessage: t.intersection([t.type({ message: t.string }), messageContext]),
});

/** What `GetConfiguration` and `SubscribeToConfigurationUpdate` take. Left out: the component's own, and all of it. */
export interface ConfigurationKeyRequest {
  componentName?: string;
  keyPath?: string[];
}
export const ConfigurationKeyRequest: t.Type<ConfigurationKeyRequest, ConfigurationKeyRequest> = t.partial({
  componentName: t.string,
  keyPath: t.array(t.string),
});

/** The children of the node that was asked for. For a leaf: an object with one member, named as the last key. */
export interface GetConfigurationResponse {
  componentName: string;
  value: Record<string, unknown>;
}
export const GetConfigurationResponse: t.Type<GetConfigurationResponse, GetConfigurationResponse> = t.type({
  componentName: t.string,
  value: t.UnknownRecord,
});

/** What `UpdateConfiguration` takes. `timestamp`: epoch seconds, always written with a fraction, or Lite refuses it. */
export interface UpdateConfigurationRequest {
  keyPath?: string[];
  timestamp: number;
  valueToMerge: unknown;
}
export const UpdateConfigurationRequest: t.Type<UpdateConfigurationRequest, UpdateConfigurationRequest> = t.intersection([
  t.type({ timestamp: t.number, valueToMerge: t.unknown }),
  t.partial({ keyPath: t.array(t.string) }),
]);

/** An event of `SubscribeToConfigurationUpdate`: the leaf that changed, from the configuration's root, and no value. */
export interface ConfigurationUpdateEvents {
  configurationUpdateEvent: { componentName: string; keyPath: string[] };
}
export const ConfigurationUpdateEvents: t.Type<ConfigurationUpdateEvents, ConfigurationUpdateEvents> = t.type({
  configurationUpdateEvent: t.type({ componentName: t.string, keyPath: t.array(t.string) }),
});

/** An event of `SubscribeToValidateConfigurationUpdates`: the whole configuration that a deployment proposes. */
export interface ValidateConfigurationUpdateEvents {
  validateConfigurationUpdateEvent: { configuration: Record<string, unknown>; deploymentId: string };
}
export const ValidateConfigurationUpdateEvents: t.Type<ValidateConfigurationUpdateEvents, ValidateConfigurationUpdateEvents> = t.type({
  validateConfigurationUpdateEvent: t.type({ configuration: t.UnknownRecord, deploymentId: t.string }),
});

/** What `SendConfigurationValidityReport` takes. */
export interface SendConfigurationValidityReportRequest {
  configurationValidityReport: { status: 'ACCEPTED' | 'REJECTED'; deploymentId: string; message?: string };
}
export const SendConfigurationValidityReportRequest: t.Type<
  SendConfigurationValidityReportRequest,
  SendConfigurationValidityReportRequest
> = t.type({
  configurationValidityReport: t.intersection([
    t.type({ status: t.union([t.literal('ACCEPTED'), t.literal('REJECTED')]), deploymentId: t.string }),
    t.partial({ message: t.string }),
  ]),
});

/** What `UpdateState` takes. */
export interface UpdateStateRequest {
  state: 'RUNNING' | 'ERRORED';
}
export const UpdateStateRequest: t.Type<UpdateStateRequest, UpdateStateRequest> = t.type({
  state: t.union([t.literal('RUNNING'), t.literal('ERRORED')]),
});

/** An event of `SubscribeToComponentUpdates`: a union. */
export interface ComponentUpdatePolicyEvents {
  preUpdateEvent?: { deploymentId: string; isGgcRestarting: boolean };
  postUpdateEvent?: { deploymentId: string };
}
export const ComponentUpdatePolicyEvents: t.Type<ComponentUpdatePolicyEvents, ComponentUpdatePolicyEvents> = t.partial({
  preUpdateEvent: t.type({ deploymentId: t.string, isGgcRestarting: t.boolean }),
  postUpdateEvent: t.type({ deploymentId: t.string }),
});

/** What `DeferComponentUpdate` takes. Without `recheckAfterMs` the answer is ignored: 0 lets the update go on. */
export interface DeferComponentUpdateRequest {
  deploymentId: string;
  recheckAfterMs?: number;
  message?: string;
}
export const DeferComponentUpdateRequest: t.Type<DeferComponentUpdateRequest, DeferComponentUpdateRequest> = t.intersection([
  t.type({ deploymentId: t.string }),
  t.partial({ recheckAfterMs: t.number, message: t.string }),
]);

/** The body of a modelled error: the classic nucleus sends all members, Greengrass Lite the last two. Few errors name a resource. */
export interface ServiceErrorBody {
  message?: string;
  resourceType?: string;
  resourceName?: string;
  _service?: string;
  _message?: string;
  _errorCode?: string;
}
export const ServiceErrorBody: t.Type<ServiceErrorBody, ServiceErrorBody> = t.partial({
  message: t.string,
  resourceType: t.string,
  resourceName: t.string,
  _service: t.string,
  _message: t.string,
  _errorCode: t.string,
});
