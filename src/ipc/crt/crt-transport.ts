import { tooLongForSocket } from '../../shared/socket-path.js';
import { messageOf } from '../../shared/visible.js';
import { type Counting, noteArrival, whenQuiet } from '../../shared/when-quiet.js';
import {
  type CloseReason,
  type ConnectFailure,
  type ConnectionListener,
  type StreamListener,
  type Transport,
  type TransportConnection,
  type TransportStream,
} from '../transport.js';
import { CLASSIC_MAX_FRAME } from '../wire/frame.js';
import { MessageType, RPC_VERSION } from '../wire/rpc-message.js';
import { type Crt, isShortage, loadCrt, type NativeConnection, type NativeMessage, type NativeStream } from './crt-native.js';
import { CrtStream, type CrtStreamOwner, rpcMessageOf } from './crt-stream.js';

/**
 * Why connecting failed. aws-crt rejects with an `Error`, a `CrtError` or a bare string, none of which has a code; but the text of each
 * names the error of the C library.
 */
export function connectFailureOf(rejection: unknown): ConnectFailure {
  const message = messageOf(rejection);
  const cause = rejection instanceof Error ? rejection : new Error(message);
  switch (/AWS_(?:IO|ERROR)_\w+/.exec(message)?.[0]) {
    case 'AWS_ERROR_FILE_INVALID_PATH':
      return { reason: 'missing', cause };
    case 'AWS_IO_SOCKET_CONNECTION_REFUSED':
      return { reason: 'refused', cause };
    case 'AWS_ERROR_NO_PERMISSION':
      return { reason: 'permission', cause };
    case 'AWS_IO_READ_WOULD_BLOCK':
      return { reason: 'busy', cause };
    default:
      return { reason: 'other', cause };
  }
}

/** Error codes of aws-c-event-stream, in its own range of 1024. */
const EVENT_STREAM_ERRORS = 4096;
/** The only one of them that is not the peer's fault. */
const RPC_CONNECTION_CLOSED = 4104;

/** Why a connection was lost, by the code of aws-crt's `disconnection` and that code's name. */
export function closeReasonOf(code: number, name: string): CloseReason {
  if (code >= EVENT_STREAM_ERRORS && code < EVENT_STREAM_ERRORS + 1024 && code !== RPC_CONNECTION_CLOSED) {
    return { reason: 'protocol', failure: { reason: 'native', detail: name } };
  }
  return { reason: 'peer', cause: new Error(`The connection was closed: ${name} (${code}).`) };
}

/**
 * The transport over aws-crt, AWS' native client, loaded when the first connection is made. Its events come in wire order only within a
 * stream, and the end of a stream may come before messages that were sent before it; so every end waits here until those have come. It
 * reads ahead without limit, and messages of different streams may overtake each other.
 *
 * One fault of aws-crt 1.33.2 cannot be helped from here: when a server accepts a connection and closes it at once, the end
 * may be seen before the connection, and an assertion in its `event_stream.c` aborts the process.
 */
export const crtTransport: Transport = {
  name: 'crt',
  connect: (socketPath, listener) => new CrtConnection(socketPath, listener),
};

/** Bytes of operation and payload that fit into a frame with all its headers. */
const MAX_REQUEST = CLASSIC_MAX_FRAME - 1024;

class CrtConnection implements TransportConnection, Counting {
  /** Messages on all streams and on the connection itself. */
  received = 0;
  readonly #listener: ConnectionListener;
  /** All streams whose native stream is open, also those that only wait for their terminate to be sent. */
  readonly #streams = new Set<CrtStream>();
  readonly #owner: CrtStreamOwner = {
    onReceived: () => {
      this.received++;
      noteArrival();
    },
    onReleased: stream => {
      this.#streams.delete(stream);
    },
  };
  #crt: Crt | undefined;
  #native: NativeConnection | undefined;
  #state: 'connecting' | 'open' | 'ended' = 'connecting';
  #lost = false;
  #tellEnd: (() => void) | undefined;
  /** Calls on the native connection that have not settled. */
  #underway = 0;

  constructor(socketPath: string, listener: ConnectionListener) {
    this.#listener = listener;
    const excess = tooLongForSocket(socketPath);
    if (excess !== undefined) {
      this.#failToConnect({ reason: 'path-too-long', ...excess });
      return;
    }
    loadCrt().then(
      crt => this.#connect(crt, socketPath),
      (cause: unknown) => {
        this.#failToConnect({ reason: 'native-unavailable', passing: isShortage(cause), cause });
      },
    );
  }

  sendConnect(payload: string): void {
    if (this.#state !== 'open' || this.#crt === undefined || this.#native === undefined) return;
    const headers = [this.#crt.stringHeader(':version', RPC_VERSION)];
    const message = { type: MessageType.Connect, flags: 0, headers, payload };
    this.#settle(this.#native.sendProtocolMessage({ message })).catch((cause: unknown) => {
      this.#lose({ reason: 'peer', cause });
    });
  }

  openStream(operation: string, payload: string, listener: StreamListener): TransportStream {
    const stream = new CrtStream(this.#owner, listener);
    const native = fitsFrame(operation, payload) ? this.#newStream() : undefined;
    if (native === undefined) {
      process.nextTick(() => {
        stream.end();
      });
    } else {
      this.#streams.add(stream);
      stream.activate(native, operation, payload);
    }
    return stream;
  }

  close(): void {
    this.#finish(() => {
      this.#listener.onClose({ reason: 'local' });
    });
  }

  async #connect(crt: Crt, socketPath: string): Promise<void> {
    if (this.#state === 'ended') return;
    try {
      const native = crt.newConnection(socketPath);
      this.#crt = crt;
      this.#native = native;
      native.on('protocolMessage', ({ message }) => {
        this.#receive(message);
      });
      native.on('disconnection', ({ errorCode }) => {
        this.#lose(closeReasonOf(errorCode, crt.errorName(errorCode)));
      });
      await this.#settle(native.connect({}));
      this.#open();
    } catch (rejection) {
      this.#failToConnect(connectFailureOf(rejection));
    }
  }

  /** `undefined` when the connection is not open, or not any more: aws-crt throws then. */
  #newStream(): NativeStream | undefined {
    if (this.#state !== 'open') return undefined;
    try {
      return this.#native?.newStream();
    } catch {
      return undefined;
    }
  }

  #open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    // On a tick of its own, as all calls to listeners: what one throws is an uncaught exception and stops no other.
    process.nextTick(() => {
      if (this.#state === 'open') this.#listener.onOpen();
    });
  }

  #receive(message: NativeMessage): void {
    this.received++;
    noteArrival();
    if (this.#state === 'open') this.#listener.onMessage(rpcMessageOf(message));
  }

  #lose(reason: CloseReason): void {
    if (this.#lost) return;
    this.#lost = true;
    whenQuiet(this, () => {
      this.#finish(() => {
        this.#listener.onClose(reason);
      });
    });
  }

  #failToConnect(failure: ConnectFailure): void {
    this.#finish(() => {
      this.#listener.onConnectFailure(failure);
    });
  }

  /**
   * Closes everything native, which would otherwise keep the process from exiting, and then tells everyone. The connection's own listener
   * is told when the native connection is closed: it may stop the server, and if aws-crt sees that while it is still connecting, it aborts
   * the process.
   */
  #finish(tellConnection: () => void): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#tellEnd = tellConnection;
    const listeners = [...this.#streams].map(stream => stream.release());
    for (const listener of listeners) {
      if (listener === undefined) continue;
      process.nextTick(() => {
        listener.onEnd();
      });
    }
    this.#closeNative();
  }

  async #settle(call: Promise<void>): Promise<void> {
    this.#underway++;
    try {
      await call;
    } finally {
      this.#underway--;
      if (this.#state === 'ended') this.#closeNative();
    }
  }

  /** Closes the native connection, but not while a call on it has not settled: that call never would. */
  #closeNative(): void {
    if (this.#underway > 0) return;
    this.#native?.close();
    const tellEnd = this.#tellEnd;
    this.#tellEnd = undefined;
    if (tellEnd !== undefined) process.nextTick(tellEnd);
  }
}

/**
 * Whether a request fits into a frame. aws-crt would refuse one that does not, and would release the connection once too often in doing so.
 */
function fitsFrame(operation: string, payload: string): boolean {
  // A UTF-16 unit has at most three bytes of UTF-8, so only a huge text has to be counted.
  const atMost = (operation.length + payload.length) * 3;
  return atMost < MAX_REQUEST || Buffer.byteLength(operation) + Buffer.byteLength(payload) < MAX_REQUEST;
}
