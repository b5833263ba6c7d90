import { encodeFrame } from './frame.js';
import { encodeHeaders } from './headers.js';
import { MessageType, rpcHeaders } from './rpc-message.js';

interface HeaderBlock {
  readonly bytes: Buffer;
  readonly streamIdOffset: number;
}

/** One block for each operation called, of which the library has thirteen. */
const blocks = new Map<string, HeaderBlock>();

/** The bytes of a request. Of its headers only the stream id changes, so they are encoded once. */
export function encodeRequest(operation: string, streamId: number, payload: string): Buffer {
  const block = blockOf(operation);
  block.bytes.writeInt32BE(streamId, block.streamIdOffset);
  return encodeFrame(block.bytes, payload);
}

/** Bytes of a request's headers. */
export function requestHeadersLength(operation: string): number {
  return blockOf(operation).bytes.length;
}

function blockOf(operation: string): HeaderBlock {
  let block = blocks.get(operation);
  if (block === undefined) {
    block = makeBlock(operation);
    blocks.set(operation, block);
  }
  return block;
}

function makeBlock(operation: string): HeaderBlock {
  const bytes = encodeHeaders(rpcHeaders({ type: MessageType.ApplicationMessage, flags: 0, streamId: 0, operation }));
  const name = ':stream-id';
  // After the name stand one byte for the type and then the number.
  return { bytes, streamIdOffset: bytes.indexOf(name, 0, 'latin1') + name.length + 1 };
}
