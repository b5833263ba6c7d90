import { GET_CONFIGURATION, PUBLISH, SUBSCRIBE_STATUS } from '../../shared/operations.js';
import type { BrokerMessage } from '../broker/broker.js';
import type { HeaderTemplate } from './frames.js';
import type { Link, Peer, ProfileContext } from './protocol.js';

/** What a Connect claims: a token, on Lite also whose it is, or why it is no claim at all. */
export type Claim = { readonly token: string; readonly component?: string | undefined } | { readonly problem: string };

/** What becomes of it. `unanswered` is a fault: the client hears nothing. */
type AuthenticationOutcome = { readonly component: string } | 'refused' | 'unanswered';

/** Decides on a Connect. Why it was refused is for the nucleus' own log; the client is never told. */
export function authenticate(context: ProfileContext, peer: Peer, claim: Claim): AuthenticationOutcome {
  const { faults, tokens, observe } = context;
  const component = 'token' in claim ? tokens.component(claim.token) : undefined;
  if (component !== undefined) peer.claimed(component);
  const unanswered = faults.noConnectAck.strike(component);
  if (unanswered !== undefined) {
    if (unanswered.parameter === 'drop') peer.destroy();
    return 'unanswered';
  }
  const isAnothers = 'token' in claim && claim.component !== undefined && claim.component !== component;
  if (component !== undefined && !isAnothers && faults.refuseConnect.strike(component) === undefined) {
    peer.authenticated(component);
    return { component };
  }
  const reason =
    'problem' in claim
      ? claim.problem
      : component === undefined
        ? 'the authToken is unknown'
        : isAnothers
          ? 'the authToken is not of the componentName'
          : 'a fault is armed';
  observe({ kind: 'refused', connection: peer.id, reason });
  return 'refused';
}

/** What becomes of a subscription: to the MQTT proxy, or to a local topic. */
type SubscriptionChange = 'subscribed' | 'unsubscribed' | 'localSubscribed' | 'localUnsubscribed';

/** Who calls: one authenticated connection of one component. What both profiles do alike for it. */
export class Caller {
  readonly peer: Peer;
  readonly component: string;
  readonly #context: ProfileContext;
  #request: 'none yet' | 'the probe' | 'its configuration' | 'any other' = 'none yet';

  constructor(peer: Peer, component: string, context: ProfileContext) {
    this.peer = peer;
    this.component = component;
    this.#context = context;
  }

  /** Told of each request before it is carried out. */
  asks(operation: string, payload: string): void {
    // What connect() sends first to tell a classic nucleus from Lite.
    if (this.#request === 'none yet' && operation === PUBLISH && payload === '{}') this.#request = 'the probe';
    // What runComponent() asks, whether the component was given a configuration or not.
    else if (operation === GET_CONFIGURATION && payload === '{"keyPath":["config"]}') this.#request = 'its configuration';
    else this.#request = 'any other';
  }

  may(operation: string, resource: string | undefined): boolean {
    const { faults, permissions } = this.#context;
    return faults.unauthorized.strike(this.component) === undefined && permissions.may(this.component, operation, resource);
  }

  published({ topicName, payload, qos, userProperties }: BrokerMessage): void {
    if (!this.#context.observed()) return;
    this.#context.observe({
      kind: 'published',
      connection: this.peer.id,
      component: this.component,
      topicName,
      payload,
      qos,
      ...(userProperties === undefined ? undefined : { userProperties }),
    });
  }

  /** A subscription is active, or has ended. */
  changed(kind: SubscriptionChange, streamId: number, filter: string): void {
    if (!this.#context.observed()) return;
    this.#context.observe({ kind, connection: this.peer.id, component: this.component, streamId, filter });
  }

  reported(state: string): void {
    this.#context.lifecycle.reported(this.component, state);
    if (!this.#context.observed()) return;
    this.#context.observe({ kind: 'stateReported', connection: this.peer.id, component: this.component, state });
  }

  failed(operation: string, code: string, message: string, resource: string | undefined): void {
    const { observed, observe, permissions } = this.#context;
    if (!observed()) return;
    const { component, peer } = this;
    if (this.#request === 'the probe') {
      observe({ kind: 'probed', connection: peer.id, component });
      return;
    }
    // None was given, which is no failure: its defaults hold.
    if (this.#request === 'its configuration' && code === 'ResourceNotFoundError') return;
    // No released nucleus has it: that a client asks whether the device is online is no failure.
    if (operation === SUBSCRIBE_STATUS) return;
    const remedy = code === 'UnauthorizedError' && resource !== undefined ? permissions.remedy(component, operation, resource) : undefined;
    observe({ kind: 'failed', connection: peer.id, component, operation, code, message, resource, remedy });
  }
}

/**
 * `SubscribeToIoTCoreConnectionStatus`: the answer, the status now, and each change until the result is called. No policy
 * guards it.
 *
 * Source: Greengrass Lite, pull request 1157.
 */
export function followConnectionStatus(peer: Peer, link: Link, streamId: number, reply: HeaderTemplate, event: HeaderTemplate): () => void {
  const send = (up: boolean): void => {
    peer.send(event.frame(streamId, `{"connectionStatusEvent":{"status":"${up ? 'CONNECTED' : 'DISCONNECTED'}"}}`), true);
  };
  peer.send(reply.frame(streamId, '{}'), false);
  send(link.isUp);
  return link.onChange(send);
}
