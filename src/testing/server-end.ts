import type { ConnectFailure } from '../ipc/transport.js';
import type { Clock } from '../shared/clock.js';
import { FrameDecoder } from '../ipc/wire/frame.js';
import { readRpcMessage } from '../ipc/wire/rpc-message.js';
import { type FaultSwitches, type OutgoingFrame, spoil } from '../local/faults/fault-switches.js';
import type { NucleusEvent } from '../local/nucleus-event.js';
import type { Peer, ProfileServer, Protocol } from '../local/server/protocol.js';
import { PUBLISH } from '../shared/operations.js';
import type { Turns } from './virtual-time.js';

/** Milliseconds from a request to its answer. What is left out is answered at once, in the same frame. */
export interface Latency {
  readonly connect?: number | undefined;
  readonly subscribe?: number | undefined;
  readonly publish?: number | undefined;
}

/** What both ends of all connections to one nucleus in memory share. */
export interface Wire {
  readonly turns: Turns;
  readonly clock: Clock;
  /** `undefined`: everything is answered at once. */
  readonly latency: Latency | undefined;
  readonly faults: FaultSwitches;
  readonly server: ProfileServer;
  /** The largest frame the nucleus takes. */
  readonly maxFrame: number;
  /** Why nobody can connect now, if nobody can. */
  readonly connectFailure: () => ConnectFailure | undefined;
  /** Whether the nucleus neither reads nor writes now. */
  readonly frozen: () => boolean;
  /** Is told who comes and goes. */
  readonly observe: (event: NucleusEvent) => void;
  /** Called around each request, so that what the nucleus reports meanwhile can be told to be about it. */
  readonly during: (request: string, work: () => void) => void;
}

/** What the nucleus' end of a connection tells the client's. */
export interface ClientSide {
  readonly receive: (bytes: Buffer) => void;
  /** The nucleus has closed, after all it had sent: in good order, or with a reset as the `cause`. */
  readonly onClosed: (cause: Error | undefined) => void;
}

/** The nucleus' end of a connection in memory: the place of the local nucleus' own, which has a socket. */
export class ServerEnd implements Peer {
  readonly id: number;
  readonly #wire: Wire;
  readonly #client: ClientSide;
  readonly #onClosed: () => void;
  readonly #protocol: Protocol;
  readonly #decoder: FrameDecoder;
  /** Operations whose answers take time, by stream. */
  readonly #operations = new Map<number, 'subscribe' | 'publish'>();
  #claimed: string | undefined;
  #component: string | undefined;
  #waiting: OutgoingFrame[] = [];
  #isFlushDue = false;
  /** What came while the nucleus was frozen. */
  #unread: Buffer[] = [];
  #state: 'open' | 'ending' | 'closed' = 'open';
  /** Whether it closed in good order: what the client sends then is not read either, and is no reset. */
  #isInOrder = false;
  /** What came after the nucleus had stopped reading makes its end a reset. */
  #hasReset = false;

  constructor(id: number, wire: Wire, client: ClientSide, onClosed: () => void) {
    this.id = id;
    this.#wire = wire;
    this.#client = client;
    this.#onClosed = onClosed;
    this.#protocol = wire.server.accept(this);
    this.#decoder = new FrameDecoder(wire.maxFrame, frame => {
      const message = readRpcMessage(frame);
      const request = 'reason' in message ? undefined : message;
      if (wire.latency !== undefined && request?.operation !== undefined) {
        this.#operations.set(request.streamId, request.operation === PUBLISH ? 'publish' : 'subscribe');
      }
      wire.during(request?.payload ?? '', () => {
        this.#protocol.receive(frame);
      });
    });
  }

  /** Bytes from the client. */
  receive(bytes: Buffer): void {
    if (this.#state !== 'open') {
      this.#hasReset = !this.#isInOrder;
      return;
    }
    if (this.#wire.frozen()) this.#unread.push(bytes);
    else if (this.#decoder.push(bytes) !== undefined) this.#protocol.malformed();
  }

  /** The client has closed. */
  clientClosed(): void {
    this.#close(() => undefined);
  }

  send(frame: Buffer, isEvent: boolean): void {
    if (this.#state !== 'open') return;
    const delay = isEvent ? 0 : this.#latencyOf(frame);
    if (delay === 0) this.#write({ bytes: frame, isEvent });
    else
      this.#wire.clock.after(delay, () => {
        if (this.#state === 'open') this.#write({ bytes: frame, isEvent });
      });
  }

  end(): void {
    this.#isInOrder = true;
    this.cut();
  }

  cut(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#flush(true);
    this.destroy();
  }

  destroy(): void {
    this.#close(() => {
      this.#wire.turns.later(() => {
        this.#client.onClosed(this.#hasReset ? reset() : undefined);
      });
    });
  }

  claimed(component: string): void {
    this.#claimed = component;
  }

  authenticated(component: string): void {
    this.#component = component;
    this.#wire.observe({ kind: 'connected', connection: this.id, component });
  }

  /** Looks again at what waits: a fault that kept it back is gone. */
  resume(): void {
    if (this.#state === 'open') this.#flush(false);
    const unread = this.#unread;
    this.#unread = [];
    for (const bytes of unread) this.receive(bytes);
  }

  /** As on a socket, all that one turn brings leaves after it, and is lost where the connection is destroyed before. */
  #write(frame: OutgoingFrame): void {
    this.#waiting.push(frame);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#wire.turns.later(() => {
      this.#isFlushDue = false;
      if (this.#state === 'open') this.#flush(false);
    });
  }

  #flush(isLast: boolean): void {
    if (this.#waiting.length === 0 || (this.#wire.frozen() && !isLast)) return;
    if (!this.#wire.faults.spoils) {
      for (const { bytes } of this.#waiting.splice(0)) this.#deliver(bytes);
      return;
    }
    const spoilt = spoil(this.#waiting, this.#wire.faults, this.#claimed, isLast);
    if (spoilt === undefined) return;
    this.#waiting = [];
    const size = spoilt.pieceSize ?? Infinity;
    for (let at = 0; at < spoilt.bytes.length; at += size) this.#deliver(spoilt.bytes.subarray(at, at + size));
    if (spoilt.destroy) this.destroy();
  }

  #deliver(bytes: Buffer): void {
    this.#wire.turns.later(() => {
      this.#client.receive(bytes);
    });
  }

  #close(tell: () => void): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#decoder.stop();
    this.#waiting = [];
    // Not within the call: the nucleus may be in the middle of a request on this very connection.
    this.#wire.turns.later(() => {
      this.#protocol.closed();
      this.#wire.observe({ kind: 'disconnected', connection: this.id, component: this.#component });
      this.#onClosed();
    });
    tell();
  }

  #latencyOf(frame: Buffer): number {
    const { latency } = this.#wire;
    if (latency === undefined) return 0;
    const streamId = streamIdOf(frame);
    const operation = streamId === 0 ? 'connect' : this.#operations.get(streamId);
    if (operation === undefined) return 0;
    this.#operations.delete(streamId);
    return latency[operation] ?? 0;
  }
}

/** As a socket tells of one. */
function reset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
}

function streamIdOf(frame: Buffer): number {
  let streamId = 0;
  new FrameDecoder(frame.length, view => {
    const message = readRpcMessage(view);
    if (!('reason' in message)) ({ streamId } = message);
  }).push(frame);
  return streamId;
}
