import type { EventFrames } from '../server/frames.js';
import { type ObserverSubscriptions, type ClientSubscription, SubscriptionTable } from '../server/subscriptions.js';
import type { Broker, SubscribeAnswer } from './broker.js';

/** All subscriptions of a device: where messages go, and which filters the broker has. */
export class DeviceSubscriptions {
  readonly #table: SubscriptionTable;
  readonly #filters: SharedFilters;
  readonly #observers: ObserverSubscriptions;

  constructor(routes: (filter: string, topic: string) => boolean, filters: SharedFilters, observers: ObserverSubscriptions) {
    this.#table = new SubscriptionTable(routes);
    this.#filters = filters;
    this.#observers = observers;
  }

  /** Those of observers are not counted. */
  get size(): number {
    return this.#table.size;
  }

  /** `onAnswer` gets what the broker says to it; at once where the broker need not be asked. */
  add(subscription: ClientSubscription, onAnswer?: (answer: SubscribeAnswer) => void): void {
    if (this.#observers.add(subscription)) return onAnswer?.('granted');
    this.#table.add(subscription);
    this.#filters.add(subscription.filter, subscription.qos, onAnswer);
  }

  remove(subscription: ClientSubscription): void {
    if (this.#observers.remove(subscription)) return;
    if (this.#table.remove(subscription)) this.#filters.remove(subscription.filter);
  }

  route(topic: string): readonly ClientSubscription[] {
    return this.#table.route(topic);
  }

  /** The subscriptions there are now get nothing until the result is called. */
  lose(): () => void {
    return this.#table.lose();
  }

  /** Each gets these events and is then ended. Returns how many there were. */
  terminateAll(events: readonly EventFrames[]): number {
    const all = this.#table.all();
    for (const subscription of all) {
      for (const frames of events) subscription.deliver(frames);
      subscription.terminate();
    }
    return all.length;
  }
}

/** A filter that streams share. */
interface SharedFilter {
  readonly filter: string;
  readonly qos: 0 | 1;
  count: number;
  /** Who waits for the broker's answer; `undefined` once it has come. */
  waiting: ((answer: SubscribeAnswer) => void)[] | undefined;
  /** The filter at the broker that covers this one; `undefined` where it is at the broker itself. */
  coveredBy: SharedFilter | undefined;
  /** Those that this one covers. */
  readonly covered: Set<SharedFilter>;
}

/** The filters at the broker, in the order that a profile looks them up. */
export interface FilterTree {
  readonly add: (filter: string) => void;
  readonly delete: (filter: string) => void;
  /** A filter that covers this one. */
  readonly covering: (filter: string) => string | undefined;
}

/** How a profile shares. */
interface SharedFiltersOptions {
  /** Finds the filter at the broker that covers another, so that this one is not told to it. Left out: each is told. */
  readonly tree?: FilterTree | undefined;
  /** The answer that the device gives by itself to a filter that would go to the broker. */
  readonly answerOf?: ((filter: string) => SubscribeAnswer | undefined) | undefined;
}

/**
 * The device's own subscriptions at the broker: one for each filter, however many streams share it; and, given a `tree`, none
 * for a filter that another one covers (so on classic the second subscriber gets no retained messages). What a subscription costs does
 * not grow with how many there are.
 */
export class SharedFilters {
  readonly #broker: Broker;
  readonly #options: SharedFiltersOptions;
  readonly #filters = new Map<string, SharedFilter>();

  constructor(broker: Broker, options: SharedFiltersOptions = {}) {
    this.#broker = broker;
    this.#options = options;
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
    const added: SharedFilter = { filter, qos, count: 1, waiting: undefined, coveredBy: undefined, covered: new Set() };
    const covering = this.#covering(filter);
    const answer = covering === undefined ? this.#options.answerOf?.(filter) : 'granted';
    if (answer !== undefined && answer !== 'granted') return onAnswer(answer);
    this.#filters.set(filter, added);
    if (covering !== undefined) {
      added.coveredBy = covering;
      covering.covered.add(added);
      return onAnswer('granted');
    }
    added.waiting = [onAnswer];
    this.#subscribe(added);
  }

  remove(filter: string): void {
    const known = this.#filters.get(filter);
    if (known === undefined || --known.count > 0) return;
    this.#filters.delete(filter);
    known.coveredBy?.covered.delete(known);
    if (known.coveredBy !== undefined) return;
    this.#options.tree?.delete(filter);
    this.#broker.unsubscribe(filter);
    for (const other of known.covered) {
      other.coveredBy = this.#covering(other.filter);
      if (other.coveredBy === undefined) this.#subscribe(other);
      else other.coveredBy.covered.add(other);
    }
  }

  #covering(filter: string): SharedFilter | undefined {
    const covering = this.#options.tree?.covering(filter);
    return covering === undefined ? undefined : this.#filters.get(covering);
  }

  #subscribe(shared: SharedFilter): void {
    this.#options.tree?.add(shared.filter);
    this.#broker.subscribe(shared.filter, shared.qos, answer => {
      const waiting = shared.waiting ?? [];
      shared.waiting = undefined;
      for (const onAnswer of waiting) onAnswer(answer);
    });
  }
}
