import type { Clock } from '../../shared/clock.js';
import type { Broker, BrokerMessage } from '../broker/broker.js';

/** What Lite's MQTT client keeps until the PUBACK, and refuses beyond. */
export interface PublishWindowLimits {
  /** Publishes of QoS 1: 10. */
  readonly messages: number;
  /** Bytes of their MQTT packets in all: 15000. */
  readonly bytes: number;
  /** How many are acknowledged in a second at most, one after the other. */
  readonly pubacksPerSecond: number;
}

/** The unacknowledged publishes of QoS 1. There is no spool behind it: what does not fit is refused. */
export class LitePublishWindow {
  readonly #limits: PublishWindowLimits;
  readonly #broker: Broker;
  readonly #clock: Clock;
  #messages = 0;
  #bytes = 0;
  /** When the last publish of those handed to the broker is acknowledged. */
  #lastAt = 0;
  /** What calls off each acknowledgement whose turn has not come. Another set for each MQTT client there has been. */
  #due = new Set<() => void>();

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
    const due = this.#due;
    const release = (): void => {
      // What an earlier MQTT client had under way takes up no room in the window of this one.
      if (due !== this.#due) return;
      this.#messages--;
      this.#bytes -= size;
    };
    return hold => {
      this.#broker.publish(message, () => {
        if (hold !== undefined) hold(release);
        else if (due === this.#due) this.#acknowledge(release);
      });
    };
  }

  /** Acknowledges a publish when it is its turn. */
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
    this.#due.add(cancel);
  }

  /** Is empty, and waits for nothing any more: what was under way has ended with its MQTT client. */
  clear(): void {
    for (const cancel of this.#due) cancel();
    this.#due = new Set();
    this.#messages = 0;
    this.#bytes = 0;
    this.#lastAt = 0;
  }
}

/** Bytes of an MQTT 3.1.1 PUBLISH packet. */
export function mqttPacketSize(topicName: string, payloadBytes: number, qos: 0 | 1): number {
  const remaining = 2 + Buffer.byteLength(topicName) + (qos === 1 ? 2 : 0) + payloadBytes;
  const lengthBytes = remaining < 128 ? 1 : remaining < 16_384 ? 2 : remaining < 2_097_152 ? 3 : 4;
  return 1 + lengthBytes + remaining;
}
