import type { BrokerMessage } from '../broker/broker-message.js';
import type { ProfileContext } from './protocol.js';
import type { Subscription } from './subscription-table.js';

/** Tells who looks that a message went to these subscriptions. */
export function observeDelivery(context: ProfileContext, message: BrokerMessage, to: readonly Subscription[]): void {
  if (!context.observed()) return;
  const { topicName, payload } = message;
  context.observe({ kind: 'delivered', topicName, payload, components: to.map(({ component }) => component) });
}
