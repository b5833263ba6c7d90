import type { Clock } from './clock.js';
import { MessageFlag, MessageType, type RpcMessage } from './wire/rpc-message.js';
import type { CloseReason, ConnectFailure, StreamListener, Transport, TransportConnection, TransportStream } from './transport.js';

/** The service model's name of the events of a subscription; everything else on its stream is the reply. */
const EVENT_MODEL_TYPES: ReadonlySet<string> = new Set(['aws.greengrass#IoTCoreMessage', 'aws.greengrass#IoTCoreConnectionStatusEvent']);

/** Events that may wait for a subscribe reply that is late, and characters of them; with more, waiting ends and they are delivered. */
const MAX_EARLY_EVENTS = 1_000;
const MAX_EARLY_CHARACTERS = 4 * 1024 * 1024;

/** Stream ids are signed 32-bit numbers and never come back: at 10 000 publishes a second they last two and a half days. */
const MAX_STREAMS = 0x7fff_ffff;

/** Why a session is over. */
export type SessionEnd =
  | { readonly reason: 'connect-failed'; readonly failure: ConnectFailure }
  /** The server said no. `silently`: it closed the connection instead of answering, which a dying server does too. */
  | { readonly reason: 'refused'; readonly silently: boolean }
  | { readonly reason: 'timed-out' }
  | { readonly reason: 'lost'; readonly cause: unknown }
  | { readonly reason: 'protocol'; readonly detail: string }
  /** All stream ids are used up; a new session has new ones. */
  | { readonly reason: 'stream-ids-exhausted' }
  | { readonly reason: 'closed' };

export interface SessionListener {
  /** The server accepted the token: operations may begin. */
  readonly onAccepted: () => void;
  /** Once, last. Every operation has been settled before. */
  readonly onEnd: (end: SessionEnd) => void;
}

export interface SessionOptions {
  readonly transport: Transport;
  readonly socketPath: string;
  readonly authToken: string;
  /** Milliseconds from here to the ConnectAck. */
  readonly connectTimeout: number;
  readonly clock: Clock;
  /** For tests. */
  readonly maxStreams?: number | undefined;
}

/** How a request with one answer ended: with the server's message (an error has type 1), or without one. */
export interface RequestListener {
  readonly onReply: (message: RpcMessage) => void;
  readonly onLost: () => void;
}

/** A subscription's life: a reply, then events, or an error, and an end that comes once. */
export interface SubscriptionListener {
  /** The server has accepted the subscription. Comes before the first event, whatever the order on the wire. */
  readonly onReply: () => void;
  readonly onEvent: (message: RpcMessage) => void;
  /** Instead of a reply or after it; nothing follows. */
  readonly onError: (message: RpcMessage) => void;
  /** The server ended the stream in good order; nothing follows. */
  readonly onComplete: () => void;
  /** The connection ended; nothing follows. */
  readonly onLost: () => void;
}

/** An operation under way. */
export interface Operation {
  /** Gives the operation up: its listener hears nothing more, and the server gets the terminate that is owed. */
  readonly abandon: () => void;
}

/**
 * One authenticated connection with many operations on it. Both servers' rules of ending a stream are kept: whoever has
 * not been told that a stream is over is told, and nobody is told twice, since old nuclei drop the connection for that.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #listener: SessionListener;
  readonly #connection: TransportConnection;
  readonly #cancelTimeout: () => void;
  #accepted = false;
  #end: SessionEnd | undefined;
  #over = false;
  #streams = 0;

  constructor(options: SessionOptions, listener: SessionListener) {
    this.#options = options;
    this.#listener = listener;
    this.#cancelTimeout = options.clock.after(options.connectTimeout, () => {
      this.#finish({ reason: 'timed-out' });
    });
    this.#connection = options.transport.connect(options.socketPath, {
      onOpen: () => {
        this.#connection.sendConnect(JSON.stringify({ authToken: options.authToken }));
      },
      onMessage: message => {
        this.#onConnectionMessage(message);
      },
      onConnectFailure: failure => {
        this.#settle({ reason: 'connect-failed', failure });
      },
      onClose: reason => {
        this.#settle(this.#end ?? this.#endOf(reason));
      },
    });
  }

  /** Sends a request that has one answer. */
  request(operation: string, payload: string, listener: RequestListener): Operation {
    return new Request(this.#connection, operation, payload, listener, () => this.#takeStream());
  }

  /** Sends a request whose answer is a stream of events. */
  subscribe(operation: string, payload: string, listener: SubscriptionListener): Operation {
    return new Subscription(this.#connection, operation, payload, listener, () => this.#takeStream());
  }

  /** Ends the session. */
  close(): void {
    this.#finish({ reason: 'closed' });
  }

  #takeStream(): void {
    if (++this.#streams >= (this.#options.maxStreams ?? MAX_STREAMS)) this.#finish({ reason: 'stream-ids-exhausted' });
  }

  #onConnectionMessage(message: RpcMessage): void {
    if (message.type === MessageType.ConnectAck && !this.#accepted) {
      if ((message.flags & MessageFlag.ConnectionAccepted) === 0) {
        this.#finish({ reason: 'refused', silently: false });
        return;
      }
      this.#accepted = true;
      this.#cancelTimeout();
      this.#listener.onAccepted();
      return;
    }
    if (message.type === MessageType.Ping) return;
    // Copied: what `slice` gives would keep all of the payload it was cut from.
    const said = Buffer.from(message.payload.slice(0, 200)).toString();
    this.#finish({ reason: 'protocol', detail: `message type ${String(message.type)} on stream 0: ${said}` });
  }

  #endOf(reason: CloseReason): SessionEnd {
    switch (reason.reason) {
      case 'local':
        return { reason: 'closed' };
      case 'peer':
        return this.#accepted || isReset(reason.cause) ? { reason: 'lost', cause: reason.cause } : { reason: 'refused', silently: true };
      case 'protocol':
        return { reason: 'protocol', detail: 'detail' in reason.failure ? reason.failure.detail : reason.failure.reason };
    }
  }

  /** Ends the connection for a reason of ours; its `onClose` settles the rest. */
  #finish(end: SessionEnd): void {
    if (this.#end !== undefined || this.#over) return;
    this.#end = end;
    this.#cancelTimeout();
    this.#connection.close();
  }

  #settle(end: SessionEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimeout();
    this.#listener.onEnd(end);
  }
}

class Request implements StreamListener, Operation {
  readonly #stream: TransportStream;
  #listener: RequestListener | undefined;

  constructor(connection: TransportConnection, operation: string, payload: string, listener: RequestListener, takeStream: () => void) {
    this.#listener = listener;
    this.#stream = connection.openStream(operation, payload, this);
    takeStream();
  }

  onMessage(message: RpcMessage): void {
    const listener = this.#listener;
    this.#listener = undefined;
    // Greengrass Lite leaves the stream of an answered request open; the classic nucleus has terminated it.
    this.#stream.terminate();
    listener?.onReply(message);
  }

  onEnd(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onLost();
  }

  abandon(): void {
    this.#listener = undefined;
    this.#stream.terminate();
  }
}

class Subscription implements StreamListener, Operation {
  readonly #stream: TransportStream;
  #listener: SubscriptionListener | undefined;
  #replied = false;
  #early: RpcMessage[] = [];
  #earlyCharacters = 0;

  constructor(connection: TransportConnection, operation: string, payload: string, listener: SubscriptionListener, takeStream: () => void) {
    this.#listener = listener;
    this.#stream = connection.openStream(operation, payload, this);
    takeStream();
  }

  onMessage(message: RpcMessage): void {
    if (message.type !== MessageType.ApplicationMessage) {
      this.#leave()?.onError(message);
      return;
    }
    if (message.modelType !== undefined && EVENT_MODEL_TYPES.has(message.modelType)) this.#onEvent(message);
    else if (message.payload !== '' && !this.#replied) this.#onReply();
    if ((message.flags & MessageFlag.TerminateStream) !== 0) this.#onTerminated();
  }

  onEnd(): void {
    this.#releaseEarly();
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onLost();
  }

  abandon(): void {
    this.#listener = undefined;
    this.#early = [];
    this.#stream.terminate();
  }

  #onEvent(message: RpcMessage): void {
    if (this.#replied) {
      this.#listener?.onEvent(message);
      return;
    }
    // Greengrass Lite may send an event before the reply (4 of 300 subscribes on a busy topic): it waits for it here.
    this.#early.push(message);
    this.#earlyCharacters += message.payload.length;
    if (this.#early.length >= MAX_EARLY_EVENTS || this.#earlyCharacters >= MAX_EARLY_CHARACTERS) this.#onReply();
  }

  #onReply(): void {
    this.#replied = true;
    this.#listener?.onReply();
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.#listener?.onEvent(message);
  }

  /** At the end: events whose reply never came are its proof. */
  #releaseEarly(): void {
    if (this.#early.length > 0) this.#onReply();
  }

  #onTerminated(): void {
    this.#releaseEarly();
    this.#leave()?.onComplete();
  }

  #leave(): SubscriptionListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#early = [];
    this.#stream.terminate();
    return listener;
  }
}

/**
 * Whether a connection was cut with bytes of ours unread. A server that refuses a token has read it and closes in good order; Greengrass
 * Lite cuts a client that is one too many (it has room for 50). aws-crt does not tell the two apart.
 */
function isReset(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
}
