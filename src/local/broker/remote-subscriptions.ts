import type { BrokerMessage, SubscribeAnswer } from './broker.js';
import type { NativeMqttClient } from './crt-mqtt.js';
import { filterMatches } from '../../topic/topic-matches.js';

/** A SUBSCRIBE that is not answered yet, with the messages that overtook its answer. */
interface Pending {
  readonly held: BrokerMessage[];
}

/** AWS IoT Core takes no more filters in one SUBSCRIBE. */
const FILTERS_IN_ONE = 8;
/** Messages that may wait for one SUBACK; more are handed on at once. */
const MAX_HELD = 10_000;
const FAILURE = 128;
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
