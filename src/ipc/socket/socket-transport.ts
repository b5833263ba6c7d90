import { createConnection, type Socket } from 'node:net';
import { tooLongForSocket } from '../../shared/socket-path.js';
import { noteArrival } from '../../shared/when-quiet.js';
import {
  type CloseReason,
  type ConnectFailure,
  type ConnectionListener,
  type StreamListener,
  type Transport,
  type TransportConnection,
  type TransportStream,
} from '../transport.js';
import { encodeRequest } from '../wire/encode-request.js';
import { CLASSIC_MAX_FRAME, FrameDecoder, type FrameView } from '../wire/frame.js';
import { encodeRpcMessage, MessageFlag, MessageType, readRpcMessage, RPC_VERSION, type RpcMessage } from '../wire/rpc-message.js';

/** Bytes of one read: more than the kernel hands over at once from a Unix socket, and few enough to stay in the processor's cache. */
const READ_BUFFER = 64 * 1024;
/** Above so many bytes, frames are written one by one instead of being joined first: joining would only copy them. */
const JOIN_LIMIT = 64 * 1024;

/**
 * The transport over `node:net`: the default. One read buffer serves a connection for its whole life, and all that is
 * written within one turn of the event loop leaves in one system call.
 */
export const socketTransport: Transport = {
  name: 'socket',
  connect: (socketPath, listener) => new SocketConnection(socketPath, listener),
};

class SocketConnection implements TransportConnection {
  readonly #listener: ConnectionListener;
  readonly #decoder: FrameDecoder;
  readonly #streams = new Map<number, StreamListener>();
  #socket: Socket | undefined;
  #lastStreamId = 0;
  #outgoing: Buffer[] = [];
  #opened = false;
  #closing = false;
  #ended = false;
  #socketError: unknown;

  constructor(socketPath: string, listener: ConnectionListener) {
    this.#listener = listener;
    this.#decoder = new FrameDecoder(CLASSIC_MAX_FRAME, frame => {
      this.#read(frame);
    });
    const excess = tooLongForSocket(socketPath);
    if (excess !== undefined) {
      process.nextTick(() => {
        this.#failToConnect({ reason: 'path-too-long', ...excess });
      });
      return;
    }
    const buffer = Buffer.allocUnsafeSlow(READ_BUFFER);
    const socket = createConnection({
      path: socketPath,
      onread: {
        buffer,
        callback: count => {
          this.#push(buffer.subarray(0, count));
          return true;
        },
      },
    });
    this.#socket = socket;
    socket.on('connect', () => {
      if (this.#ended || this.#closing) return;
      this.#opened = true;
      listener.onOpen();
    });
    socket.on('error', error => {
      this.#socketError = error;
    });
    socket.on('close', () => {
      if (this.#opened) this.#end({ reason: 'peer', cause: this.#socketError });
      else this.#failToConnect(connectFailureOf(this.#socketError));
    });
  }

  sendConnect(payload: string): void {
    this.#write(encodeRpcMessage({ type: MessageType.Connect, flags: 0, streamId: 0, version: RPC_VERSION, payload }));
  }

  openStream(operation: string, payload: string, listener: StreamListener): TransportStream {
    const id = ++this.#lastStreamId;
    if (this.#ended) {
      process.nextTick(() => {
        listener.onEnd();
      });
      return new SocketStream(this, id);
    }
    this.#streams.set(id, listener);
    this.#write(encodeRequest(operation, id, payload));
    return new SocketStream(this, id);
  }

  /** Takes a stream out; `true` if it was still open, so that a terminate is owed. */
  removeStream(id: number): boolean {
    return this.#streams.delete(id);
  }

  sendTerminate(id: number): void {
    this.#write(encodeRpcMessage({ type: MessageType.ApplicationMessage, flags: MessageFlag.TerminateStream, streamId: id }));
  }

  close(): void {
    if (this.#ended || this.#closing) return;
    // What was written in this turn, such as the terminates of streams that were just ended, is still sent: the kernel takes it within the
    // call, unless the server has stopped reading, and then there is nobody to wait for.
    this.#flush();
    this.#closing = true;
    this.#decoder.stop();
    process.nextTick(() => {
      this.#end({ reason: 'local' });
    });
  }

  #push(chunk: Buffer): void {
    noteArrival();
    if (this.#ended || this.#closing) return;
    const failure = this.#decoder.push(chunk);
    if (failure !== undefined) this.#end({ reason: 'protocol', failure });
  }

  #read(frame: FrameView): void {
    const message = readRpcMessage(frame);
    if ('reason' in message) {
      this.#end({ reason: 'protocol', failure: message });
      return;
    }
    if (message.streamId === 0) this.#listener.onMessage(message);
    else this.#deliver(message);
  }

  #deliver(message: RpcMessage): void {
    const stream = this.#streams.get(message.streamId);
    if (stream === undefined) {
      // Late messages of a stream that was ended here are normal; a message of a stream that was never opened means that the peer has lost
      // track.
      if (message.streamId < 0 || message.streamId > this.#lastStreamId) {
        const detail = `a message came on stream ${message.streamId}, which was never opened`;
        this.#end({ reason: 'protocol', failure: { reason: 'rpc-header-missing', detail } });
      }
      return;
    }
    if ((message.flags & MessageFlag.TerminateStream) !== 0) this.#streams.delete(message.streamId);
    stream.onMessage(message);
  }

  #write(bytes: Buffer): void {
    if (this.#ended || this.#closing) return;
    if (this.#outgoing.push(bytes) === 1) {
      process.nextTick(() => {
        this.#flush();
      });
    }
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    if (outgoing.length === 0 || this.#socket === undefined || this.#ended) return;
    this.#outgoing = [];
    const [first] = outgoing;
    if (outgoing.length === 1 && first !== undefined) {
      this.#socket.write(first);
      return;
    }
    let total = 0;
    for (const bytes of outgoing) total += bytes.length;
    if (total <= JOIN_LIMIT) {
      this.#socket.write(Buffer.concat(outgoing, total));
      return;
    }
    this.#socket.cork();
    for (const bytes of outgoing) this.#socket.write(bytes);
    this.#socket.uncork();
  }

  #failToConnect(failure: ConnectFailure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#listener.onConnectFailure(failure);
  }

  #end(reason: CloseReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#decoder.stop();
    this.#outgoing = [];
    this.#socket?.destroy();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.onEnd();
    this.#listener.onClose(reason);
  }
}

class SocketStream implements TransportStream {
  readonly #connection: SocketConnection;
  readonly #id: number;

  constructor(connection: SocketConnection, id: number) {
    this.#connection = connection;
    this.#id = id;
  }

  terminate(): void {
    if (this.#connection.removeStream(this.#id)) this.#connection.sendTerminate(this.#id);
  }
}

function connectFailureOf(error: unknown): ConnectFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return { reason: 'missing', cause: error };
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
      return { reason: 'refused', cause: error };
    case 'EACCES':
    case 'EPERM':
      return { reason: 'permission', cause: error };
    case 'EAGAIN':
      return { reason: 'busy', cause: error };
    default:
      return { reason: 'other', cause: error };
  }
}
