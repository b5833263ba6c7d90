import type { TransportName } from '../shared/profile.js';
import type { FrameFailure } from './wire/frame.js';
import type { RpcMessage, RpcMessageFailure } from './wire/rpc-message.js';

/** Why a connection could not be made. */
export type ConnectFailure =
  /** No file at the path. */
  | { readonly reason: 'missing'; readonly cause: unknown }
  /** A file, but nobody listens on it: no socket, or one whose server is gone. */
  | { readonly reason: 'refused'; readonly cause: unknown }
  | { readonly reason: 'permission'; readonly cause: unknown }
  /** The server lives and its listen backlog is full. */
  | { readonly reason: 'busy'; readonly cause: unknown }
  | { readonly reason: 'path-too-long'; readonly length: number; readonly limit: number }
  /**
   * The transport itself is not available: aws-crt is not installed, or has no binary for this machine. `passing`: the process only lacks
   * memory or file descriptors to load it.
   */
  | { readonly reason: 'native-unavailable'; readonly passing: boolean; readonly cause: unknown }
  | { readonly reason: 'other'; readonly cause: unknown };

/** Why an open connection ended. */
export type CloseReason =
  /** The peer closed or reset it, or died. */
  | { readonly reason: 'peer'; readonly cause: unknown }
  /** The peer sent bytes that are no event-stream RPC. */
  | {
      readonly reason: 'protocol';
      readonly failure: FrameFailure | RpcMessageFailure | { readonly reason: 'native'; readonly detail: string };
    }
  /** {@link TransportConnection.close} was called. */
  | { readonly reason: 'local' };

/**
 * What a connection tells its user. Calls come in wire order: everything that was sent before the end is delivered before `onClose`, which
 * is called once, last, also after `close()`. When the connection ends, every stream that is still open gets its `onEnd` before that. After
 * `close()` no more messages are delivered.
 */
export interface ConnectionListener {
  readonly onOpen: () => void;
  /** A message on stream 0. */
  readonly onMessage: (message: RpcMessage) => void;
  /** Called instead of `onOpen`; nothing follows. */
  readonly onConnectFailure: (failure: ConnectFailure) => void;
  readonly onClose: (reason: CloseReason) => void;
}

/** What a stream tells its user: messages in wire order, none after one whose flags terminate the stream. */
export interface StreamListener {
  readonly onMessage: (message: RpcMessage) => void;
  /** The stream ended without a message that says so; with the connection, `onClose` tells why. */
  readonly onEnd: () => void;
}

/** One stream: one exchange, from its request to its terminate. */
export interface TransportStream {
  /** Ends the stream: sends the terminate, unless the server has sent its own. Harmless when repeated and after the end. */
  readonly terminate: () => void;
}

/** A connection, from the call that begins it. */
export interface TransportConnection {
  /** Sends the Connect message on stream 0. */
  readonly sendConnect: (payload: string) => void;
  /** Opens the next stream with its request. Ids are strictly consecutive. */
  readonly openStream: (operation: string, payload: string, listener: StreamListener) => TransportStream;
  /** Ends the connection and frees all it holds; `onClose({ reason: 'local' })` follows, never within the call. */
  readonly close: () => void;
}

/** How bytes travel. There are two implementations of this contract, `socket` and `crt`. */
export interface Transport {
  readonly name: TransportName;
  /** Begins a connection to the Unix domain socket, or on Windows the named pipe. Listener calls come later, never within this call. */
  readonly connect: (socketPath: string, listener: ConnectionListener) => TransportConnection;
}
