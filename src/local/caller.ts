import type { PolicyOutcome } from './authorizer.js';
import type { BrokerMessage } from './broker-message.js';
import type { Peer, ProfileContext } from './protocol.js';

/** Who calls: one authenticated connection of one component. What both profiles do alike for it. */
export class Caller {
  readonly peer: Peer;
  readonly component: string;
  readonly #context: ProfileContext;
  readonly #authorize: PolicyOutcome['authorize'] | undefined;

  constructor(peer: Peer, component: string, context: ProfileContext) {
    this.peer = peer;
    this.component = component;
    this.#context = context;
    this.#authorize = context.authorizers.get(component);
  }

  may(operation: string, resource: string): boolean {
    return this.#authorize?.(operation, resource) ?? false;
  }

  published({ topicName, payload, qos }: BrokerMessage): void {
    if (!this.#context.observed()) return;
    this.#context.observe({ kind: 'published', connection: this.peer.id, component: this.component, topicName, payload, qos });
  }

  subscribed(streamId: number, filter: string): void {
    if (!this.#context.observed()) return;
    this.#context.observe({ kind: 'subscribed', connection: this.peer.id, component: this.component, streamId, filter });
  }

  unsubscribed(streamId: number, filter: string): void {
    if (!this.#context.observed()) return;
    this.#context.observe({ kind: 'unsubscribed', connection: this.peer.id, component: this.component, streamId, filter });
  }

  failed(operation: string, code: string, message: string, resource: string | undefined): void {
    if (!this.#context.observed()) return;
    this.#context.observe({ kind: 'failed', connection: this.peer.id, component: this.component, operation, code, message, resource });
  }
}
