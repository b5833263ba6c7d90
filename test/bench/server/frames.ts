import { crc32 } from 'node:zlib';
import { encodeRpcMessage, MessageFlag, MessageType, type RpcMessageInit } from '../../../src/ipc/wire/rpc-message.js';

const STREAM_ID = ':stream-id';
const JSON_TYPE = 'application/json';

/** A frame that is sent on many streams: encoded once, then only its stream id and checksum are written anew. */
export class FrameTemplate {
  readonly #bytes: Buffer;
  readonly #streamIdOffset: number;

  constructor(message: Omit<RpcMessageInit, 'streamId'>) {
    this.#bytes = encodeRpcMessage({ ...message, streamId: 0 });
    // After the name stand one byte for the type and then the number.
    this.#streamIdOffset = this.#bytes.indexOf(STREAM_ID, 0, 'latin1') + STREAM_ID.length + 1;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Writes the frame and returns where the next one begins. */
  write(target: Buffer, offset: number, streamId: number): number {
    const end = offset + this.#bytes.length;
    target.set(this.#bytes, offset);
    target.writeInt32BE(streamId, offset + this.#streamIdOffset);
    target.writeUInt32BE(crc32(target.subarray(offset, end - 4)), end - 4);
    return end;
  }

  on(streamId: number): Buffer {
    const frame = Buffer.allocUnsafe(this.length);
    this.write(frame, 0, streamId);
    return frame;
  }
}

const reply = (modelType: string, payload: string, flags: number): FrameTemplate =>
  new FrameTemplate({ type: MessageType.ApplicationMessage, flags, modelType, contentType: JSON_TYPE, payload });

export const CONNECT_ACK: Buffer = encodeRpcMessage({
  type: MessageType.ConnectAck,
  flags: MessageFlag.ConnectionAccepted,
  streamId: 0,
});
export const SUBSCRIBED: FrameTemplate = reply('aws.greengrass#SubscribeToIoTCoreResponse', '{}', 0);
export const PUBLISHED: FrameTemplate = reply('aws.greengrass#PublishToIoTCoreResponse', '{}', MessageFlag.TerminateStream);
export const SUBSCRIBED_LOCALLY: FrameTemplate = reply('aws.greengrass#SubscribeToTopicResponse', '{}', 0);
export const PUBLISHED_LOCALLY: FrameTemplate = reply('aws.greengrass#PublishToTopicResponse', '{}', MessageFlag.TerminateStream);

const refusal = (code: string, message: string): FrameTemplate =>
  new FrameTemplate({
    type: MessageType.ApplicationError,
    flags: MessageFlag.TerminateStream,
    modelType: `aws.greengrass#${code}`,
    contentType: JSON_TYPE,
    payload: JSON.stringify({ message, _service: 'aws.greengrass#GreengrassCoreIPC', _message: message, _errorCode: code }),
  });

/** What a classic nucleus says to a publish without a topic, by which a client may find out that it is one. */
export const NO_TOPIC: FrameTemplate = refusal('InvalidArgumentsError', 'Topic is required');
export const TOO_MANY: FrameTemplate = refusal('ServiceError', 'More publishes at once than this server takes');

/** The event of a subscription that carries this payload. */
export const event = (topicName: string, payload: Uint8Array): FrameTemplate =>
  reply(
    'aws.greengrass#IoTCoreMessage',
    JSON.stringify({ message: { topicName, payload: Buffer.from(payload).toString('base64'), retain: false, payloadFormat: '0' } }),
    0,
  );

/** The event of a subscription to a local topic that carries this payload, as a JSON message or as bytes. */
export function localEvent(topic: string, payload: Uint8Array, json: boolean): FrameTemplate {
  const message: unknown = json ? JSON.parse(Buffer.from(payload).toString()) : Buffer.from(payload).toString('base64');
  const body = { [json ? 'jsonMessage' : 'binaryMessage']: { message, context: { topic } } };
  return reply('aws.greengrass#SubscriptionResponseMessage', JSON.stringify(body), 0);
}
