import { GET_CONFIGURATION, PUBLISH, SUBSCRIBE_STATUS } from '../../shared/operations.js';
import type { BrokerMessage } from '../broker/broker.js';
import { faultOperation } from '../faults/fault-switches.js';
import type { HeaderTemplate } from './frames.js';
import type { Link, Peer, ProfileContext } from './protocol.js';

/** The streams of one connection that are open, with what is to be done when they end. */
export class OpenStreams {
  readonly #closers = new Map<number, readonly (() => void)[]>();

  /** Keeps a stream open. Where it is kept twice, which Lite allows, both functions are called at its end. */
  keep(streamId: number, onClose: () => void = nothing): void {
    const others = this.#closers.get(streamId);
    this.#closers.set(streamId, others === undefined ? [onClose] : [...others, onClose]);
  }

  has(streamId: number): boolean {
    return this.#closers.has(streamId);
  }

  /** `false` for a stream that is not open. */
  close(streamId: number): boolean {
    const closers = this.#closers.get(streamId);
    if (closers === undefined) return false;
    this.#closers.delete(streamId);
    for (const close of closers) close();
    return true;
  }

  /** Ends what was kept first, as Lite does with a stream that several subscriptions share. The others go on. */
  closeOne(streamId: number): void {
    const [close, ...others] = this.#closers.get(streamId) ?? [];
    if (others.length === 0) this.#closers.delete(streamId);
    else this.#closers.set(streamId, others);
    close?.();
  }

  closeAll(): void {
    for (const streamId of [...this.#closers.keys()]) this.close(streamId);
  }
}

function nothing(): void {
  return;
}

/** What the connections of a profile work with, as far as it is the same for both. */
interface Shared {
  readonly context: ProfileContext;
}

/** One authenticated connection, as its operations see it. */
export class Operations<S extends Shared> {
  readonly streams: OpenStreams = new OpenStreams();
  readonly caller: Caller;
  readonly shared: S;

  constructor(peer: Peer, shared: S, component: string) {
    this.caller = new Caller(peer, component, shared.context);
    this.shared = shared;
  }
}

/** The members of a request, as its profile reads them. */
export type Members = Readonly<Record<string, unknown>>;

/** One operation being carried out on one stream. */
export class Call<S extends Shared = Shared> {
  readonly caller: Caller;
  readonly shared: S;
  readonly streams: OpenStreams;
  readonly streamId: number;
  readonly operation: string;

  constructor({ caller, shared, streams }: Operations<S>, streamId: number, operation: string) {
    this.caller = caller;
    this.shared = shared;
    this.streams = streams;
    this.streamId = streamId;
    this.operation = operation;
  }

  /** Sends the answer now, unless a fault swallows it, keeps it for later or drops the connection instead. */
  answer(send: () => void): void {
    const { component, peer } = this.caller;
    const { noReply, dropBeforeReply, withholdReply } = this.shared.context.faults;
    const about = faultOperation(this.operation);
    if (about === undefined) {
      send();
      return;
    }
    if (noReply[about].strike(component) !== undefined) return;
    if (dropBeforeReply[about].strike(component) !== undefined) {
      peer.destroy();
      return;
    }
    const withheld = withholdReply[about].strike(component);
    if (withheld === undefined) send();
    else withheld.parameter.hold(send);
  }
}

/** What is said of an operation that a device has and the local nucleus does not: on classic to the client, on Lite only in an event. */
export function notInLocalNucleus(operation: string): string {
  return `Operation ${operation} is not supported by the local nucleus`;
}

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

/**
 * Questions for a configuration to which nothing is as good an answer as any: that of `runComponent`, since a component that was given none
 * has its defaults; and the name of a key below that key, since what has nothing below it is no node.
 */
const NEED_NOT_BE_THERE = /^\{"keyPath":\["config"\]\}$|("(?:[^"\\]|\\.)*"),\1\]/;

/** Who calls: one authenticated connection of one component. What both profiles do alike for it. */
export class Caller {
  readonly peer: Peer;
  readonly component: string;
  readonly #context: ProfileContext;
  #request: 'none yet' | 'the probe' | 'what need not be there' | 'any other' = 'none yet';

  constructor(peer: Peer, component: string, context: ProfileContext) {
    this.peer = peer;
    this.component = component;
    this.#context = context;
  }

  /** Told of each request before it is carried out. */
  asks(operation: string, payload: string): void {
    // What connect() sends first to tell a classic nucleus from Lite.
    if (this.#request === 'none yet' && operation === PUBLISH && payload === '{}') this.#request = 'the probe';
    else if (operation === GET_CONFIGURATION && NEED_NOT_BE_THERE.test(payload)) this.#request = 'what need not be there';
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
    if (this.#request === 'what need not be there' && code === 'ResourceNotFoundError') return;
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
