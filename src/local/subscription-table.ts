import type { EventFrames } from './event-frames.js';

/** One stream's subscription. */
export interface Subscription {
  readonly filter: string;
  readonly streamId: number;
  /** Takes an event on its way to the client. */
  readonly deliver: (frames: EventFrames) => void;
}

/** Topics whose route is remembered. A device has few; a client that publishes on ever new ones must not fill the memory. */
const ROUTES_KEPT = 4096;

/** Which streams a topic's messages go to. */
export class SubscriptionTable<S extends Subscription> {
  readonly #matches: (filter: string, topic: string) => boolean;
  readonly #subscriptions = new Set<S>();
  readonly #routes = new Map<string, readonly S[]>();

  constructor(matches: (filter: string, topic: string) => boolean) {
    this.#matches = matches;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  add(subscription: S): void {
    this.#subscriptions.add(subscription);
    this.#routes.clear();
  }

  /** `false` if it was not in the table (any more). */
  remove(subscription: S): boolean {
    this.#routes.clear();
    return this.#subscriptions.delete(subscription);
  }

  /** Removes all of them and returns them. */
  clear(): readonly S[] {
    const all = [...this.#subscriptions];
    this.#subscriptions.clear();
    this.#routes.clear();
    return all;
  }

  all(): Iterable<S> {
    return this.#subscriptions;
  }

  route(topic: string): readonly S[] {
    let route = this.#routes.get(topic);
    if (route === undefined) {
      route = [...this.#subscriptions].filter(({ filter }) => this.#matches(filter, topic));
      if (this.#routes.size >= ROUTES_KEPT) this.#routes.clear();
      this.#routes.set(topic, route);
    }
    return route;
  }
}
