import { type Broker, type BrokerMessage, type SubscribeAnswer, topicIsValid } from '../local/broker/broker.js';
import { filterMatches } from '../topic/topic-matches.js';
import type { Turns } from './virtual-time.js';

/** How a {@link VirtualBroker} is set up. */
export interface VirtualBrokerOptions {
  readonly turns: Turns;
  /** What the device gets of a message that several of its filters match: one copy, or one for each filter (Lite). */
  readonly copies: 'one' | 'each';
  /** A message for the device. */
  readonly onMessage: (message: BrokerMessage) => void;
  /** A message of the device has arrived. */
  readonly onArrival: (message: BrokerMessage) => void;
}

/** An MQTT broker in memory, with the device as its only client. Does what the embedded broker of the local nucleus does. */
export class VirtualBroker implements Broker {
  readonly url = '';
  readonly host = '';
  readonly port = 0;
  readonly #options: VirtualBrokerOptions;
  readonly #filters = new Map<string, 0 | 1>();
  readonly #retained = new Map<string, BrokerMessage>();

  constructor(options: VirtualBrokerOptions) {
    this.#options = options;
  }

  publish(message: BrokerMessage, onAcknowledged: () => void): void {
    if (topicIsValid(message.topicName)) {
      this.#options.onArrival(message);
      this.publishAsOther(message);
    }
    this.#options.turns.later(onAcknowledged);
  }

  /** Publishes as someone else than the device. */
  publishAsOther(message: BrokerMessage): void {
    if (message.retain === true) this.#retain(message);
    this.#deliver(message);
  }

  subscribe(filter: string, qos: 0 | 1, onAnswer?: (answer: SubscribeAnswer) => void): void {
    this.#filters.set(filter, qos);
    onAnswer?.('granted');
    this.#options.turns.later(() => {
      for (const message of [...this.#retained.values()]) {
        if (this.#filters.has(filter) && filterMatches(filter, message.topicName)) this.#options.onMessage(message);
      }
    });
  }

  unsubscribe(filter: string): void {
    this.#filters.delete(filter);
  }

  setDown(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #retain(message: BrokerMessage): void {
    if (message.payload.length === 0) this.#retained.delete(message.topicName);
    else this.#retained.set(message.topicName, message);
  }

  #deliver(message: BrokerMessage): void {
    const matching = [...this.#filters].filter(([filter]) => filterMatches(filter, message.topicName));
    const qos = matching.some(([, granted]) => granted === 1) ? message.qos : 0;
    const count = this.#options.copies === 'one' ? Math.min(1, matching.length) : matching.length;
    for (let i = 0; i < count; i++) this.#options.onMessage({ ...message, qos });
  }
}
