import type { BrokerMessage } from './broker-message.js';
import { EventFrames } from './event-frames.js';
import { LitePublishWindow, mqttPacketSize } from './lite-publish-window.js';
import { LiteProtocol } from './lite-protocol.js';
import { liteEvent, liteEventJson } from './lite-replies.js';
import type { LiteLimits, LiteShared, LiteSubscription } from './lite-shared.js';
import { filterIsValid, filterMatches } from './mqtt-topic.js';
import type { Peer, ProfileContext, ProfileServer, Protocol } from './protocol.js';
import { terminateHeaders } from './replies.js';
import { SharedFilters } from './shared-filters.js';
import { SubscriptionTable } from './subscription-table.js';

/** What all connections of a Lite nucleus share: the subscriptions, the publish window, the one MQTT connection. */
export class LiteServer implements ProfileServer, LiteShared {
  readonly context: ProfileContext;
  readonly limits: LiteLimits;
  readonly window: LitePublishWindow;
  readonly #filters: SharedFilters;
  readonly #table: SubscriptionTable<LiteSubscription> = new SubscriptionTable(filterMatches);
  readonly #lost: SubscriptionTable<LiteSubscription> = new SubscriptionTable(filterMatches);
  /** Subscriptions whose filter no broker accepts. While there are any the broker drops the device at each reconnect. */
  readonly #poisonous = new Set<LiteSubscription>();

  constructor(context: ProfileContext, limits: LiteLimits) {
    this.context = context;
    this.limits = limits;
    this.window = new LitePublishWindow(limits.publishWindow, context.broker);
    this.#filters = new SharedFilters(context.broker);
  }

  get subscriptions(): number {
    return this.#table.size + this.#lost.size + this.#poisonous.size;
  }

  get spooled(): number {
    return this.window.unacknowledged;
  }

  get isFull(): boolean {
    return this.subscriptions >= this.limits.subscriptions;
  }

  accept(peer: Peer): Protocol {
    return new LiteProtocol(peer, this);
  }

  subscribe(subscription: LiteSubscription): void {
    if (!filterIsValid(subscription.filter)) {
      this.#poisonous.add(subscription);
      return;
    }
    this.#table.add(subscription);
    this.#filters.add(subscription.filter, subscription.qos);
  }

  unsubscribe(subscription: LiteSubscription): void {
    if (this.#poisonous.delete(subscription)) return;
    if (!this.#table.remove(subscription) && !this.#lost.remove(subscription)) return;
    this.#filters.remove(subscription.filter);
  }

  receive(message: BrokerMessage): void {
    if (this.#poisonous.size > 0) return;
    const { topicName, payload, qos } = message;
    if (mqttPacketSize(topicName, payload.length, qos) > this.limits.maxInboundPacket) {
      this.context.observe({
        kind: 'dropped',
        connection: undefined,
        component: undefined,
        messages: 1,
        reason: `the MQTT packet for ${topicName} is too large for Lite`,
      });
      return;
    }
    const route = this.#table.route(topicName);
    if (route.length === 0) return;
    const frames = new EventFrames(liteEvent, liteEventJson(message));
    for (const subscription of route) subscription.deliver(frames);
  }

  loseSubscriptions(): () => void {
    for (const subscription of this.#table.clear()) this.#lost.add(subscription);
    return () => {
      for (const subscription of this.#lost.clear()) this.#table.add(subscription);
    };
  }

  terminateSubscriptions(messages: readonly BrokerMessage[]): number {
    const all = [...this.#table.all(), ...this.#lost.all(), ...this.#poisonous];
    const events = messages.map(message => new EventFrames(liteEvent, liteEventJson(message)));
    for (const subscription of all) {
      for (const frames of events) subscription.deliver(frames);
      subscription.terminate(terminateHeaders.frame(subscription.streamId, ''));
    }
    return all.length;
  }

  reset(): void {
    // Nothing outlives a connection here: there is no spool.
  }
}
