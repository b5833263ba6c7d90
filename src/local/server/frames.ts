import { crc32 } from 'node:zlib';
import { encodeFrame, type Headers, PRELUDE_LENGTH } from '../../ipc/wire/frame.js';
import { encodeHeaders } from '../../ipc/wire/headers.js';
import { MessageFlag, MessageType, rpcHeaders, type RpcMessageInit } from '../../ipc/wire/rpc-message.js';

const STREAM_ID = ':stream-id';

/** Where a server writes the content type and the model: classic before the three headers that all messages have, Lite behind them. */
type HeaderOrder = 'content first' | 'content last';

/** A message as the classic nucleus' library writes it: what is said of the content first, then the three that all have. */
export function encodeServerMessage(message: RpcMessageInit): Buffer {
  return encodeFrame(encodeHeaders(inOrder(message, 'content first')), message.payload ?? '');
}

function inOrder(message: RpcMessageInit, order: HeaderOrder): Headers {
  const headers = rpcHeaders(message);
  if (order === 'content last') return headers;
  const isOfContent = ([name]: Headers[number]): boolean => name === ':content-type' || name === 'service-model-type';
  return [...headers.filter(isOfContent), ...headers.filter(header => !isOfContent(header))];
}

/** The headers of one kind of message, encoded once: only the stream id differs from frame to frame. */
export class HeaderTemplate {
  readonly #block: Buffer;
  readonly #streamIdOffset: number;

  constructor(message: Omit<RpcMessageInit, 'streamId' | 'payload'>, order: HeaderOrder) {
    this.#block = encodeHeaders(inOrder({ ...message, streamId: 0 }, order));
    // After the name come one byte for the type and then the number.
    this.#streamIdOffset = this.#block.indexOf(STREAM_ID, 0, 'latin1') + STREAM_ID.length + 1;
  }

  /** Bytes of the header block. */
  get length(): number {
    return this.#block.length;
  }

  frame(streamId: number, payload: string | Uint8Array): Buffer {
    this.#block.writeInt32BE(streamId, this.#streamIdOffset);
    return encodeFrame(this.#block, payload);
  }

  /** The same frame for another stream: a copy with the id and the closing checksum changed. */
  readdress(frame: Buffer, streamId: number): Buffer {
    const copy = Buffer.allocUnsafe(frame.length);
    frame.copy(copy);
    copy.writeInt32BE(streamId, PRELUDE_LENGTH + this.#streamIdOffset);
    copy.writeUInt32BE(crc32(copy.subarray(0, copy.length - 4)), copy.length - 4);
    return copy;
  }
}

/**
 * One event for any number of streams: the JSON is written once, and streams with the same id (every client's first
 * subscription is stream 1) share one frame.
 */
export class EventFrames {
  readonly #template: HeaderTemplate;
  readonly #json: string;
  #frame: Buffer | undefined;
  #streamId = 0;

  constructor(template: HeaderTemplate, json: string) {
    this.#template = template;
    this.#json = json;
  }

  for(streamId: number): Buffer {
    if (this.#frame === undefined) this.#frame = this.#template.frame(streamId, this.#json);
    else if (this.#streamId !== streamId) this.#frame = this.#template.readdress(this.#frame, streamId);
    this.#streamId = streamId;
    return this.#frame;
  }
}

const JSON_TYPE = 'application/json';

/** Headers of a reply or event of this shape. */
export function shapeHeaders(shape: string, terminates: boolean, order: HeaderOrder): HeaderTemplate {
  return new HeaderTemplate(
    {
      type: MessageType.ApplicationMessage,
      flags: terminates ? MessageFlag.TerminateStream : 0,
      contentType: JSON_TYPE,
      modelType: `aws.greengrass#${shape}`,
    },
    order,
  );
}

/** Headers of an error, which always ends its stream. Both servers send the same. */
export function errorHeaders(code: string, order: HeaderOrder): HeaderTemplate {
  return new HeaderTemplate(
    {
      type: MessageType.ApplicationError,
      flags: MessageFlag.TerminateStream,
      contentType: JSON_TYPE,
      modelType: `aws.greengrass#${code}`,
    },
    order,
  );
}

/** The empty message that ends a stream from the server's side. */
export const terminateHeaders: HeaderTemplate = new HeaderTemplate(
  {
    type: MessageType.ApplicationMessage,
    flags: MessageFlag.TerminateStream,
  },
  'content last',
);
