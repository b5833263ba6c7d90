import type { BrokerMessage } from './broker-message.js';
import type { NativePublish } from './crt-mqtt.js';

/** A message as aws-crt sends it. */
export function toNativePublish(message: BrokerMessage): NativePublish {
  const { topicName, payload, qos, retain = false, userProperties, payloadFormat, ...others } = message;
  return {
    ...withoutUndefined(others),
    topicName,
    payload,
    qos,
    retain,
    ...(payloadFormat === undefined ? undefined : { payloadFormat: payloadFormat === '1' ? 1 : 0 }),
    ...(userProperties === undefined ? undefined : { userProperties: userProperties.map(({ key, value }) => ({ name: key, value })) }),
  };
}

/** A message as aws-crt hands it over. */
export function fromNativePublish(packet: NativePublish): BrokerMessage {
  const { topicName, payload, qos, retain, payloadFormat, userProperties, correlationData } = packet;
  const { messageExpiryIntervalSeconds, responseTopic, contentType } = packet;
  return {
    topicName,
    payload: bytesOf(payload),
    qos: qos === 0 ? 0 : 1,
    retain: retain === true,
    userProperties:
      userProperties === undefined || userProperties.length === 0
        ? undefined
        : userProperties.map(({ name, value }) => ({ key: name, value })),
    messageExpiryIntervalSeconds,
    correlationData: correlationData === undefined ? undefined : bytesOf(correlationData),
    responseTopic,
    payloadFormat: payloadFormat === undefined ? undefined : payloadFormat === 1 ? '1' : '0',
    contentType,
  };
}

function bytesOf(data: ArrayBuffer | ArrayBufferView | undefined): Uint8Array {
  // Empty ones are handed over as detached buffers, of which no view can be made.
  if (data === undefined || data.byteLength === 0) return new Uint8Array(0);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}

/** The native client takes a member that is there for one that has a value. */
function withoutUndefined<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
