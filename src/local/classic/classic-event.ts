import type { BrokerMessage } from '../broker/broker-message.js';
import { EventFrames } from '../server/event-frames.js';
import { gson } from './gson.js';
import { shapeHeaders } from '../server/replies.js';

const headers = shapeHeaders('IoTCoreMessage', false, 'content first');

/** A message as the classic nucleus sends it to its subscribers. */
export function classicEvent(message: BrokerMessage): EventFrames {
  return new EventFrames(headers, eventJson(message));
}

/** An event's JSON in the order of the service model. `payloadFormat` and `retain` are always there. */
function eventJson(message: BrokerMessage): string {
  const { topicName, payload, retain, userProperties, messageExpiryIntervalSeconds, correlationData, responseTopic, contentType } = message;
  const payloadFormat = message.payloadFormat ?? '0';
  const others = userProperties ?? messageExpiryIntervalSeconds ?? correlationData ?? responseTopic ?? contentType;
  if (others === undefined) return plainEventJson(topicName, payload, retain === true, payloadFormat);
  return gson({
    message: {
      topicName,
      payload: base64(payload),
      retain: retain === true,
      userProperties,
      messageExpiryIntervalSeconds,
      correlationData: correlationData && base64(correlationData),
      responseTopic,
      payloadFormat,
      contentType,
    },
  });
}

/** The same for a message without MQTT 5 members, which is nearly every one: no object is built and nothing is searched twice. */
function plainEventJson(topicName: string, payload: Uint8Array, retain: boolean, payloadFormat: string): string {
  const text = base64(payload);
  const padding = text.indexOf('=');
  const escaped = padding < 0 ? text : text.slice(0, padding) + '\\u003d'.repeat(text.length - padding);
  return `{"message":{"topicName":${topicJson(topicName)},"payload":"${escaped}","retain":${String(retain)},"payloadFormat":"${payloadFormat}"}}`;
}

/** The last topic's JSON: messages on one topic come in runs, and escaping it costs more than the payload's base64. */
let lastTopic = '';
let lastTopicJson = '""';

function topicJson(topicName: string): string {
  if (topicName !== lastTopic) {
    lastTopicJson = gson(topicName);
    lastTopic = topicName;
  }
  return lastTopicJson;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
