import { crc32 } from 'node:zlib';
import { encodeFrame } from '../../ipc/wire/encode-frame.js';
import { PRELUDE_LENGTH } from '../../ipc/wire/frame.js';
import { encodeHeaders } from '../../ipc/wire/headers.js';
import { rpcHeaders, type RpcMessageInit } from '../../ipc/wire/rpc-message.js';
import type { Headers } from '../../ipc/wire/frame.js';

const STREAM_ID = ':stream-id';

/** Where a server writes the content type and the model: classic before the three headers that all messages have, Lite behind them. */
export type HeaderOrder = 'content first' | 'content last';

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
