import type { FrameView, Headers } from './frame.js';
import { encodeFrame } from './encode-frame.js';
import { encodeHeaders } from './headers.js';
import { readRpcHeaders, type RpcMessageFailure } from './rpc-headers.js';

export type { RpcMessageFailure } from './rpc-headers.js';

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
