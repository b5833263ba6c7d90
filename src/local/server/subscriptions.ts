import type { BrokerMessage } from '../broker/broker.js';
import type { MessageStreamOperation } from '../faults/fault-switches.js';
import type { Call } from './call.js';
import { type EventFrames, type HeaderTemplate, terminateHeaders } from './frames.js';
import type { ProfileContext } from './protocol.js';

/** The subscription of a client, on one stream. */
export interface ClientSubscription {
  readonly component: string;
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly streamId: number;
  /** Takes an event on its way to the client. */
  readonly deliver: (frames: EventFrames) => void;
  /** Ends the stream from the server's side. */
  readonly terminate: () => void;
}

/** Topics whose route is remembered. A device has few; a client that publishes on ever new ones must not fill the memory. */
const ROUTES_KEPT = 4096;

/** Which streams a topic's messages go to, and which get none any more without knowing it. */
export class SubscriptionTable {
  readonly #matches: (filter: string, topic: string) => boolean;
  readonly #subscriptions = new Set<ClientSubscription>();
  /** Still open for their clients, and forgotten by the server. */
  readonly #lost = new Set<ClientSubscription>();
  readonly #routes = new Map<string, readonly ClientSubscription[]>();

  constructor(matches: (filter: string, topic: string) => boolean) {
    this.#matches = matches;
  }

  /** With the lost ones. */
  get size(): number {
    return this.#subscriptions.size + this.#lost.size;
  }

  add(subscription: ClientSubscription): void {
    this.#subscriptions.add(subscription);
    this.#routes.clear();
  }

  /** `false` if it was not in the table (any more). */
  remove(subscription: ClientSubscription): boolean {
    this.#routes.clear();
    return this.#subscriptions.delete(subscription) || this.#lost.delete(subscription);
  }

  /** The subscriptions there are now get nothing until the result is called. */
  lose(): () => void {
    const lost = [...this.#subscriptions];
    this.#subscriptions.clear();
    this.#routes.clear();
    for (const subscription of lost) this.#lost.add(subscription);
    return () => {
      for (const subscription of lost) if (this.#lost.delete(subscription)) this.add(subscription);
    };
  }

  /** With the lost ones. */
  all(): readonly ClientSubscription[] {
    return [...this.#subscriptions, ...this.#lost];
  }

  route(topic: string): readonly ClientSubscription[] {
    let route = this.#routes.get(topic);
    if (route === undefined) {
      route = [...this.#subscriptions].filter(({ filter }) => this.#matches(filter, topic));
      if (this.#routes.size >= ROUTES_KEPT) this.#routes.clear();
      this.#routes.set(topic, route);
    }
    return route;
  }
}

/**
 * Subscriptions of observers, which are not among the device's. If they were, they would change what components get: on Lite a subscription
 * gets a message once for each filter of the device that matches it, and on classic a filter that covers another takes the retained
 * messages from it.
 */
export class ObserverSubscriptions {
  readonly #context: Pick<ProfileContext, 'broker' | 'link' | 'isObserver'>;
  readonly #event: (message: BrokerMessage) => EventFrames;
  readonly #stops = new Map<ClientSubscription, () => void>();

  constructor(context: Pick<ProfileContext, 'broker' | 'link' | 'isObserver'>, event: (message: BrokerMessage) => EventFrames) {
    this.#context = context;
    this.#event = event;
  }

  /** `false`: it is no observer's, or the broker knows of nothing but subscriptions. */
  add(subscription: ClientSubscription): boolean {
    const { broker, link, isObserver } = this.#context;
    if (broker.watch === undefined || !isObserver(subscription.component)) return false;
    const stop = broker.watch(subscription.filter, message => {
      if (link.isUp) subscription.deliver(this.#event(message));
    });
    this.#stops.set(subscription, stop);
    return true;
  }

  /** `false` if it was none of these. */
  remove(subscription: ClientSubscription): boolean {
    this.#stops.get(subscription)?.();
    return this.#stops.delete(subscription);
  }
}

/** Tells observers of the nucleus that a message went to these subscriptions. */
export function observeDelivery(context: ProfileContext, message: BrokerMessage, to: readonly ClientSubscription[]): void {
  if (!context.observed()) return;
  const { topicName, payload } = message;
  context.observe({ kind: 'delivered', topicName, payload, components: to.map(({ component }) => component) });
}

/** How a profile writes on a subscription's stream. */
export interface SubscribeForms {
  readonly reply: HeaderTemplate;
  readonly event: (message: BrokerMessage) => EventFrames;
  /** Classic drops, with a warning in its log, what comes before its answer has been sent; Lite sends it. */
  readonly dropsEarlyMessages: boolean;
  /** Whose faults strike. */
  readonly about: MessageStreamOperation;
}

/** What goes to a client on a subscription's stream: the answer and the events, in the order that profile and faults give them. */
export class SubscribeExchange implements ClientSubscription {
  readonly component: string;
  readonly filter: string;
  readonly qos: 0 | 1;
  readonly streamId: number;
  readonly #call: Call;
  readonly #forms: SubscribeForms;
  #state: 'unanswered' | 'answers after a message' | 'answered' = 'unanswered';

  constructor(call: Call, filter: string, qos: 0 | 1, forms: SubscribeForms) {
    this.component = call.caller.component;
    this.filter = filter;
    this.qos = qos;
    this.streamId = call.streamId;
    this.#call = call;
    this.#forms = forms;
  }

  /** The subscription is active; its answer is due. */
  begin(): void {
    const { caller, shared } = this.#call;
    const early = shared.context.faults.messageBeforeReply[this.#forms.about].strike(caller.component);
    if (early === undefined) this.#answer();
    else if (early.parameter === undefined) this.#state = 'answers after a message';
    else {
      this.#send(this.#forms.event(early.parameter));
      this.#answer();
    }
  }

  deliver(frames: EventFrames): void {
    if (this.#state === 'unanswered' && this.#forms.dropsEarlyMessages) return;
    this.#send(frames);
    if (this.#state !== 'answers after a message') return;
    this.#state = 'unanswered';
    this.#answer();
  }

  terminate(): void {
    const { caller, streams, streamId } = this.#call;
    caller.peer.send(terminateHeaders.frame(streamId, ''), false);
    streams.close(streamId);
  }

  #answer(): void {
    const { caller, shared, streams, streamId } = this.#call;
    const { peer, component } = caller;
    const { faults } = shared.context;
    this.#call.answer(() => {
      // The client may have given up while the answer was withheld.
      if (!streams.has(streamId)) return;
      peer.send(this.#forms.reply.frame(streamId, '{}'), false);
      this.#state = 'answered';
      const burst = faults.burstThenTerminate[this.#forms.about].strike(component);
      if (burst === undefined) return;
      for (const message of burst.parameter) this.#send(this.#forms.event(message));
      this.terminate();
    });
  }

  #send(frames: EventFrames): void {
    this.#call.caller.peer.send(frames.for(this.streamId), true);
  }
}
