import type { NotEncoded } from '../ports/mqtt-proxy.js';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { inexactNumbers } from '../codec/json-text.js';
import { DecodeFailed } from '../errors/errors.js';
import { checkShape, parseJsonBody, SubscriptionResponseMessage } from '../ipc/wire/shapes.js';
import { decodeBase64, decodeUnpaddedBase64, encodeBase64 } from '../shared/base64.js';
import { isJsonObject } from '../shared/check-argument.js';

/** A message of a local topic as it arrives. */
export interface LocalMessage {
  /** The topic it was published to. */
  readonly topic: string;
  /** The same, under the name that codecs, `route` and the sinks read. */
  readonly topicName: string;
  /** The bytes; of a JSON message its text, so that a codec reads both. */
  readonly payload: Uint8Array;
  /** How it was published. */
  readonly format: 'json' | 'binary';
}

/** A message of a subscription to a template. */
export interface LocalMatched<out P> extends LocalMessage {
  /** What stands in the places of the template, such as `{ id: '7' }`. */
  readonly params: P;
}

/** A message of a subscription with a codec. */
export interface LocalReceived<out A> extends LocalMessage {
  /** What the codec has made of the payload. */
  readonly value: A;
}

/** A message of a subscription to a template, with a codec. */
export interface LocalMatchedReceived<out P, out A> extends LocalMatched<P>, LocalReceived<A> {}

/** A message to publish to a local topic: bytes, text (sent as UTF-8 bytes), or an object that travels as JSON. */
export type LocalPublishRequest =
  | { readonly topic: string; readonly payload: Uint8Array | string | NotEncoded; readonly json?: undefined }
  | { readonly topic: string; readonly payload?: undefined; readonly json: object };

/** The nucleus took a local message, for those who are subscribed at this moment. Nothing is kept for others. */
export interface LocalAccepted {
  /** Handed to the present local subscribers. */
  readonly by: 'local-topics';
}

/** The JSON of a `PublishToTopic` request. */
export function encodeLocalPublish({ topic, payload, json }: LocalPublishRequest): string {
  if (json !== undefined) return `{"topic":${JSON.stringify(topic)},"publishMessage":{"jsonMessage":{"message":${JSON.stringify(json)}}}}`;
  const base64 = typeof payload === 'string' ? Buffer.from(payload, 'utf8').toString('base64') : encodeBase64(payload);
  return `{"topic":${JSON.stringify(topic)},"publishMessage":{"binaryMessage":{"message":"${base64}"}}}`;
}

/** What is around the message in a JSON event: Greengrass Lite puts the context before it, a classic nucleus after it. */
const JSON_EVENT = /^\{"jsonMessage":\{(?:"context":\{"topic":"(?:[^"\\]|\\.)*"\},)?"message":/u;
const JSON_EVENT_END = /(?:,"context":\{"topic":"(?:[^"\\]|\\.)*"\})?\}\}$/u;

/**
 * The text of a JSON message. It is written anew, so that `1.0` and `1.0000000000000000` of the nuclei become `1`. But if it has a number
 * that JavaScript cannot represent, it stays as it came, so that a codec sees the digits that were sent.
 */
function jsonText(body: string, message: unknown): string {
  const isExact = inexactNumbers(body).length === 0 || !JSON_EVENT.test(body);
  return isExact ? JSON.stringify(message) : body.replace(JSON_EVENT, '').replace(JSON_EVENT_END, '');
}

/**
 * Reads the usual form of an event by hand: the codec {@link SubscriptionResponseMessage} would take as long as parsing the JSON.
 * `undefined`: the event has another form.
 */
function readOrdinary(body: string, parsed: unknown): LocalMessage | undefined {
  if (!isJsonObject(parsed)) return undefined;
  const { jsonMessage, binaryMessage } = parsed;
  if ((jsonMessage === undefined) === (binaryMessage === undefined)) return undefined;
  const event = jsonMessage ?? binaryMessage;
  if (!isJsonObject(event) || !isJsonObject(event['context'])) return undefined;
  const { message, context } = event;
  const { topic } = context;
  if (typeof topic !== 'string' || message === undefined) return undefined;
  if (jsonMessage !== undefined) return { topic, topicName: topic, payload: Buffer.from(jsonText(body, message)), format: 'json' };
  const payload = typeof message === 'string' ? decodeBase64(message) : undefined;
  return payload === undefined ? undefined : { topic, topicName: topic, payload, format: 'binary' };
}

/**
 * Reads the body of a `SubscriptionResponseMessage`; the left side says that it has a wrong shape. A message that is neither JSON nor bytes
 * (the classic nucleus passes on a publish without a message; Greengrass Lite text that is not base64) is a message that could not be
 * decoded.
 *
 * @param filter The topic of the message, if the nucleus does not name it.
 */
export function readLocalMessage(body: string, filter: string): Either<string, Either<DecodeFailed<LocalMessage>, LocalMessage>> {
  const parsed = parseJsonBody('SubscriptionResponseMessage', body);
  if (parsed._tag === 'Left') return parsed;
  const ordinary = readOrdinary(body, parsed.right);
  if (ordinary !== undefined) return right(right(ordinary));
  const decoded = checkShape('SubscriptionResponseMessage', SubscriptionResponseMessage, parsed.right);
  if (decoded._tag === 'Left') return decoded;
  const { jsonMessage, binaryMessage } = decoded.right;
  const topic = (jsonMessage ?? binaryMessage)?.context?.topic ?? filter;
  if (jsonMessage !== undefined)
    return right(right({ topic, topicName: topic, payload: Buffer.from(jsonText(body, jsonMessage.message)), format: 'json' }));
  const payload = binaryMessage === undefined ? undefined : decodeUnpaddedBase64(binaryMessage.message);
  if (payload !== undefined) return right(right({ topic, topicName: topic, payload, format: 'binary' }));
  const original: LocalMessage = { topic, topicName: topic, payload: Buffer.from(binaryMessage?.message ?? ''), format: 'binary' };
  const problem =
    binaryMessage === undefined
      ? '(root): expected a JSON or a binary message, got neither'
      : '(root): expected base64, got text that is none';
  return right(left(new DecodeFailed(topic, original, [problem])));
}
