import type { Clock } from '../../shared/clock.js';
import { filterMatches } from '../../topic/topic-matches.js';
import type { BrokerMessage, SubscribeAnswer } from './broker.js';
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
/** Reason codes of MQTT 5 from here on are failures. */
const FAILURE = 128;

/**
 * The publishes on their way to a broker elsewhere. What is lost with a connection is sent again on the next one, in its order, if it has
 * QoS 1, and the broker may get it twice. With QoS 0 it is dropped.
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
      this.#drop(publish, `the broker refused it (reason code ${puback.reasonCode}${said})`);
    } else this.#settle(publish);
  }

  #failed(publish: Publish, error: unknown): void {
    if (!this.#underWay.has(publish)) return;
    if (error instanceof Error) this.#drop(publish, `it cannot be sent: ${error.message}`);
    else if (publish.message.qos === 0) this.#drop(publish, 'the device is offline, and it was sent with QoS 0');
    else if (publish.attempts >= MAX_ATTEMPTS) this.#drop(publish, `the broker did not acknowledge it in ${MAX_ATTEMPTS} attempts`);
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
    // Publishes fail in any order; they are sent again in the order in which they were accepted, which is that of the set of all.
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

/** A SUBSCRIBE that is not answered yet, with the messages that overtook its answer. */
interface Pending {
  readonly held: BrokerMessage[];
}

/** AWS IoT Core takes no more filters in one SUBSCRIBE. */
const FILTERS_IN_ONE = 8;
/** Messages that may wait for one SUBACK; more are handed on at once. */
const MAX_HELD = 10_000;
const TOPIC_FILTER_INVALID = 143;

/**
 * What the device has subscribed at a broker elsewhere: told to it again after each reconnect, unless it still has the session.
 *
 * Messages that come before the SUBACK of the only filter they match wait for it. aws-crt hands over messages and answers by
 * separate ways, in no order; without the wait retained messages would often be lost on classic, which drops what comes early.
 */
export class RemoteSubscriptions {
  readonly #client: NativeMqttClient;
  readonly #retainAsPublished: boolean;
  readonly #onMessage: (message: BrokerMessage) => void;
  readonly #onDenied: (filter: string, reasonCode: number) => void;
  readonly #wanted = new Map<string, 0 | 1>();
  /** What the broker's session has, as far as is known. */
  readonly #granted = new Set<string>();
  readonly #pending = new Map<string, Pending>();
  #isConnected = false;

  constructor(
    client: NativeMqttClient,
    retainAsPublished: boolean,
    onMessage: (message: BrokerMessage) => void,
    onDenied: (filter: string, reasonCode: number) => void,
  ) {
    this.#client = client;
    this.#retainAsPublished = retainAsPublished;
    this.#onMessage = onMessage;
    this.#onDenied = onDenied;
  }

  subscribe(filter: string, qos: 0 | 1, onAnswer: (answer: SubscribeAnswer) => void): void {
    this.#wanted.set(filter, qos);
    if (this.#isConnected) this.#ask(filter, qos, onAnswer);
    else setImmediate(onAnswer, 'offline');
  }

  unsubscribe(filter: string): void {
    this.#wanted.delete(filter);
    if (this.#isConnected) this.#release([filter]);
  }

  receive(message: BrokerMessage): void {
    if (this.#pending.size === 0 || !this.#hold(message)) this.#onMessage(message);
  }

  connected(rejoinedSession: boolean): void {
    this.#isConnected = true;
    if (!rejoinedSession) this.#granted.clear();
    const missing = [...this.#wanted].filter(([filter]) => !this.#granted.has(filter));
    for (let i = 0; i < missing.length; i += FILTERS_IN_ONE) this.#askAgain(missing.slice(i, i + FILTERS_IN_ONE));
    const surplus = [...this.#granted].filter(filter => !this.#wanted.has(filter));
    if (surplus.length > 0) this.#release(surplus);
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  #ask(filter: string, qos: 0 | 1, onAnswer: (answer: SubscribeAnswer) => void): void {
    const pending: Pending = { held: [] };
    this.#pending.set(filter, pending);
    const answered = (answer: SubscribeAnswer): void => {
      if (this.#pending.get(filter) === pending) this.#pending.delete(filter);
      onAnswer(answer);
      for (const message of pending.held) this.#onMessage(message);
    };
    this.#client.subscribe([{ topicFilter: filter, qos, retainAsPublished: this.#retainAsPublished }]).then(
      ({ reasonCodes: [reasonCode = FAILURE], reasonString = null }) => {
        if (reasonCode < FAILURE) this.#granted.add(filter);
        else this.#onDenied(filter, reasonCode);
        answered(reasonCode < FAILURE ? 'granted' : { reasonCode, reasonString });
      },
      (error: unknown) => {
        // An Error says that the filter cannot be sent at all, a text that the connection was lost or nobody answered.
        answered(error instanceof Error ? { reasonCode: TOPIC_FILTER_INVALID, reasonString: error.message } : 'offline');
      },
    );
  }

  #askAgain(filters: readonly (readonly [filter: string, qos: 0 | 1])[]): void {
    this.#client.subscribe(filters.map(([topicFilter, qos]) => ({ topicFilter, qos, retainAsPublished: this.#retainAsPublished }))).then(
      ({ reasonCodes }) => {
        for (const [i, [filter]] of filters.entries()) {
          const reasonCode = reasonCodes[i] ?? FAILURE;
          if (reasonCode < FAILURE) this.#granted.add(filter);
          else this.#onDenied(filter, reasonCode);
        }
      },
      // The connection was lost again: the next one asks again.
      () => undefined,
    );
  }

  #release(filters: string[]): void {
    this.#client.unsubscribe(filters).then(
      () => {
        for (const filter of filters) if (!this.#wanted.has(filter)) this.#granted.delete(filter);
      },
      // Lost with the connection: the next one with this session releases it again.
      () => undefined,
    );
  }

  #hold(message: BrokerMessage): boolean {
    const { topicName } = message;
    let holder: Pending | undefined;
    for (const filter of this.#wanted.keys()) {
      if (!filterMatches(filter, topicName)) continue;
      const pending = this.#pending.get(filter);
      if (pending === undefined || pending.held.length >= MAX_HELD) return false;
      holder ??= pending;
    }
    holder?.held.push(message);
    return holder !== undefined;
  }
}
