import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.js';
import { FrameDecoder } from '../../ipc/wire/frame.js';
import type { FaultSwitches } from '../faults/fault-switches.js';
import type { NucleusEvent } from '../nucleus-event.js';
import type { Backpressure } from './backpressure.js';
import { OutgoingQueue, type OutgoingQueueLimits, type ByteBudget } from './outgoing-queue.js';
import type { Peer, ProfileServer, Protocol } from './protocol.js';

/** Bounds on what one client may do to the process. */
export interface ConnectionLimits {
  readonly maxFrame: number;
  /** How long half a frame may lie before the connection is closed, in milliseconds; Lite's socket timeout. `undefined`: for ever. */
  readonly halfFrameTimeout: number | undefined;
  /** How long a client may be connected without a whole first message, in milliseconds. */
  readonly handshakeTimeout: number;
  readonly outgoing: OutgoingQueueLimits;
}

/** Bytes of an unfinished frame that a client may send before it has shown a token: a Connect is far smaller. */
const MAX_BEFORE_CONNECT = 64 * 1024;
/**
 * A client whose unfinished frame is no larger than this is not cut when all together have too much: those that hoard must not stop the
 * others.
 */
const FAIR_SHARE = 1024 * 1024;

/** What a connection shares with the others of its nucleus. */
export interface ConnectionContext {
  readonly clock: Clock;
  readonly faults: FaultSwitches;
  readonly limits: ConnectionLimits;
  /** Holds up those who publish while a client has too much waiting. */
  readonly backpressure: Backpressure;
  /** Bytes waiting to be written to all clients. */
  readonly outgoing: ByteBudget;
  /** Bytes of unfinished frames of all clients. */
  readonly incoming: ByteBudget;
  readonly observe: (event: NucleusEvent) => void;
}

/** One client's socket: bytes to frames on the way in, the outgoing queue on the way out, and the end of both. */
export class ClientConnection implements Peer {
  readonly id: number;
  readonly outgoing: OutgoingQueue;
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #protocol: Protocol;
  readonly #decoder: FrameDecoder;
  #claimed: string | undefined;
  #component: string | undefined;
  #unfinished = 0;
  #sawFrame = false;
  #cancelHalfFrame: (() => void) | undefined;
  #cancelHandshake: (() => void) | undefined;
  #reading = true;
  readonly #onStall: (who: ClientConnection, stalled: boolean) => void;

  constructor(
    id: number,
    socket: Socket,
    server: ProfileServer,
    context: ConnectionContext,
    onClosed: () => void,
    onStall: (who: ClientConnection, stalled: boolean) => void,
  ) {
    this.id = id;
    this.#socket = socket;
    this.#onStall = onStall;
    this.#context = context;
    const { clock, faults, limits, outgoing } = context;
    this.outgoing = new OutgoingQueue(
      socket,
      limits.outgoing,
      outgoing,
      clock,
      faults,
      () => this.#claimed,
      messages => {
        context.observe({ kind: 'dropped', connection: id, component: this.#component, messages, reason: 'the client does not read' });
      },
      stalled => {
        this.#onStall(this, stalled);
      },
      context.backpressure,
    );
    this.#protocol = server.accept(this);
    this.#decoder = new FrameDecoder(limits.maxFrame, frame => {
      this.#sawFrame = true;
      this.#forgetHandshake();
      this.#protocol.receive(frame);
    });
    this.#cancelHandshake = clock.after(limits.handshakeTimeout, () => {
      this.#cancelHandshake = undefined;
      context.observe({ kind: 'refused', connection: id, reason: `it said nothing for ${limits.handshakeTimeout} ms` });
      this.destroy();
    });
    socket.on('data', this.#onData);
    // A reset is an end like any other: 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#stopReading();
      this.outgoing.close();
      this.#protocol.closed();
      context.observe({ kind: 'disconnected', connection: id, component: this.#component });
      onClosed();
    });
  }

  get component(): string | undefined {
    return this.#component;
  }

  send(frame: Buffer, isEvent: boolean): void {
    this.outgoing.send(frame, isEvent);
  }

  end(): void {
    this.#stopReading();
    this.outgoing.end();
  }

  cut(): void {
    if (this.outgoing.queuedBytes === 0) this.destroy();
    else this.end();
  }

  destroy(): void {
    this.#stopReading();
    this.outgoing.close();
    this.#socket.destroy();
  }

  /** Neither reads nor writes while another client holds up the server's one thread. */
  freeze(frozen: boolean): void {
    if (frozen) this.#socket.pause();
    else this.#socket.resume();
    this.outgoing.hold(frozen);
  }

  claimed(component: string): void {
    this.#claimed = component;
  }

  authenticated(component: string): void {
    this.#component = component;
    this.#context.observe({ kind: 'connected', connection: this.id, component });
  }

  readonly #onData = (chunk: Buffer): void => {
    // What comes after the end is read and dropped, so that the kernel can finish the connection.
    if (!this.#reading) return;
    this.#sawFrame = false;
    if (this.#decoder.push(chunk) !== undefined) {
      this.#stopReading();
      this.#protocol.malformed();
      return;
    }
    this.#watchUnfinished(chunk.length);
  };

  /** Half a frame costs memory, and on Lite time: both have a bound. */
  #watchUnfinished(received: number): void {
    const { incoming, limits, clock } = this.#context;
    const before = this.#unfinished;
    this.#unfinished = this.#decoder.midFrame ? (this.#sawFrame ? received : before + received) : 0;
    if (this.#unfinished === before) return;
    incoming.add(this.#unfinished - before);
    if ((this.#component === undefined && this.#unfinished > MAX_BEFORE_CONNECT) || (incoming.exceeded && this.#unfinished > FAIR_SHARE)) {
      this.destroy();
      return;
    }
    if (limits.halfFrameTimeout === undefined) return;
    if (this.#sawFrame || this.#unfinished === 0) this.#forgetHalfFrame();
    if (this.#unfinished > 0) {
      if (this.#cancelHalfFrame !== undefined) return;
      this.#onStall(this, true);
      this.#cancelHalfFrame = clock.after(limits.halfFrameTimeout, () => {
        this.#forgetHalfFrame();
        this.end();
      });
    }
  }

  #forgetHalfFrame(): void {
    if (this.#cancelHalfFrame === undefined) return;
    this.#cancelHalfFrame();
    this.#cancelHalfFrame = undefined;
    this.#onStall(this, false);
  }

  #forgetHandshake(): void {
    this.#cancelHandshake?.();
    this.#cancelHandshake = undefined;
  }

  #stopReading(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#forgetHandshake();
    this.#decoder.stop();
    this.#context.incoming.add(-this.#unfinished);
    this.#unfinished = 0;
    this.#forgetHalfFrame();
  }
}
