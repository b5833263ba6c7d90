import type { FrameView } from '../../ipc/wire/frame.js';
import { HeaderCursor } from '../../ipc/wire/headers.js';
import { MessageFlag, MessageType, readRpcMessage, RPC_VERSION, type RpcMessage } from '../../ipc/wire/rpc-message.js';
import { filterMatches } from '../../topic/topic-matches.js';
import { type BrokerMessage, filterIsValid } from '../broker/broker.js';
import { DeviceSubscriptions, SharedFilters } from '../broker/device-subscriptions.js';
import { PubSub } from '../pubsub/pub-sub.js';
import { authenticate, type Claim } from '../server/call.js';
import type { Peer, ProfileContext, ProfileServer, Protocol } from '../server/protocol.js';
import { observeDelivery, ObserverSubscriptions, type ClientSubscription } from '../server/subscriptions.js';
import { liteConnectAck, liteEvent, type LiteLimits, type LiteShared } from './call.js';
import { parseMembers } from './json.js';
import { LiteOperations } from './operations.js';
import { LitePublishWindow, mqttPacketSize } from './publish-window.js';

const cursor = new HeaderCursor();

/** The flags that Lite looks at; it passes over all others. */
const KNOWN_FLAGS = 3;

/**
 * One connection of Greengrass Lite. It checks little, and whatever it does not like costs the connection, without a word: a
 * refusal, a ping, a header of another type than int32 and string.
 *
 * Source: observed on Greengrass Lite 2.6.0; `ipc_server.c`.
 */
export class LiteProtocol implements Protocol {
  readonly #peer: Peer;
  readonly #server: LiteShared;
  #operations: LiteOperations | undefined;
  #ended = false;

  constructor(peer: Peer, server: LiteShared) {
    this.#peer = peer;
    this.#server = server;
  }

  receive(frame: FrameView): void {
    if (this.#ended) return;
    const message = hasOnlyPlainHeaders(frame) ? readRpcMessage(frame) : undefined;
    if (message === undefined || 'reason' in message) this.#hangUp();
    else if (this.#operations === undefined) this.#connect(message);
    else if (message.streamId === 0) this.#hangUp();
    else this.#onStream(this.#operations, message);
  }

  malformed(): void {
    this.#hangUp();
  }

  closed(): void {
    this.#ended = true;
    this.#operations?.streams.closeAll();
  }

  #connect(message: RpcMessage): void {
    const outcome = authenticate(this.#server.context, this.#peer, claimOf(message));
    if (outcome === 'unanswered') return;
    if (outcome === 'refused') {
      this.#hangUp();
      return;
    }
    this.#operations = new LiteOperations(this.#peer, this.#server, outcome.component);
    this.#peer.send(liteConnectAck(), false);
  }

  /** Stream ids are not checked: used ones, lower ones, negative ones are all taken. */
  #onStream(operations: LiteOperations, { streamId, type, flags, operation, payload }: RpcMessage): void {
    if ((flags & MessageFlag.TerminateStream) !== 0) {
      operations.streams.closeOne(streamId);
      if (this.#server.context.faults.oldNucleus.strike(operations.caller.component) !== undefined) this.#hangUp();
    } else if (type !== MessageType.ApplicationMessage || (flags & KNOWN_FLAGS) !== 0) operations.refuse(streamId, operation ?? '');
    else operations.execute(streamId, operation ?? '', payload);
  }

  #hangUp(): void {
    this.#ended = true;
    this.#peer.cut();
  }
}

function claimOf({ type, flags, streamId, version, payload }: RpcMessage): Claim {
  if (type !== MessageType.Connect) return { problem: 'the first message is not a Connect' };
  if ((flags & KNOWN_FLAGS) !== 0) return { problem: 'the Connect has flags' };
  if (streamId !== 0) return { problem: 'the Connect is not on stream 0' };
  if (version !== undefined && version !== RPC_VERSION) return { problem: `the :version is ${version}, not ${RPC_VERSION}` };
  const { authToken: token, componentName: component } = parseMembers(payload) ?? {};
  if (component !== undefined && typeof component !== 'string') return { problem: 'the componentName is not a string' };
  return typeof token === 'string' ? { token, component } : { problem: 'there is no authToken, or it is not a string' };
}

const INT32 = 4;
const STRING = 7;

function hasOnlyPlainHeaders(frame: FrameView): boolean {
  cursor.reset(frame.buffer, frame.headersStart, frame.headersEnd);
  let plain = true;
  while (plain && cursor.next()) plain = cursor.wireType === INT32 || cursor.wireType === STRING;
  return plain && cursor.failure === undefined;
}

/** How long Lite waits for its MQTT daemon, in milliseconds. Source: observed on Greengrass Lite 2.6.0. */
const CALL_TIMEOUT = 10_000;
/** Calls that wait at once; one more fails at once. A device would not even read it: its one thread waits, too. */
const MAX_IN_VAIN = 1000;

/** What all connections of a Lite nucleus share: the subscriptions, the publish window, the one MQTT connection. */
export class LiteServer implements ProfileServer, LiteShared {
  readonly context: ProfileContext;
  readonly window: LitePublishWindow;
  readonly local: PubSub;
  #otherSlots = 0;
  readonly #limits: LiteLimits;
  readonly #table: DeviceSubscriptions;
  /** Subscriptions whose filter no broker accepts. While there are any the broker drops the device at each reconnect. */
  readonly #poisonous = new Set<ClientSubscription>();
  /** How many faults have the MQTT daemon hang. */
  #hangs = 0;
  /** How many faults have taken `ggpubsubd`, the daemon of local topics, away. */
  #pubsubDowns = 0;
  /** Calls of the MQTT daemon that wait while it hangs, in the order in which they give up. */
  readonly #inVain: { readonly until: number; readonly fail: () => void }[] = [];
  #cancelTimer: (() => void) | undefined;

  constructor(context: ProfileContext, limits: LiteLimits) {
    this.context = context;
    this.#limits = limits;
    this.#table = new DeviceSubscriptions(filterMatches, new SharedFilters(context.broker), new ObserverSubscriptions(context, liteEvent));
    this.local = new PubSub(context, (filter, topic) => filter === topic || filterMatches(filter, topic));
    this.window = new LitePublishWindow(limits.publishWindow, context.broker, context.clock);
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

  subscribe(subscription: ClientSubscription): void {
    if (filterIsValid(subscription.filter)) this.#table.add(subscription);
    else this.#poisonous.add(subscription);
  }

  unsubscribe(subscription: ClientSubscription): void {
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

  loseConfigurationWatchers(): void {
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

  /** A restart of Lite keeps no publish: acknowledgements that are still due never come. */
  reset(): void {
    this.window.clear();
  }
}
