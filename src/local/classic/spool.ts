import { Ring } from '../../shared/waiting.js';
import type { Broker, BrokerMessage } from '../broker/broker.js';

/** The memory spool of the classic nucleus: what a publish is accepted into, and what an outage fills. */
export interface SpoolLimits {
  /** Payload bytes the spool holds: 2.5 MB on a device. */
  readonly bytes: number;
  /** Messages on their way to the broker at once: 5 on a device. */
  readonly inFlight: number;
}

/** The device counts payload bytes only; messages without a payload must not fill the memory here. */
const MAX_ENTRIES = 100_000;

/** Messages accepted and not yet acknowledged by the broker, in order. */
export class ClassicSpool {
  readonly #limits: SpoolLimits;
  readonly #broker: Broker;
  readonly #queue: Ring<BrokerMessage> = new Ring();
  /** Of the payloads in the queue and on their way. */
  #bytes = 0;
  /** Messages in the queue that may be evicted: without any, a full spool is not searched. */
  #evictable = 0;
  #inFlight = 0;
  #online = true;

  constructor(limits: SpoolLimits, broker: Broker) {
    this.#limits = limits;
    this.#broker = broker;
  }

  get size(): number {
    return this.#queue.length;
  }

  /** Takes a message; the text is why it does not. When full, messages of QoS 0 go first and silently, those of QoS 1 never. */
  add(message: BrokerMessage): string | undefined {
    const size = message.payload.length;
    if (size > this.#limits.bytes) return 'Message is larger than the size of message spool.';
    if (this.#bytes + size > this.#limits.bytes && this.#evictable > 0) this.#evictQos0(size);
    if (this.#bytes + size > this.#limits.bytes || this.size >= MAX_ENTRIES) return 'Message spool is full. Message could not be added.';
    this.#queue.push(message, size);
    this.#bytes += size;
    if (message.qos === 0) this.#evictable++;
    return undefined;
  }

  /** Hands on what may go. Called after the reply has been sent, so that a message never overtakes the answer to its publish. */
  drain(): void {
    while (this.#online && this.#inFlight < this.#limits.inFlight && this.#queue.length > 0) {
      const message = this.#queue.shift();
      if (message.qos === 0) this.#evictable--;
      this.#inFlight++;
      this.#broker.publish(message, () => {
        this.#inFlight--;
        this.#bytes -= message.payload.length;
        this.drain();
      });
    }
  }

  setOnline(online: boolean): void {
    this.#online = online;
    this.drain();
  }

  clear(): void {
    while (this.#queue.length > 0) this.#bytes -= this.#queue.shift().payload.length;
    this.#evictable = 0;
  }

  #evictQos0(needed: number): void {
    // Once round: what is kept goes back in, in its order.
    for (let left = this.#queue.length; left > 0; left--) {
      const message = this.#queue.shift();
      const size = message.payload.length;
      if (message.qos === 0 && this.#bytes + needed > this.#limits.bytes) {
        this.#bytes -= size;
        this.#evictable--;
      } else this.#queue.push(message, size);
    }
  }
}
