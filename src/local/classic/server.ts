import { classicLocalRoutes, classicRoutes } from '../../topic/classic-routes.js';
import { type BrokerMessage, filterIsValid } from '../broker/broker.js';
import { DeviceSubscriptions, SharedFilters } from '../broker/device-subscriptions.js';
import { LocalTopics } from '../pubsub/local-topics.js';
import type { EventFrames } from '../server/frames.js';
import type { Peer, ProfileContext, ProfileServer, Protocol } from '../server/protocol.js';
import { observeDelivery, ObserverSubscriptions } from '../server/subscriptions.js';
import type { ClassicLimits, ClassicShared } from './call.js';
import { ClassicFilterTree } from './filter-tree.js';
import { ClassicProtocol } from './protocol.js';
import { classicEvent } from './replies.js';
import { ClassicSpool } from './spool.js';

/** What all connections of a classic nucleus share: the spool, the subscriptions, the one MQTT connection. */
export class ClassicServer implements ProfileServer, ClassicShared {
  readonly context: ProfileContext;
  readonly limits: ClassicLimits;
  readonly spool: ClassicSpool;
  readonly table: DeviceSubscriptions;
  readonly local: LocalTopics;

  constructor(context: ProfileContext, limits: ClassicLimits) {
    this.context = context;
    this.limits = limits;
    const event = (message: BrokerMessage): EventFrames => classicEvent(limits.mqttVersion === 'mqtt5' ? message : withoutMqtt5(message));
    const observers = new ObserverSubscriptions(context, event);
    this.table = new DeviceSubscriptions(
      classicRoutes,
      new SharedFilters(context.broker, {
        tree: new ClassicFilterTree(),
        answerOf: filter =>
          filterIsValid(filter) || limits.mqttVersion === 'mqtt3' ? (context.link.isUp ? undefined : 'offline') : 'invalid filter',
      }),
      observers,
    );
    this.local = new LocalTopics(context, classicLocalRoutes);
    this.spool = new ClassicSpool(limits.spool, context.broker);
    this.spool.setOnline(context.link.isUp);
    context.link.onChange(up => {
      this.spool.setOnline(up);
    });
  }

  get subscriptions(): number {
    return this.table.size;
  }

  get spooled(): number {
    return this.spool.size;
  }

  accept(peer: Peer): Protocol {
    return new ClassicProtocol(peer, this);
  }

  receive(message: BrokerMessage): void {
    const route = this.table.route(message.topicName);
    if (route.length === 0) return;
    const frames = classicEvent(this.limits.mqttVersion === 'mqtt5' ? message : withoutMqtt5(message));
    for (const subscription of route) subscription.deliver(frames);
    observeDelivery(this.context, message, route);
  }

  loseSubscriptions(): () => void {
    return this.table.lose();
  }

  loseLocalSubscriptions(): () => void {
    return this.local.lose();
  }

  terminateSubscriptions(messages: readonly BrokerMessage[]): number {
    return this.table.terminateAll(messages.map(classicEvent));
  }

  /** A memory spool does not outlive its nucleus. */
  reset(): void {
    this.spool.clear();
  }
}

/** What MQTT 3.1.1 carries of a message. */
function withoutMqtt5({ topicName, payload, qos, retain }: BrokerMessage): BrokerMessage {
  return { topicName, payload, qos, retain };
}
