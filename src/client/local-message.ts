import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { DecodeFailed } from '../errors/errors.js';
import { type ReceiveMode, SubscriptionResponseMessage } from '../ipc/wire/shapes.js';
import { decodeUnpaddedBase64, encodeBase64 } from '../shared/base64.js';
import type { SilenceWatch, SubscriptionStatus } from '../ports/mqtt-proxy.js';

/** A message of a local topic as it arrives. */
export interface LocalMessage {
  /** The topic it was published to. */
  readonly topic: string;
  /** The same, by the name that codecs, `route` and the sinks read. */
  readonly topicName: string;
  /** The bytes; of a JSON message its text, so that a codec reads both. */
  readonly payload: Uint8Array;
  /** How it was published. */
  readonly format: 'json' | 'binary';
}

/** A message to publish to a local topic: bytes, text (sent as UTF-8 bytes), or an object that travels as JSON. */
export type LocalPublishRequest =
  | { readonly topic: string; readonly payload: Uint8Array | string; readonly json?: undefined }
  | { readonly topic: string; readonly payload?: undefined; readonly json: object };

/** The nucleus took a local message: for those who are subscribed at this moment. Nothing is kept for others. */
export interface LocalAccepted {
  /** Handed to the local subscribers there are. */
  readonly by: 'local-topics';
}

/** The JSON of a `PublishToTopic` request. */
export function encodeLocalPublish({ topic, payload, json }: LocalPublishRequest): string {
  if (json !== undefined) return `{"topic":${JSON.stringify(topic)},"publishMessage":{"jsonMessage":{"message":${JSON.stringify(json)}}}}`;
  const base64 = typeof payload === 'string' ? Buffer.from(payload, 'utf8').toString('base64') : encodeBase64(payload);
  return `{"topic":${JSON.stringify(topic)},"publishMessage":{"binaryMessage":{"message":"${base64}"}}}`;
}

/**
 * Reads the body of a `SubscriptionResponseMessage`; the left side says that it is none. A message that is neither JSON nor bytes (the classic
 * nucleus passes on a publish without a message; Greengrass Lite text that is no base64) is a message that could not be decoded.
 *
 * @param filter Names the message where the nucleus does not.
 */
export function readLocalMessage(body: string, filter: string): Either<string, Either<DecodeFailed<LocalMessage>, LocalMessage>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return left('a SubscriptionResponseMessage is not JSON');
  }
  const decoded = SubscriptionResponseMessage.decode(parsed);
  if (decoded._tag === 'Left') return left('a SubscriptionResponseMessage has a wrong shape');
  const { jsonMessage, binaryMessage } = decoded.right;
  const topic = (jsonMessage ?? binaryMessage)?.context?.topic ?? filter;
  if (jsonMessage !== undefined)
    return right(right({ topic, topicName: topic, payload: Buffer.from(JSON.stringify(jsonMessage.message)), format: 'json' }));
  const payload = binaryMessage === undefined ? undefined : decodeUnpaddedBase64(binaryMessage.message);
  if (payload !== undefined) return right(right({ topic, topicName: topic, payload, format: 'binary' }));
  const original: LocalMessage = { topic, topicName: topic, payload: Buffer.from(binaryMessage?.message ?? ''), format: 'binary' };
  const problem =
    binaryMessage === undefined
      ? '(root): expected a JSON or a binary message, got neither'
      : '(root): expected base64, got text that is none';
  return right(left(new DecodeFailed(topic, original, [problem])));
}

/** What to subscribe to on local topics. */
export interface LocalSubscribeRequest {
  /** A topic, or a filter with `+` and `#`. On a classic nucleus `r/#` does not match `r`, on Greengrass Lite it does. */
  readonly topic: string;
  /**
   * Whether messages of this component come as well. Default, on both nuclei what a classic one does: those of others where the filter has a
   * wildcard, and else all. Greengrass Lite sends all; there this connection takes out what it has published itself, by topic and content, of at
   * most the last 1 000 messages. A classic nucleus takes out those of all connections of the component.
   */
  readonly receiveMode?: ReceiveMode | undefined;
  /** Finds out a subscription that died silently, as when the daemon of local topics of Greengrass Lite restarts. Default: none. */
  readonly silence?: SilenceWatch | undefined;
  /** Told of every change of the subscription's status, in order. Must not throw. */
  readonly onStatus?: ((status: SubscriptionStatus) => void) | undefined;
}
