import type { Clock } from '../../ipc/clock.js';
import type { Broker, BrokerMessage } from '../broker/broker.js';

/** What Lite's MQTT client keeps until the PUBACK, and refuses beyond. */
export interface PublishWindowLimits {
  /** Publishes of QoS 1: 10. */
  readonly messages: number;
  /** Bytes of their MQTT packets in all: 15000. */
  readonly bytes: number;
  /** As many a second are acknowledged at most, one after the other. */
  readonly pubacksPerSecond: number;
}

/** The unacknowledged publishes of QoS 1. There is no spool behind it: what does not fit is refused. */
export class LitePublishWindow {
  readonly #limits: PublishWindowLimits;
  readonly #broker: Broker;
  readonly #clock: Clock;
  #messages = 0;
  #bytes = 0;
  /** When the last has been acknowledged that was handed to the broker. */
  #lastAt = 0;
  /** Acknowledgements whose turn has not come: what calls each off, and what it does. */
  readonly #due = new Map<() => void, () => void>();

  constructor(limits: PublishWindowLimits, broker: Broker, clock: Clock) {
    this.#limits = limits;
    this.#broker = broker;
    this.#clock = clock;
  }

  get unacknowledged(): number {
    return this.#messages;
  }

  /** Makes room for a message. `undefined` if there is none; else what hands it to the broker. */
  reserve(message: BrokerMessage): ((holdAcknowledgement?: (release: () => void) => void) => void) | undefined {
    if (message.qos === 0) {
      return () => {
        this.#broker.publish(message, () => undefined);
      };
    }
    const size = mqttPacketSize(message.topicName, message.payload.length, 1);
    if (this.#messages >= this.#limits.messages || this.#bytes + size > this.#limits.bytes) return undefined;
    this.#messages++;
    this.#bytes += size;
    return hold => {
      const release = (): void => {
        this.#messages--;
        this.#bytes -= size;
      };
      this.#broker.publish(message, () => {
        if (hold === undefined) this.#acknowledge(release);
        else hold(release);
      });
    };
  }

  /** No sooner than it is the turn of this one. */
  #acknowledge(release: () => void): void {
    const { pubacksPerSecond } = this.#limits;
    if (pubacksPerSecond === Infinity) {
      release();
      return;
    }
    const now = this.#clock.now();
    this.#lastAt = Math.max(now, this.#lastAt) + 1_000 / pubacksPerSecond;
    const cancel = this.#clock.after(this.#lastAt - now, () => {
      this.#due.delete(cancel);
      release();
    });
    this.#due.set(cancel, release);
  }

  /** Waits for the turn of none any more: what was under way has ended with its MQTT client. */
  clear(): void {
    for (const [cancel, release] of this.#due) {
      cancel();
      release();
    }
    this.#due.clear();
    this.#lastAt = 0;
  }
}

/** Bytes of an MQTT 3.1.1 PUBLISH packet. */
export function mqttPacketSize(topicName: string, payloadBytes: number, qos: 0 | 1): number {
  const remaining = 2 + Buffer.byteLength(topicName) + (qos === 1 ? 2 : 0) + payloadBytes;
  const lengthBytes = remaining < 128 ? 1 : remaining < 16_384 ? 2 : remaining < 2_097_152 ? 3 : 4;
  return 1 + lengthBytes + remaining;
}
