import * as t from 'io-ts';
import { QOS } from '../../shared/qos.js';
import { decodeBase64, encodeBase64 } from '../../shared/base64.js';

/**
 * The JSON shapes of the two operations of `aws.greengrass.ipc.mqttproxy`, as the service model has them. A blob is
 * base64 text on the wire and bytes here.
 *
 * Source: AWS IoT Greengrass developer guide, "Publish/subscribe AWS IoT Core MQTT messages", and the model of the
 * official SDKs for the MQTT 5 members.
 */

/** The operations by the names that stand on the wire and in policies. */
export const PUBLISH_TO_IOT_CORE = 'aws.greengrass#PublishToIoTCore';
export const SUBSCRIBE_TO_IOT_CORE = 'aws.greengrass#SubscribeToIoTCore';
/** Offered by nuclei of mid-2026 and newer. */
export const SUBSCRIBE_TO_CONNECTION_STATUS = 'aws.greengrass#SubscribeToIoTCoreConnectionStatus';

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

const mqtt5Members = {
  retain: t.boolean,
  userProperties: t.array(t.type({ key: t.string, value: t.string })),
  messageExpiryIntervalSeconds: t.number,
  correlationData: Blob,
  responseTopic: t.string,
  payloadFormat: t.union([t.literal('0'), t.literal('1')]),
  contentType: t.string,
};

/** The members of MQTT 5; `B` is how a blob stands: bytes, or its base64 text. */
export interface Mqtt5Shape<B> {
  retain?: boolean;
  userProperties?: { key: string; value: string }[];
  messageExpiryIntervalSeconds?: number;
  correlationData?: B;
  responseTopic?: string;
  payloadFormat?: '0' | '1';
  contentType?: string;
}

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

/** Both operations answer with an object without members. */
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

/** The body of a modelled error: the classic nucleus sends all members, Greengrass Lite the last two. */
export interface ServiceErrorBody {
  message?: string;
  _service?: string;
  _message?: string;
  _errorCode?: string;
}
export const ServiceErrorBody: t.Type<ServiceErrorBody, ServiceErrorBody> = t.partial({
  message: t.string,
  _service: t.string,
  _message: t.string,
  _errorCode: t.string,
});
