import type { EventFrames } from './event-frames.js';

/** One stream's subscription. */
export interface Subscription {
  readonly component: string;
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly streamId: number;
  /** Takes an event on its way to the client. */
  readonly deliver: (frames: EventFrames) => void;
  /** Ends the stream from the server's side. */
  readonly terminate: () => void;
}

/** Topics whose route is remembered. A device has few; a client that publishes on ever new ones must not fill the memory. */
const ROUTES_KEPT = 4096;

/** Which streams a topic's messages go to. */
export class SubscriptionTable {
  readonly #matches: (filter: string, topic: string) => boolean;
  readonly #subscriptions = new Set<Subscription>();
  readonly #routes = new Map<string, readonly Subscription[]>();

  constructor(matches: (filter: string, topic: string) => boolean) {
    this.#matches = matches;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  add(subscription: Subscription): void {
    this.#subscriptions.add(subscription);
    this.#routes.clear();
  }

  /** `false` if it was not in the table (any more). */
  remove(subscription: Subscription): boolean {
    this.#routes.clear();
    return this.#subscriptions.delete(subscription);
  }

  /** Removes all of them and returns them. */
  clear(): readonly Subscription[] {
    const all = [...this.#subscriptions];
    this.#subscriptions.clear();
    this.#routes.clear();
    return all;
  }

  all(): Iterable<Subscription> {
    return this.#subscriptions;
  }

  route(topic: string): readonly Subscription[] {
    let route = this.#routes.get(topic);
    if (route === undefined) {
      route = [...this.#subscriptions].filter(({ filter }) => this.#matches(filter, topic));
      if (this.#routes.size >= ROUTES_KEPT) this.#routes.clear();
      this.#routes.set(topic, route);
    }
    return route;
  }
}
