import type { Call, Caller } from '../server/call.js';
import type { EventFrames } from '../server/frames.js';
import type { ProfileContext } from '../server/protocol.js';
import { SubscribeExchange, type SubscribeForms, type ClientSubscription, SubscriptionTable } from '../server/subscriptions.js';

/** A message on a local topic, as it is told to observers of the nucleus. */
export interface PubSubMessage {
  readonly topic: string;
  readonly isJson: boolean;
  /** A JSON message as its JSON. */
  readonly payload: Uint8Array;
}

/** The local topics of a nucleus: who has subscribed, and what becomes of a message. Nothing is kept: without a subscriber it is gone. */
export class PubSub {
  readonly #context: ProfileContext;
  readonly #table: SubscriptionTable;
  /** They get nothing that their own component has published. */
  readonly #fromOthers = new Set<ClientSubscription>();

  constructor(context: ProfileContext, routes: (filter: string, topic: string) => boolean) {
    this.#context = context;
    this.#table = new SubscriptionTable(routes);
  }

  /** Those of observers are not counted. */
  get size(): number {
    return this.#table.all().filter(({ component }) => !this.#context.isObserver(component)).length;
  }

  /** Grants a subscription. `fromOthers`: it gets nothing that its own component has published. */
  subscribe(call: Call, filter: string, forms: SubscribeForms, fromOthers: boolean): void {
    const { caller, streams, streamId } = call;
    const subscription = new SubscribeExchange(call, filter, 0, forms);
    streams.keep(streamId, () => {
      this.#remove(subscription);
      caller.changed('localUnsubscribed', streamId, filter);
    });
    this.add(subscription, fromOthers);
    subscription.begin();
    caller.changed('localSubscribed', streamId, filter);
  }

  add(subscription: ClientSubscription, fromOthers: boolean): void {
    this.#table.add(subscription);
    if (fromOthers) this.#fromOthers.add(subscription);
  }

  #remove(subscription: ClientSubscription): void {
    this.#table.remove(subscription);
    this.#fromOthers.delete(subscription);
  }

  /** Gives each subscription that matches a copy of its own, however many of them one connection has. */
  publish(from: Caller, message: PubSubMessage, frames: EventFrames): void {
    const { topic, isJson, payload } = message;
    const route = this.#table
      .route(topic)
      .filter(subscription => subscription.component !== from.component || !this.#fromOthers.has(subscription));
    if (this.#context.observed()) {
      const { component, peer } = from;
      this.#context.observe({ kind: 'localPublished', connection: peer.id, component, topicName: topic, isJson, payload });
    }
    for (const subscription of route) subscription.deliver(frames);
    if (!this.#context.observed()) return;
    const components = route.map(({ component }) => component).filter(component => !this.#context.isObserver(component));
    if (components.length === 0) return;
    this.#context.observe({ kind: 'localDelivered', topicName: topic, isJson, payload, components });
  }

  /** The subscriptions there are now get nothing until the result is called. */
  lose(): () => void {
    return this.#table.lose();
  }
}
