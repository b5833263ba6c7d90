import type {
  CloseReason,
  ConnectFailure,
  ConnectionListener,
  StreamListener,
  Transport,
  TransportConnection,
  TransportStream,
} from '../ipc/transport.js';
import { encodeRequest } from '../ipc/wire/encode-request.js';
import { CLASSIC_MAX_FRAME, FrameDecoder } from '../ipc/wire/frame.js';
import { encodeRpcMessage, MessageFlag, MessageType, readRpcMessage, RPC_VERSION, type RpcMessage } from '../ipc/wire/rpc-message.js';
import { type ClientSide, ServerEnd, type Wire } from './server-end.js';

/** The transport to a nucleus in memory. The frames are those of the wire; what a socket would do is done in {@link Wire.turns}. */
export class VirtualTransport implements Transport {
  readonly name = 'socket';
  readonly #wire: Wire;
  readonly #connections = new Set<ServerEnd>();
  #nextId = 1;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** The nucleus' ends of all connections there are. */
  get connections(): ReadonlySet<ServerEnd> {
    return this.#connections;
  }

  connect(_socketPath: string, listener: ConnectionListener): TransportConnection {
    return new ClientEnd(this.#wire, listener, client => {
      const end: ServerEnd = new ServerEnd(this.#nextId++, this.#wire, client, () => this.#connections.delete(end));
      this.#connections.add(end);
      return end;
    });
  }
}

class ClientEnd implements TransportConnection, ClientSide {
  readonly #wire: Wire;
  readonly #listener: ConnectionListener;
  readonly #streams = new Map<number, StreamListener>();
  readonly #decoder: FrameDecoder;
  #server: ServerEnd | undefined;
  #lastStreamId = 0;
  #closing = false;
  #ended = false;

  constructor(wire: Wire, listener: ConnectionListener, accept: (client: ClientSide) => ServerEnd) {
    this.#wire = wire;
    this.#listener = listener;
    this.#decoder = new FrameDecoder(CLASSIC_MAX_FRAME, frame => {
      const message = readRpcMessage(frame);
      if ('reason' in message) this.#end({ reason: 'protocol', failure: message });
      else if (message.streamId === 0) listener.onMessage(message);
      else this.#deliver(message);
    });
    wire.turns.later(() => {
      if (this.#ended || this.#closing) return;
      const failure = wire.connectFailure();
      if (failure === undefined) {
        this.#server = accept(this);
        listener.onOpen();
      } else this.#failToConnect(failure);
    });
  }

  sendConnect(payload: string): void {
    this.#write(encodeRpcMessage({ type: MessageType.Connect, flags: 0, streamId: 0, version: RPC_VERSION, payload }));
  }

  openStream(operation: string, payload: string, listener: StreamListener): TransportStream {
    const id = ++this.#lastStreamId;
    if (this.#ended) {
      this.#wire.turns.later(() => {
        listener.onEnd();
      });
      return { terminate: () => undefined };
    }
    this.#streams.set(id, listener);
    this.#write(encodeRequest(operation, id, payload));
    return {
      terminate: () => {
        if (!this.#streams.delete(id)) return;
        this.#write(encodeRpcMessage({ type: MessageType.ApplicationMessage, flags: MessageFlag.TerminateStream, streamId: id }));
      },
    };
  }

  close(): void {
    if (this.#ended || this.#closing) return;
    this.#closing = true;
    this.#decoder.stop();
    this.#wire.turns.later(() => {
      this.#end({ reason: 'local' });
    });
  }

  receive(bytes: Buffer): void {
    if (this.#ended || this.#closing) return;
    const failure = this.#decoder.push(bytes);
    if (failure !== undefined) this.#end({ reason: 'protocol', failure });
  }

  onClosed(cause: Error | undefined): void {
    this.#end({ reason: 'peer', cause });
  }

  #write(bytes: Buffer): void {
    if (this.#ended || this.#closing) return;
    const server = this.#server;
    this.#wire.turns.later(() => {
      server?.receive(bytes);
    });
  }

  #deliver(message: RpcMessage): void {
    const stream = this.#streams.get(message.streamId);
    // A late message of a stream that was given up here.
    if (stream === undefined) return;
    if ((message.flags & MessageFlag.TerminateStream) !== 0) this.#streams.delete(message.streamId);
    stream.onMessage(message);
  }

  #failToConnect(failure: ConnectFailure): void {
    this.#ended = true;
    this.#listener.onConnectFailure(failure);
  }

  #end(reason: CloseReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#decoder.stop();
    this.#server?.clientClosed();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.onEnd();
    this.#listener.onClose(reason);
  }
}
