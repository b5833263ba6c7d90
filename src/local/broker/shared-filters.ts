import type { Broker, SubscribeAnswer } from './broker.js';

/** A filter that streams share, with who waits for the broker's answer; `undefined` once it has come. */
interface SharedFilter {
  readonly qos: 0 | 1;
  count: number;
  atBroker: boolean;
  waiting: ((answer: SubscribeAnswer) => void)[] | undefined;
}

/**
 * The device's own subscriptions at the broker: one for each filter, however many streams share it; and, given `covers`, none
 * for a filter that another one covers (so on classic the second subscriber gets no retained messages).
 */
export class SharedFilters {
  readonly #broker: Broker;
  readonly #covers: (filter: string, other: string) => boolean;
  readonly #filters = new Map<string, SharedFilter>();

  constructor(broker: Broker, covers: (filter: string, other: string) => boolean = () => false) {
    this.#broker = broker;
    this.#covers = covers;
  }

  /** The first one's QoS wins, as on a device. The answer comes at once where the broker need not be asked. */
  add(filter: string, qos: 0 | 1, onAnswer: (answer: SubscribeAnswer) => void = () => undefined): void {
    const known = this.#filters.get(filter);
    if (known !== undefined) {
      known.count++;
      if (known.waiting === undefined) onAnswer('granted');
      else known.waiting.push(onAnswer);
      return;
    }
    const atBroker = !this.#isCovered(filter);
    const added: SharedFilter = { qos, count: 1, atBroker, waiting: atBroker ? [onAnswer] : undefined };
    this.#filters.set(filter, added);
    if (atBroker) this.#subscribe(filter, added);
    else onAnswer('granted');
  }

  remove(filter: string): void {
    const known = this.#filters.get(filter);
    if (known === undefined || --known.count > 0) return;
    this.#filters.delete(filter);
    if (!known.atBroker) return;
    this.#broker.unsubscribe(filter);
    for (const [other, covered] of this.#filters) {
      if (covered.atBroker || this.#isCovered(other)) continue;
      covered.atBroker = true;
      this.#subscribe(other, covered);
    }
  }

  #subscribe(filter: string, shared: SharedFilter): void {
    this.#broker.subscribe(filter, shared.qos, answer => {
      const waiting = shared.waiting ?? [];
      shared.waiting = undefined;
      for (const onAnswer of waiting) onAnswer(answer);
    });
  }

  #isCovered(filter: string): boolean {
    for (const [other, { atBroker }] of this.#filters) if (atBroker && other !== filter && this.#covers(other, filter)) return true;
    return false;
  }
}
