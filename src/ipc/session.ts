import type { CloseReason, ConnectFailure, Transport, TransportConnection } from './transport.js';
import type { Clock } from '../shared/clock.js';
import { MessageFlag, MessageType, type RpcMessage } from './wire/rpc-message.js';
import { RequestExchange, SubscriptionExchange, type Exchange, type RequestListener, type SubscriptionListener } from './exchange.js';

export type { Exchange, RequestListener, SubscriptionExchange, SubscriptionListener } from './exchange.js';

/** Stream ids are signed 32-bit numbers and never come back: at 10 000 publishes a second they last two and a half days. */
const MAX_STREAMS = 0x7fff_ffff;

/** Why a session is over. */
export type SessionEnd =
  | { readonly reason: 'connect-failed'; readonly failure: ConnectFailure }
  /** The server said no. `silently`: it closed the connection instead of answering, which a dying server does too. */
  | { readonly reason: 'refused'; readonly silently: boolean }
  /** The server cut the connection before it read the token. Greengrass Lite does so when its 50 connections are taken. */
  | { readonly reason: 'turned-away'; readonly cause: unknown }
  | { readonly reason: 'timed-out' }
  | { readonly reason: 'lost'; readonly cause: unknown }
  | { readonly reason: 'protocol'; readonly detail: string }
  /** All stream ids are used up; a new session has new ones. */
  | { readonly reason: 'stream-ids-exhausted' }
  | { readonly reason: 'closed' };

export interface SessionListener {
  /** The server accepted the token: exchanges may begin. */
  readonly onAccepted: () => void;
  /** Once, last. Every exchange has ended before. */
  readonly onEnd: (end: SessionEnd) => void;
}

export interface SessionOptions {
  readonly transport: Transport;
  readonly socketPath: string;
  readonly authToken: string;
  /** Milliseconds from here to the open connection, and again from there to the ConnectAck. */
  readonly connectTimeout: number;
  readonly clock: Clock;
  /** For tests. */
  readonly maxStreams?: number | undefined;
}

/**
 * One authenticated connection with many exchanges on it. It keeps to the rules of both servers for ending a stream: each side is told
 * exactly once that a stream is over. Old nuclei drop the connection when they are told twice.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #listener: SessionListener;
  readonly #connection: TransportConnection;
  #cancelTimeout: () => void;
  #accepted = false;
  #end: SessionEnd | undefined;
  #over = false;
  #streams = 0;

  constructor(options: SessionOptions, listener: SessionListener) {
    this.#options = options;
    this.#listener = listener;
    this.#cancelTimeout = this.#startTimeout();
    this.#connection = options.transport.connect(options.socketPath, {
      onOpen: () => {
        // Started again: a server cannot answer what this process was too busy to send.
        this.#cancelTimeout();
        this.#cancelTimeout = this.#startTimeout();
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

  #startTimeout(): () => void {
    return this.#options.clock.after(this.#options.connectTimeout, () => {
      this.#finish({ reason: 'timed-out' });
    });
  }

  /** Sends a request that has one answer. */
  request(operation: string, payload: string, listener: RequestListener): Exchange {
    return new RequestExchange(this.#connection, operation, payload, listener, () => this.#takeStream());
  }

  /** Sends a request whose answer is a stream of events. */
  subscribe(operation: string, payload: string, listener: SubscriptionListener): SubscriptionExchange {
    return new SubscriptionExchange(this.#connection, operation, payload, listener, () => this.#takeStream());
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
    this.#finish({ reason: 'protocol', detail: `message type ${message.type} on stream 0: ${said}` });
  }

  #endOf(reason: CloseReason): SessionEnd {
    switch (reason.reason) {
      case 'local':
        return { reason: 'closed' };
      case 'peer':
        if (this.#accepted) return { reason: 'lost', cause: reason.cause };
        return isReset(reason.cause) ? { reason: 'turned-away', cause: reason.cause } : { reason: 'refused', silently: true };
      case 'protocol':
        return { reason: 'protocol', detail: 'detail' in reason.failure ? reason.failure.detail : reason.failure.reason };
    }
  }

  /** Ends the connection for a reason on this side; its `onClose` does the rest. */
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

/**
 * Whether the server cut the connection without reading what was sent. A server that refuses a token has read it, and closes normally;
 * Greengrass Lite cuts off a client for which it has no room (it has room for 50). aws-crt does not tell the two apart.
 */
function isReset(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
}
