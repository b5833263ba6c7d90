import { HeaderCursor } from './headers.js';

/** What the headers of an RPC message say. */
export interface RpcHeaders {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly modelType: string | undefined;
  readonly contentType: string | undefined;
  readonly operation: string | undefined;
  readonly version: string | undefined;
}

/** Why a frame is not an RPC message. */
export interface RpcMessageFailure {
  readonly reason: 'rpc-header-missing' | 'header-invalid';
  readonly detail: string;
}

/** A block of headers read before, with what it said. */
interface KnownBlock {
  readonly bytes: Buffer;
  /** Where the four bytes of the stream id lie: the only ones in which an equal block may differ. */
  readonly streamIdStart: number;
  readonly headers: RpcHeaders;
}

/**
 * The last block of each length modulo 16. All events of all subscriptions differ in the stream id alone, and so do all
 * replies of one kind: comparing bytes is several times as fast as reading names and making strings, which else would be
 * the greater part of reading a small message.
 */
const known: (KnownBlock | undefined)[] = new Array<undefined>(16).fill(undefined);

/** Longer blocks are not remembered, so that all that is remembered stays under 8 KiB. */
const MAX_KNOWN = 512;

const cursor = new HeaderCursor();
const EMPTY = Buffer.alloc(0);

/** Reads a block of headers. The result holds no reference to the buffer. */
export function readRpcHeaders(buffer: Buffer, start: number, end: number): RpcHeaders | RpcMessageFailure {
  const block = known[(end - start) & 15];
  if (block?.bytes.length === end - start) {
    const { bytes, streamIdStart, headers } = block;
    const streamId = buffer.readInt32BE(start + streamIdStart);
    bytes.writeInt32BE(streamId, streamIdStart);
    if (bytes.compare(buffer, start, end) === 0) return streamId === headers.streamId ? headers : onStream(headers, streamId);
  }
  const read = walk(buffer, start, end);
  // A read buffer, or a frame of 24 MiB, must not live on here.
  cursor.reset(EMPTY, 0, 0);
  return read;
}

/** Written out: every reply has a stream of its own, and `{ ...headers, streamId }` takes V8 many times as long. */
function onStream({ type, flags, modelType, contentType, operation, version }: RpcHeaders, streamId: number): RpcHeaders {
  return { type, flags, streamId, modelType, contentType, operation, version };
}

function walk(buffer: Buffer, start: number, end: number): RpcHeaders | RpcMessageFailure {
  let type: number | undefined;
  let flags: number | undefined;
  let streamId: number | undefined;
  let streamIdStart = 0;
  let modelType: string | undefined;
  let contentType: string | undefined;
  let operation: string | undefined;
  let version: string | undefined;
  cursor.reset(buffer, start, end);
  while (cursor.next()) {
    if (cursor.nameIs(':message-type')) type = cursor.integer();
    else if (cursor.nameIs(':message-flags')) flags = cursor.integer();
    else if (cursor.nameIs(':stream-id')) {
      streamId = cursor.integer();
      streamIdStart = cursor.valueStart - start;
    } else if (cursor.nameIs('service-model-type')) modelType = cursor.string();
    else if (cursor.nameIs(':content-type')) contentType = cursor.string();
    else if (cursor.nameIs('operation')) operation = cursor.string();
    else if (cursor.nameIs(':version')) version = cursor.string();
  }
  if (cursor.failure !== undefined) {
    return { reason: 'header-invalid', detail: cursor.failure.reason === 'header-invalid' ? cursor.failure.detail : cursor.failure.reason };
  }
  if (type === undefined || flags === undefined || streamId === undefined) {
    return { reason: 'rpc-header-missing', detail: 'a message must have the int32 headers :message-type, :message-flags and :stream-id' };
  }
  const headers: RpcHeaders = { type, flags, streamId, modelType, contentType, operation, version };
  const length = end - start;
  if (length <= MAX_KNOWN) {
    const bytes = Buffer.allocUnsafeSlow(length);
    buffer.copy(bytes, 0, start, end);
    known[length & 15] = { bytes, streamIdStart, headers };
  }
  return headers;
}
