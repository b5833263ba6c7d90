import { filterMatches } from '../../topic/topic-matches.js';
import { type BrokerMessage, filterIsValid } from '../broker/broker.js';
import { DeviceSubscriptions, SharedFilters } from '../broker/device-subscriptions.js';
import { LocalTopics } from '../pubsub/local-topics.js';
import type { Peer, ProfileContext, ProfileServer, Protocol } from '../server/protocol.js';
import { observeDelivery, ObserverSubscriptions, type Subscription } from '../server/subscriptions.js';
import type { LiteLimits, LiteShared } from './call.js';
import { LiteProtocol } from './protocol.js';
import { LitePublishWindow, mqttPacketSize } from './publish-window.js';
import { liteEvent } from './replies.js';

/** How long Lite waits for its MQTT daemon, in milliseconds. Source: observed on Greengrass Lite 2.6.0. */
const CALL_TIMEOUT = 10_000;
/** Calls that wait at once; one more fails at once. A device would not even read it: its one thread waits, too. */
const MAX_IN_VAIN = 1000;

/** What all connections of a Lite nucleus share: the subscriptions, the publish window, the one MQTT connection. */
export class LiteServer implements ProfileServer, LiteShared {
  readonly context: ProfileContext;
  readonly window: LitePublishWindow;
  readonly local: LocalTopics;
  #otherSlots = 0;
  readonly #limits: LiteLimits;
  readonly #table: DeviceSubscriptions;
  /** Subscriptions whose filter no broker accepts. While there are any the broker drops the device at each reconnect. */
  readonly #poisonous = new Set<Subscription>();
  /** How many have the MQTT daemon wait for its own lock. */
  #hangs = 0;
  /** How many have taken the daemon of local topics away. */
  #pubsubDowns = 0;
  /** Calls of that daemon, in the order in which they give up. */
  readonly #inVain: { readonly until: number; readonly fail: () => void }[] = [];
  #cancelTimer: (() => void) | undefined;

  constructor(context: ProfileContext, limits: LiteLimits) {
    this.context = context;
    this.#limits = limits;
    this.#table = new DeviceSubscriptions(filterMatches, new SharedFilters(context.broker), new ObserverSubscriptions(context, liteEvent));
    this.local = new LocalTopics(context, (filter, topic) => filter === topic || filterMatches(filter, topic));
    this.window = new LitePublishWindow(limits.publishWindow, context.broker);
  }

  get subscriptions(): number {
    return this.#table.size + this.#poisonous.size;
  }

  get spooled(): number {
    return this.window.unacknowledged;
  }

  get isFull(): boolean {
    return this.subscriptions >= this.#limits.subscriptions;
  }

  get hasSlot(): boolean {
    return this.subscriptions + this.local.size + this.#otherSlots < this.#limits.subscriptions;
  }

  get isPubsubDown(): boolean {
    return this.#pubsubDowns > 0;
  }

  takeSlot(): () => void {
    this.#otherSlots++;
    return () => {
      this.#otherSlots--;
    };
  }

  get hasLocalSlot(): boolean {
    return this.hasSlot && this.local.size < this.#limits.localSubscriptions;
  }

  accept(peer: Peer): Protocol {
    return new LiteProtocol(peer, this);
  }

  subscribe(subscription: Subscription): void {
    if (filterIsValid(subscription.filter)) this.#table.add(subscription);
    else this.#poisonous.add(subscription);
  }

  unsubscribe(subscription: Subscription): void {
    if (!this.#poisonous.delete(subscription)) this.#table.remove(subscription);
  }

  receive(message: BrokerMessage): void {
    if (this.#poisonous.size > 0 || this.#hangs > 0) return;
    const { topicName, payload, qos } = message;
    if (mqttPacketSize(topicName, payload.length, qos) > this.#limits.maxInboundPacket) {
      const reason = `the MQTT packet for ${topicName} is too large for Lite`;
      this.context.observe({ kind: 'dropped', connection: undefined, component: undefined, messages: 1, reason });
      return;
    }
    const route = this.#table.route(topicName);
    if (route.length === 0) return;
    const frames = liteEvent(message);
    for (const subscription of route) subscription.deliver(frames);
    observeDelivery(this.context, message, route);
  }

  loseSubscriptions(): () => void {
    return this.#table.lose();
  }

  loseLocalSubscriptions(): () => void {
    return this.local.lose();
  }

  stopPubsubDaemon(): () => void {
    this.#pubsubDowns++;
    return () => {
      this.#pubsubDowns--;
      this.local.lose();
    };
  }

  forgetWatches(): void {
    this.context.configurations.loseWatchers();
  }

  terminateSubscriptions(messages: readonly BrokerMessage[]): number {
    return this.#table.terminateAll(messages.map(liteEvent));
  }

  waitsInVain(fail: () => void): boolean {
    const { clock } = this.context;
    if (this.#hangs === 0) return false;
    if (this.#inVain.length >= MAX_IN_VAIN) {
      fail();
      return true;
    }
    this.#inVain.push({ until: clock.now() + CALL_TIMEOUT, fail });
    this.#cancelTimer ??= clock.after(CALL_TIMEOUT, this.#failOverdue);
    return true;
  }

  hangMqttDaemon(): () => void {
    this.#hangs++;
    return () => {
      if (--this.#hangs > 0) return;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      // The daemon is a new one: it knows nothing of these subscriptions, and their clients are not told.
      this.#table.lose();
      for (const { fail } of this.#inVain.splice(0)) fail();
    };
  }

  readonly #failOverdue = (): void => {
    const { clock } = this.context;
    const now = clock.now();
    const inTime = this.#inVain.findIndex(({ until }) => until > now);
    const overdue = this.#inVain.splice(0, inTime < 0 ? this.#inVain.length : inTime);
    const next = this.#inVain[0];
    this.#cancelTimer = next === undefined ? undefined : clock.after(next.until - now, this.#failOverdue);
    for (const { fail } of overdue) fail();
  };

  /** Nothing here outlives a connection: there is no spool. */
  reset(): void {
    return;
  }
}
