import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.js';
import { type FaultSwitches, type OutgoingFrame, spoil } from '../faults/fault-switches.js';
import { type Backpressure, Fullness } from './backpressure.js';

/** Bytes that all connections together may keep: each has a bound of its own, and many slow ones must not add up to more than there is. */
export class ByteBudget {
  readonly limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get exceeded(): boolean {
    return this.#bytes > this.limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}

/** What a connection does with a client that does not read. */
export interface OutgoingQueueLimits {
  /** Bytes that may wait in this process for one client, beside what the kernel holds. */
  readonly queueBytes: number;
  /** Over the limit: `cut` the connection (classic has no bound and queues; here there is one), or `drop` the message (Lite). */
  readonly whenFull: 'cut' | 'drop';
  /**
   * How long Lite waits for a client to read before it drops what it has for it, in milliseconds. On both: how long one that takes nothing
   * holds up those who publish.
   */
  readonly stallTimeout: number;
}

/** Bytes handed to the socket in one write. The next batch waits until it has been taken, so this bounds what Node buffers. */
const BATCH_BYTES = 256 * 1024;
/** What the kernel takes for a client that does not read. With no more than this waiting, a device would not have lost anything either. */
const KERNEL_BYTES = 212_992;
/** A connection with no more than this waiting is not cut when all together have too much. */
const FAIR_SHARE = 1024 * 1024;
/** With more waiting than this part of its bound a client that reads holds up those who publish, until half of it is gone. */
const FULL_PART = 1 / 16;

/** The way out to one client: frames of one turn leave in one write, and what waits for a slow reader is bounded. */
export class OutgoingQueue {
  readonly #socket: Socket;
  readonly #limits: OutgoingQueueLimits;
  readonly #budget: ByteBudget;
  readonly #clock: Clock;
  readonly #faults: FaultSwitches;
  readonly #component: () => string | undefined;
  readonly #onDrop: (messages: number) => void;
  readonly #onStall: (stalled: boolean) => void;
  readonly #fullness: Fullness;
  #waiting: OutgoingFrame[] = [];
  #waitingBytes = 0;
  #inFlight = 0;
  #flushDue = false;
  /** The stall timeout has passed: events are dropped at once until the client reads again. */
  #stalled = false;
  /** Another client's stall holds this one up. */
  #held = false;
  #cancelStall: (() => void) | undefined;
  #state: 'open' | 'ending' | 'closed' = 'open';

  constructor(
    socket: Socket,
    limits: OutgoingQueueLimits,
    budget: ByteBudget,
    clock: Clock,
    faults: FaultSwitches,
    component: () => string | undefined,
    onDrop: (messages: number) => void,
    onStall: (stalled: boolean) => void,
    backpressure: Backpressure,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#budget = budget;
    this.#clock = clock;
    this.#faults = faults;
    this.#component = component;
    this.#onDrop = onDrop;
    this.#onStall = onStall;
    this.#fullness = new Fullness(backpressure, clock, limits.queueBytes * FULL_PART, limits.stallTimeout);
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#waitingBytes + this.#inFlight;
  }

  send(frame: Buffer, isEvent: boolean): void {
    if (this.#state !== 'open') return;
    if (isEvent && this.#stalled) {
      this.#onDrop(1);
      return;
    }
    if (this.queuedBytes + frame.length > this.#limits.queueBytes && this.queuedBytes > 0) {
      if (isEvent && this.#limits.whenFull === 'drop') this.#onDrop(1);
      else this.#cut(isEvent);
      return;
    }
    this.#waiting.push({ bytes: frame, isEvent });
    this.#waitingBytes += frame.length;
    this.#budget.add(frame.length);
    if (this.#budget.exceeded && this.queuedBytes > FAIR_SHARE) {
      this.#cut();
      return;
    }
    if (isEvent) this.#fullness.added(this.queuedBytes);
    if (this.#inFlight > 0) this.#watchStall();
    else if (!this.#flushDue) {
      this.#flushDue = true;
      queueMicrotask(this.#flush);
    }
  }

  /** Keeps everything back until let go: the server's one thread waits for another client. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.resume();
  }

  /** Looks again at what waits: a fault that kept it back is gone. */
  resume(): void {
    if (this.#inFlight === 0 && !this.#flushDue) this.#flush();
  }

  /** Sends what waits and then ends the connection. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    if (this.#inFlight === 0 && !this.#flushDue) this.#flush();
  }

  /** Forgets what waits. */
  close(): void {
    this.#state = 'closed';
    this.#fullness.end();
    this.#budget.add(-this.queuedBytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#inFlight = 0;
    this.#endStall();
  }

  readonly #flush = (): void => {
    this.#flushDue = false;
    if (this.#state === 'closed' || this.#inFlight > 0 || this.#held) return;
    if (this.#waiting.length === 0) {
      if (this.#state === 'ending') this.#socket.end(() => this.#socket.destroy());
      return;
    }
    if (this.#faults.spoils) {
      this.#flushFaultily();
      return;
    }
    this.#write(this.#takeBatch());
  };

  #takeBatch(): Buffer {
    const waiting = this.#waiting;
    const first = waiting[0];
    if (first !== undefined && waiting.length === 1) {
      this.#waiting = [];
      this.#waitingBytes = 0;
      return first.bytes;
    }
    let bytes = 0;
    let count = 0;
    while (count < waiting.length && (bytes < BATCH_BYTES || count === 0)) bytes += waiting[count++]?.bytes.length ?? 0;
    const batch = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (let i = 0; i < count; i++) {
      const frame = waiting[i];
      if (frame !== undefined) at += frame.bytes.copy(batch, at);
    }
    this.#waiting = count === waiting.length ? [] : waiting.slice(count);
    this.#waitingBytes -= bytes;
    return batch;
  }

  #write(bytes: Buffer): void {
    this.#inFlight = bytes.length;
    this.#socket.write(bytes, this.#onWritten);
    if (this.#waiting.length > 0) this.#watchStall();
  }

  readonly #onWritten = (): void => {
    if (this.#state === 'closed') return;
    this.#budget.add(-this.#inFlight);
    this.#inFlight = 0;
    this.#stalled = false;
    this.#endStall();
    this.#fullness.taken(this.queuedBytes);
    this.#flush();
  };

  /** A client that takes nothing for the whole timeout loses what waits for it, or its connection if a fault says so. */
  #watchStall(): void {
    if (this.#cancelStall !== undefined) return;
    const cuts = this.#faults.cutSlowReaders.isArmed;
    if (!cuts && (this.#limits.whenFull === 'cut' || this.queuedBytes <= KERNEL_BYTES)) return;
    this.#onStall(true);
    this.#cancelStall = this.#clock.after(this.#limits.stallTimeout, () => {
      this.#endStall();
      if (this.#faults.cutSlowReaders.strike(this.#component()) !== undefined) this.#cut();
      else if (this.#limits.whenFull === 'drop') this.#dropEvents();
    });
  }

  #endStall(): void {
    if (this.#cancelStall === undefined) return;
    this.#cancelStall();
    this.#cancelStall = undefined;
    this.#onStall(false);
  }

  #dropEvents(): void {
    this.#stalled = true;
    const kept = this.#waiting.filter(({ isEvent }) => !isEvent);
    const keptBytes = kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#onDrop(this.#waiting.length - kept.length);
    this.#budget.add(keptBytes - this.#waitingBytes);
    this.#waiting = kept;
    this.#waitingBytes = keptBytes;
    this.#fullness.end();
  }

  /** What waited, and with `another` the event that did not find room, is lost, which is told. */
  #cut(another = false): void {
    const lost = this.#waiting.filter(({ isEvent }) => isEvent).length + Number(another);
    if (lost > 0) this.#onDrop(lost);
    this.close();
    this.#socket.destroy();
  }

  /** The way out while a fault of the bytes is armed. */
  #flushFaultily(): void {
    const written = spoil(this.#waiting, this.#faults, this.#component(), this.#state === 'ending');
    // Glued, and not enough yet: the next frame asks again.
    if (written === undefined) return;
    this.#inFlight = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const done = written.destroy ? () => this.#socket.destroy() : this.#onWritten;
    this.#writeInPieces(written.bytes, written.pieceSize ?? Infinity, done);
  }

  /** Each piece in a turn of its own, so that the kernel does not glue them for a reader that is quick. */
  #writeInPieces(bytes: Buffer, size: number, done: () => void): void {
    if (this.#state === 'closed') return;
    if (bytes.length <= size) {
      this.#socket.write(bytes, done);
      return;
    }
    this.#socket.write(bytes.subarray(0, size), () => {
      setImmediate(() => {
        this.#writeInPieces(bytes.subarray(size), size, done);
      });
    });
  }
}
