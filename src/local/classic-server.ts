import type { BrokerMessage } from './broker-message.js';
import { classicEventJson } from './classic-event.js';
import { ClassicProtocol } from './classic-protocol.js';
import { classicEvent } from './classic-replies.js';
import type { ClassicLimits, ClassicShared, ClassicSubscription } from './classic-shared.js';
import { ClassicSpool } from './classic-spool.js';
import { EventFrames } from './event-frames.js';
import { classicRoutes } from './mqtt-topic.js';
import type { Peer, ProfileContext, ProfileServer, Protocol } from './protocol.js';
import { terminateHeaders } from './replies.js';
import { SharedFilters } from './shared-filters.js';
import { SubscriptionTable } from './subscription-table.js';

/** What all connections of a classic nucleus share: the spool, the subscriptions, the one MQTT connection. */
export class ClassicServer implements ProfileServer, ClassicShared {
  readonly context: ProfileContext;
  readonly limits: ClassicLimits;
  readonly spool: ClassicSpool;
  readonly filters: SharedFilters;
  #table: SubscriptionTable<ClassicSubscription> = new SubscriptionTable(classicRoutes);
  #lost: SubscriptionTable<ClassicSubscription> = new SubscriptionTable(classicRoutes);

  constructor(context: ProfileContext, limits: ClassicLimits) {
    this.context = context;
    this.limits = limits;
    this.spool = new ClassicSpool(limits.spool, context.broker);
    this.spool.setOnline(context.link.isUp);
    this.filters = new SharedFilters(context.broker, classicRoutes);
    context.link.onChange(up => {
      this.spool.setOnline(up);
    });
  }

  get subscriptions(): number {
    return this.#table.size + this.#lost.size;
  }

  get spooled(): number {
    return this.spool.size;
  }

  accept(peer: Peer): Protocol {
    return new ClassicProtocol(peer, this);
  }

  subscribe(subscription: ClassicSubscription, qos: 0 | 1): void {
    this.#table.add(subscription);
    this.filters.add(subscription.filter, qos);
  }

  unsubscribe(subscription: ClassicSubscription): void {
    if (!this.#table.remove(subscription) && !this.#lost.remove(subscription)) return;
    this.filters.remove(subscription.filter);
  }

  receive(message: BrokerMessage): void {
    const route = this.#table.route(message.topicName);
    if (route.length === 0) return;
    const frames = new EventFrames(classicEvent, classicEventJson(message));
    for (const subscription of route) subscription.deliver(frames);
  }

  loseSubscriptions(): () => void {
    for (const subscription of this.#table.clear()) this.#lost.add(subscription);
    return () => {
      for (const subscription of this.#lost.clear()) this.#table.add(subscription);
    };
  }

  terminateSubscriptions(messages: readonly BrokerMessage[]): number {
    const all = [...this.#table.all(), ...this.#lost.all()];
    const events = messages.map(message => new EventFrames(classicEvent, classicEventJson(message)));
    for (const subscription of all) {
      for (const frames of events) subscription.deliver(frames);
      subscription.terminate(terminateHeaders.frame(subscription.streamId, ''));
    }
    return all.length;
  }

  reset(): void {
    // A restarted nucleus has an empty memory spool; connections, and with them subscriptions, end one by one before this.
    this.spool.clear();
  }
}
