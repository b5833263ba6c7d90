import type { BrokerMessage } from '../broker/broker-message.js';
import type { EventFrames } from './event-frames.js';
import type { ProfileContext } from './protocol.js';
import type { Subscription } from './subscription-table.js';

/**
 * Subscriptions of observers. They are none of the device's: on Lite each of those gets every message once more for each filter that
 * matches it, so that watching a component would multiply what it gets; and on classic one that covers another takes the retained
 * messages from it.
 */
export class ObserverSubscriptions {
  readonly #context: Pick<ProfileContext, 'broker' | 'link' | 'isObserver'>;
  readonly #event: (message: BrokerMessage) => EventFrames;
  readonly #stops = new Map<Subscription, () => void>();

  constructor(context: Pick<ProfileContext, 'broker' | 'link' | 'isObserver'>, event: (message: BrokerMessage) => EventFrames) {
    this.#context = context;
    this.#event = event;
  }

  /** `false`: it is no observer's, or the broker knows of nothing but subscriptions. */
  add(subscription: Subscription): boolean {
    const { broker, link, isObserver } = this.#context;
    if (broker.watch === undefined || !isObserver(subscription.component)) return false;
    const stop = broker.watch(subscription.filter, message => {
      if (link.isUp) subscription.deliver(this.#event(message));
    });
    this.#stops.set(subscription, stop);
    return true;
  }

  /** `false` if it was none of these. */
  remove(subscription: Subscription): boolean {
    this.#stops.get(subscription)?.();
    return this.#stops.delete(subscription);
  }
}
