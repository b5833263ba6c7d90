import type { Broker } from './broker.js';

/**
 * The device's own subscriptions at the broker: one for each filter, however many streams share it; and, given `covers`, none
 * for a filter that another one covers (so on classic the second subscriber gets no retained messages).
 */
export class SharedFilters {
  readonly #broker: Broker;
  readonly #covers: (filter: string, other: string) => boolean;
  readonly #filters = new Map<string, { readonly qos: 0 | 1; count: number; atBroker: boolean }>();

  constructor(broker: Broker, covers: (filter: string, other: string) => boolean = () => false) {
    this.#broker = broker;
    this.#covers = covers;
  }

  /** The first one's QoS wins, as on a device. */
  add(filter: string, qos: 0 | 1): void {
    const known = this.#filters.get(filter);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const atBroker = !this.#isCovered(filter);
    this.#filters.set(filter, { qos, count: 1, atBroker });
    if (atBroker) this.#broker.subscribe(filter, qos);
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
      this.#broker.subscribe(other, covered.qos);
    }
  }

  #isCovered(filter: string): boolean {
    for (const [other, { atBroker }] of this.#filters) if (atBroker && other !== filter && this.#covers(other, filter)) return true;
    return false;
  }
}
