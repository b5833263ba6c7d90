import type { SubscribeAnswer } from './broker.js';
import type { EventFrames } from '../server/event-frames.js';
import type { ObserverSubscriptions } from '../server/observer-subscriptions.js';
import type { SharedFilters } from './shared-filters.js';
import { SubscriptionTable, type Subscription } from '../server/subscription-table.js';

/** All subscriptions of a device: where messages go, which filters the broker has, and which have died in silence. */
export class DeviceSubscriptions {
  readonly #table: SubscriptionTable;
  readonly #filters: SharedFilters;
  readonly #observers: ObserverSubscriptions;
  /** Still open for their clients, and forgotten by the server. */
  readonly #lost = new Set<Subscription>();

  constructor(routes: (filter: string, topic: string) => boolean, filters: SharedFilters, observers: ObserverSubscriptions) {
    this.#table = new SubscriptionTable(routes);
    this.#filters = filters;
    this.#observers = observers;
  }

  /** Those of observers are not counted. */
  get size(): number {
    return this.#table.size + this.#lost.size;
  }

  /** `onAnswer`: what the broker says to it; at once where it is not asked. */
  add(subscription: Subscription, onAnswer?: (answer: SubscribeAnswer) => void): void {
    if (this.#observers.add(subscription)) return onAnswer?.('granted');
    this.#table.add(subscription);
    this.#filters.add(subscription.filter, subscription.qos, onAnswer);
  }

  remove(subscription: Subscription): void {
    if (this.#observers.remove(subscription)) return;
    if (this.#table.remove(subscription) || this.#lost.delete(subscription)) this.#filters.remove(subscription.filter);
  }

  route(topic: string): readonly Subscription[] {
    return this.#table.route(topic);
  }

  /** Those there are now get nothing any more, until the result is called. */
  lose(): () => void {
    const lost = this.#table.clear();
    for (const subscription of lost) this.#lost.add(subscription);
    return () => {
      for (const subscription of lost) if (this.#lost.delete(subscription)) this.#table.add(subscription);
    };
  }

  /** Each gets these events and is then ended. Returns how many there were. */
  terminateAll(events: readonly EventFrames[]): number {
    const all = [...this.#table.all(), ...this.#lost];
    for (const subscription of all) {
      for (const frames of events) subscription.deliver(frames);
      subscription.terminate();
    }
    return all.length;
  }
}
