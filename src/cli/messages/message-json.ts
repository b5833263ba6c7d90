import type { MqttMessage } from '../../ports/mqtt-message.js';
import { viewPayload } from './payload-view.js';

/**
 * A message as one line of JSON, which `pub --ndjson` reads back. `encoding` says what `payload` is: `json`, the payload's own
 * JSON, digit for digit; `utf8`, a text; `base64`, bytes.
 */
export function messageJson(message: MqttMessage, time?: string): string {
  const { topicName, payload, correlationData, ...members } = message;
  const head = JSON.stringify({ ...(time === undefined ? {} : { time }), topicName }).slice(0, -1);
  const rest = JSON.stringify({
    ...members,
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData).toString('base64') }),
  }).slice(1, -1);
  return `${head},${payloadJson(payload)}${rest === '' ? '' : `,${rest}`}}`;
}

/** The members `encoding` and `payload`. */
export function payloadJson(payload: Uint8Array): string {
  const view = viewPayload(payload);
  switch (view.kind) {
    case 'json':
      // Line breaks in JSON can only be layout, and a line of NDJSON must have none.
      return `"encoding":"json","payload":${view.text.replace(/[\r\n]+/g, ' ').trim()}`;
    case 'text':
      return `"encoding":"utf8","payload":${JSON.stringify(view.text)}`;
    case 'binary':
      return `"encoding":"base64","payload":"${Buffer.from(view.bytes).toString('base64')}"`;
  }
}
