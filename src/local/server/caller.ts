import type { BrokerMessage } from '../broker/broker-message.js';
import { PUBLISH } from '../../shared/operations.js';
import type { Peer, ProfileContext } from './protocol.js';

/** Who calls: one authenticated connection of one component. What both profiles do alike for it. */
export class Caller {
  readonly peer: Peer;
  readonly component: string;
  readonly #context: ProfileContext;
  #request: 'none yet' | 'the probe' | 'any other' = 'none yet';

  constructor(peer: Peer, component: string, context: ProfileContext) {
    this.peer = peer;
    this.component = component;
    this.#context = context;
  }

  /** Told of each request before it is carried out. */
  asks(operation: string, payload: string): void {
    // What connect() sends first to tell a classic nucleus from Lite.
    this.#request = this.#request === 'none yet' && operation === PUBLISH && payload === '{}' ? 'the probe' : 'any other';
  }

  may(operation: string, resource: string | undefined): boolean {
    const { faults, permissions } = this.#context;
    return faults.unauthorized.strike(this.component) === undefined && permissions.may(this.component, operation, resource);
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

  reported(state: string): void {
    if (!this.#context.observed()) return;
    this.#context.observe({ kind: 'stateReported', connection: this.peer.id, component: this.component, state });
  }

  localSubscribed(streamId: number, filter: string): void {
    if (!this.#context.observed()) return;
    this.#context.observe({ kind: 'localSubscribed', connection: this.peer.id, component: this.component, streamId, filter });
  }

  localUnsubscribed(streamId: number, filter: string): void {
    if (!this.#context.observed()) return;
    this.#context.observe({ kind: 'localUnsubscribed', connection: this.peer.id, component: this.component, streamId, filter });
  }

  failed(operation: string, code: string, message: string, resource: string | undefined): void {
    const { observed, observe, permissions } = this.#context;
    if (!observed()) return;
    const { component, peer } = this;
    if (this.#request === 'the probe') {
      observe({ kind: 'probed', connection: peer.id, component });
      return;
    }
    const remedy = code === 'UnauthorizedError' && resource !== undefined ? permissions.remedy(component, operation, resource) : undefined;
    observe({ kind: 'failed', connection: peer.id, component, operation, code, message, resource, remedy });
  }
}
