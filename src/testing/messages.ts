import type { LocalPublishRequest } from '../client/local-message.js';
import type { CloudMessage } from '../local/nucleus.js';
import { isJsonObject, parsedJson } from '../shared/check-argument.js';
import { topicMatches } from '../topic/topic-matches.js';

/** A message on a lane. Its payload may be text, bytes, or any other value, which is sent as JSON. */
export interface LaneMessage extends Omit<CloudMessage, 'topicName' | 'payload'> {
  /** Left out: the lane's own topic. */
  readonly topicName?: string | undefined;
  readonly payload: unknown;
}

/** The message that a lane's table says: a whole one, or only its payload. */
export function cloudMessage(lane: string, value: unknown): CloudMessage {
  const message: LaneMessage = isLaneMessage(value) ? value : { payload: value };
  const { topicName = lane, payload, ...members } = message;
  if (/[+#]/.test(topicName)) throw withoutTopic(lane, value, 'topicName');
  if (!topicMatches(lane, topicName)) throw new TypeError(`The topic "${topicName}" of a message does not fit its lane "${lane}".`);
  return { ...members, topicName, payload: bytesOf(payload) };
}

/** The local message that a lane's table says: a whole one, or only its payload. */
export function localMessage(lane: string, value: unknown): LocalPublishRequest {
  const isWhole = isJsonObject(value) && ('payload' in value || 'json' in value);
  const { topic = lane, payload, json }: { topic?: unknown; payload?: unknown; json?: unknown } = isWhole ? value : {};
  if (typeof topic !== 'string' || /[+#]/.test(topic)) throw withoutTopic(lane, value, 'topic');
  if (!topicMatches(lane, topic)) throw new TypeError(`The topic "${topic}" of a message does not fit its lane "${lane}".`);
  if (payload !== undefined) return { topic, payload: bytesOf(payload) };
  if (!isWhole && (typeof value === 'string' || value instanceof Uint8Array)) return { topic, payload: value };
  const object = isWhole ? json : value;
  if (typeof object === 'object' && object !== null) return { topic, json: object };
  throw new TypeError(`The message on the lane "${lane}" is neither text nor bytes nor an object, which is sent as JSON.`);
}

/** A message on a lane with wildcards that does not say its topic, or says it by the name that the other kind of lane has for it. */
function withoutTopic(lane: string, value: unknown, member: 'topicName' | 'topic'): TypeError {
  const [other, method] = member === 'topicName' ? ['topic', 'nucleus.local.messages'] : ['topicName', 'nucleus.messages'];
  const hint = isJsonObject(value) && other in value ? ` (${other} is what ${method} calls it)` : '';
  return new TypeError(
    `A message on the lane "${lane}" does not say its topic: give it one, such as { ${member}: 'a/b', payload: … }${hint}.`,
  );
}

function isLaneMessage(value: unknown): value is LaneMessage {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && 'payload' in value;
}

function bytesOf(payload: unknown): Uint8Array | string {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload;
  const json = JSON.stringify(payload) as string | undefined;
  if (json === undefined) throw new TypeError('A payload is undefined. For an empty one write an empty string.');
  return json;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text that bytes are in UTF-8, if they are. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A payload as what it most likely is: JSON as its value, other text as text, else bytes. */
export function payloadContent(payload: Uint8Array): unknown {
  const text = textOf(payload);
  if (text === undefined) return payload;
  const value = parsedJson(text);
  return value === undefined ? text : value;
}
