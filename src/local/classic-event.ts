import type { BrokerMessage } from './broker-message.js';
import { gson } from './classic-replies.js';

/** An event's JSON in the order of the service model. `payloadFormat` and `retain` are always there. */
export function classicEventJson(message: BrokerMessage): string {
  const { topicName, payload, retain, userProperties, messageExpiryIntervalSeconds, correlationData, responseTopic } = message;
  if (userProperties === undefined && correlationData === undefined && responseTopic === undefined && message.contentType === undefined) {
    if (messageExpiryIntervalSeconds === undefined)
      return plainEventJson(topicName, payload, retain === true, message.payloadFormat ?? '0');
  }
  return gson({
    message: {
      topicName,
      payload: base64(payload),
      retain: retain === true,
      userProperties,
      messageExpiryIntervalSeconds,
      correlationData: correlationData && base64(correlationData),
      responseTopic,
      payloadFormat: message.payloadFormat ?? '0',
      contentType: message.contentType,
    },
  });
}

/** The same for a message without MQTT 5 members, which is nearly every one: no object is built and nothing is searched twice. */
function plainEventJson(topicName: string, payload: Uint8Array, retain: boolean, payloadFormat: string): string {
  const text = base64(payload);
  const padding = text.indexOf('=');
  const escaped = padding < 0 ? text : text.slice(0, padding) + '\\u003d'.repeat(text.length - padding);
  return `{"message":{"topicName":${gson(topicName)},"payload":"${escaped}","retain":${String(retain)},"payloadFormat":"${payloadFormat}"}}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
