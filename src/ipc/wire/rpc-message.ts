import { encodeFrame, type FrameView, type Headers } from './frame.js';
import { encodeHeaders, HeaderCursor } from './headers.js';

/** What the headers of an RPC message say. */
type RpcHeaders = Omit<RpcMessage, 'payload'>;

/** Why a frame is not an RPC message. */
export interface RpcMessageFailure {
  readonly reason: 'rpc-header-missing' | 'header-invalid';
  readonly detail: string;
}

/** A block of headers that was read before, with its content. */
interface KnownBlock {
  readonly bytes: Buffer;
  /** Where the four bytes of the stream id are: only these may differ in a block that counts as equal. */
  readonly streamIdStart: number;
  readonly headers: RpcHeaders;
}

/**
 * The last block of each length modulo 16. The headers of all events differ in the stream id alone, and so do those of all replies of one
 * kind. Comparing bytes is several times as fast as reading names and making strings, which would otherwise be most of the work of reading
 * a small message.
 */
const known: (KnownBlock | undefined)[] = new Array<undefined>(16).fill(undefined);

/** Longer blocks are not remembered, so that all that is remembered stays under 8 KiB. */
const MAX_KNOWN = 512;

const cursor = new HeaderCursor();
const EMPTY = Buffer.alloc(0);

/** Reads a block of headers. The result holds no reference to the buffer. */
function readRpcHeaders(buffer: Buffer, start: number, end: number): RpcHeaders | RpcMessageFailure {
  const block = known[(end - start) & 15];
  if (block?.bytes.length === end - start) {
    const { bytes, streamIdStart, headers } = block;
    const streamId = buffer.readInt32BE(start + streamIdStart);
    bytes.writeInt32BE(streamId, streamIdStart);
    if (bytes.compare(buffer, start, end) === 0) return streamId === headers.streamId ? headers : onStream(headers, streamId);
  }
  const read = walk(buffer, start, end);
  // The cursor must not keep a read buffer, or a frame of 24 MiB, in memory.
  cursor.reset(EMPTY, 0, 0);
  return read;
}

/** Written out member by member: this runs for every reply, and `{ ...headers, streamId }` takes V8 many times as long. */
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

/** `:message-type` of event-stream RPC (`event_stream_rpc.h`). */
export const MessageType = {
  ApplicationMessage: 0,
  ApplicationError: 1,
  Ping: 2,
  PingResponse: 3,
  Connect: 4,
  ConnectAck: 5,
  ProtocolError: 6,
  InternalError: 7,
} as const;

/** Bits of `:message-flags`. */
export const MessageFlag = { ConnectionAccepted: 1, TerminateStream: 2 } as const;

/** The protocol version a Connect names. */
export const RPC_VERSION = '0.1.0';

/**
 * One message of event-stream RPC. The payload is text, since all that Greengrass sends is JSON or plain text; a
 * string also holds on to nothing of the buffer it was read from.
 */
export interface RpcMessage {
  /** One of {@link MessageType}, or a number this protocol does not know. */
  readonly type: number;
  /** A set of {@link MessageFlag} bits. */
  readonly flags: number;
  /** 0 for the connection itself. */
  readonly streamId: number;
  /** `service-model-type`, such as `aws.greengrass#IoTCoreMessage`. */
  readonly modelType: string | undefined;
  readonly contentType: string | undefined;
  /** Only on the message that opens a stream. */
  readonly operation: string | undefined;
  /** `:version` of a Connect. */
  readonly version: string | undefined;
  readonly payload: string;
}

/** Reads the RPC message in a frame. The result holds no reference to the frame's buffer. */
export function readRpcMessage(frame: FrameView): RpcMessage | RpcMessageFailure {
  const headers = readRpcHeaders(frame.buffer, frame.headersStart, frame.headersEnd);
  if ('reason' in headers) return headers;
  return {
    type: headers.type,
    flags: headers.flags,
    streamId: headers.streamId,
    modelType: headers.modelType,
    contentType: headers.contentType,
    operation: headers.operation,
    version: headers.version,
    payload: frame.buffer.toString('utf8', frame.headersEnd, frame.payloadEnd),
  };
}

/** What is needed to write a message; what is left out has no header. */
export interface RpcMessageInit {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly modelType?: string | undefined;
  readonly contentType?: string | undefined;
  readonly operation?: string | undefined;
  readonly version?: string | undefined;
  readonly payload?: string | undefined;
}

/** The headers of a message, in the order aws-crt writes them. */
export function rpcHeaders(message: RpcMessageInit): Headers {
  return [
    ...text(':version', message.version),
    [':message-type', { type: 'integer', value: message.type }],
    [':message-flags', { type: 'integer', value: message.flags }],
    [':stream-id', { type: 'integer', value: message.streamId }],
    ...text('operation', message.operation),
    ...text(':content-type', message.contentType),
    ...text('service-model-type', message.modelType),
  ];
}

/** The bytes of a message. */
export function encodeRpcMessage(message: RpcMessageInit): Buffer {
  return encodeFrame(encodeHeaders(rpcHeaders(message)), message.payload ?? '');
}

function text(name: string, value: string | undefined): Headers {
  return value === undefined ? [] : [[name, { type: 'string', value }]];
}
