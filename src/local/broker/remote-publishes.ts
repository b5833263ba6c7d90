import type { Clock } from '../../shared/clock.js';
import type { BrokerMessage } from './broker.js';
import { type NativeAck, type NativeMqttClient, toNativePublish } from './crt-mqtt.js';

/** One message on its way to the broker. */
interface Publish {
  readonly message: BrokerMessage;
  readonly onAcknowledged: () => void;
  attempts: number;
}

/** Payload bytes that may be on their way at once; beyond, messages are dropped. The spool and Lite's window hold far less. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Messages may be empty, and each costs something. */
const MAX_MESSAGES = 100_000;
/** As often as the classic nucleus tries by default. */
const MAX_ATTEMPTS = 100;
/** A publish that nobody acknowledged is sent again after this long. */
const AGAIN_AFTER = 1000;
const FAILURE = 128;

/**
 * The publishes on their way to a broker elsewhere. What a lost connection took with it is sent again in its order once there
 * is another: with QoS 1 the broker may get it twice, with QoS 0 it is dropped.
 */
export class RemotePublishes {
  readonly #client: NativeMqttClient;
  readonly #clock: Clock;
  readonly #onDropped: (reason: string) => void;
  readonly #underWay = new Set<Publish>();
  /** Those of them that wait for the connection. Keeps the order in which they were accepted. */
  readonly #lost = new Set<Publish>();
  #bytes = 0;
  #isConnected = false;
  #cancelAgain: (() => void) | undefined;

  constructor(client: NativeMqttClient, clock: Clock, onDropped: (reason: string) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#onDropped = onDropped;
  }

  publish(message: BrokerMessage, onAcknowledged: () => void): void {
    const { topicName, payload } = message;
    if (this.#bytes + payload.length > MAX_BYTES || this.#underWay.size >= MAX_MESSAGES) {
      this.#onDropped(`a message for ${topicName}: the broker is too slow for all that is on its way to it`);
      setImmediate(onAcknowledged);
      return;
    }
    const publish: Publish = { message, onAcknowledged, attempts: 0 };
    this.#underWay.add(publish);
    this.#bytes += payload.length;
    this.#send(publish);
  }

  connected(): void {
    this.#isConnected = true;
    this.#sendLost();
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  close(): void {
    this.#cancelAgain?.();
    this.#underWay.clear();
    this.#lost.clear();
  }

  #send(publish: Publish): void {
    publish.attempts++;
    this.#client.publish(toNativePublish(publish.message)).then(
      puback => {
        this.#acknowledged(publish, puback);
      },
      (error: unknown) => {
        this.#failed(publish, error);
      },
    );
  }

  #acknowledged(publish: Publish, puback: NativeAck | undefined): void {
    if (puback !== undefined && puback.reasonCode >= FAILURE) {
      const said = puback.reasonString === undefined ? '' : `, ${puback.reasonString}`;
      this.#drop(publish, `the broker refused it (reason code ${String(puback.reasonCode)}${said})`);
    } else this.#settle(publish);
  }

  #failed(publish: Publish, error: unknown): void {
    if (!this.#underWay.has(publish)) return;
    if (error instanceof Error) this.#drop(publish, `it cannot be sent: ${error.message}`);
    else if (publish.message.qos === 0) this.#drop(publish, 'the device is offline, and it was sent with QoS 0');
    else if (publish.attempts >= MAX_ATTEMPTS) this.#drop(publish, `the broker did not acknowledge it in ${String(MAX_ATTEMPTS)} attempts`);
    else {
      this.#lost.add(publish);
      if (this.#isConnected) {
        this.#cancelAgain ??= this.#clock.after(AGAIN_AFTER, () => {
          this.#cancelAgain = undefined;
          if (this.#isConnected) this.#sendLost();
        });
      }
    }
  }

  #sendLost(): void {
    if (this.#lost.size === 0) return;
    // Failures come in any order; the accepted ones' is that of the set of all.
    for (const publish of [...this.#underWay]) if (this.#lost.delete(publish)) this.#send(publish);
  }

  #drop(publish: Publish, reason: string): void {
    if (!this.#underWay.has(publish)) return;
    this.#onDropped(`a message for ${publish.message.topicName}: ${reason}`);
    this.#settle(publish);
  }

  #settle(publish: Publish): void {
    if (!this.#underWay.delete(publish)) return;
    this.#bytes -= publish.message.payload.length;
    publish.onAcknowledged();
  }
}
