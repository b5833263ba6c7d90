import type { Aedes, AedesPublishPacket, PublishPacket } from 'aedes';
import type { Clock } from '../../shared/clock.js';

/** Bytes of the length in an MQTT packet's fixed header. */
const LENGTH_BYTES = 4;

/**
 * Follows the packets in a stream of MQTT bytes and says when one announces more than it may have: a parser keeps all of an
 * unfinished packet, and the protocol allows it 256 MB.
 */
export class MqttPacketGuard {
  readonly #limit: number;
  /** Bytes of the packet's body that have not come. */
  #left = 0;
  #length = 0;
  /** Bytes of the length read so far; `undefined` before the type. */
  #lengthBytes: number | undefined;

  /** `limit`: bytes of a packet after its fixed header. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `false`: a packet in it is too large or its length is malformed. Nothing after that is followed. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (this.#lengthBytes === undefined) {
        this.#lengthBytes = 0;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes++;
      if (this.#length > this.#limit) return false;
      if (byte < 0x80) {
        this.#left = this.#length;
        this.#lengthBytes = undefined;
      } else if (this.#lengthBytes >= LENGTH_BYTES) return false;
    }
    return true;
  }
}

/** Bounds of what the embedded broker keeps for MQTT clients. */
export interface StoreLimits {
  /** Topics with a retained message: 10 000. */
  readonly retainedMessages: number;
  /** Bytes of all retained messages together, with their topics: 64 MiB. */
  readonly retainedBytes: number;
  /** Sessions kept for clients that have gone and asked for it (`clean: false`): 1000. */
  readonly sessions: number;
  /** Messages that wait for one such client: 10 000. */
  readonly queuedMessages: number;
  /** Bytes that wait for all of them together: 64 MiB. */
  readonly queuedBytes: number;
}

export const STORE_LIMITS: StoreLimits = {
  retainedMessages: 10_000,
  retainedBytes: 64 * 1024 * 1024,
  sessions: 1000,
  queuedMessages: 10_000,
  queuedBytes: 64 * 1024 * 1024,
};

/** The part of aedes' persistence that is used, which its types leave out. */
export interface BrokerStores {
  createRetainedStream: (pattern: string) => AsyncIterable<AedesPublishPacket>;
  /** Removes what is retained when the payload is empty. */
  storeRetained: (packet: PublishPacket) => Promise<void>;
  outgoingEnqueue: (session: Session, packet: PublishPacket) => Promise<void>;
  outgoingEnqueueCombi: (sessions: readonly Session[], packet: PublishPacket) => Promise<void>;
  outgoingStream: (client: ClientId) => AsyncIterable<unknown>;
  /** The packet that is gone; `undefined` if there was none. */
  outgoingClearMessageId: (client: ClientId, packet: unknown) => Promise<unknown>;
  cleanSubscriptions: (client: ClientId) => Promise<unknown>;
  cleanIncoming: (client: ClientId) => Promise<unknown>;
}

interface Session {
  readonly clientId: string;
}

interface ClientId {
  readonly id: string;
}

/**
 * Bounds what aedes keeps in memory, which it does not do itself: a script that retains on ever new topics, or connects as ever new
 * clients with sessions of their own, would fill the memory of a process that a developer leaves running for days.
 *
 * @param onDropped Told why a message is lost: of retained ones the oldest goes, of what waits for a client the newest.
 */
export function boundStores(aedes: Aedes, limits: StoreLimits, onDropped: (reason: string) => void): BrokerStores {
  const { persistence } = aedes as unknown as { readonly persistence: BrokerStores };
  boundRetained(persistence, limits, onDropped);
  const queues = boundQueues(persistence, limits, onDropped);
  boundSessions(aedes, persistence, limits, queues);
  return persistence;
}

function boundRetained(stores: BrokerStores, limits: StoreLimits, onDropped: (reason: string) => void): void {
  const store = stores.storeRetained.bind(stores);
  /** In the order they came. */
  const sizes = new Map<string, number>();
  let bytes = 0;
  const forget = (topic: string): void => {
    bytes -= sizes.get(topic) ?? 0;
    sizes.delete(topic);
  };
  stores.storeRetained = async packet => {
    const { topic, payload } = packet;
    forget(topic);
    if (payload.length > 0) {
      const size = topic.length + payload.length;
      sizes.set(topic, size);
      bytes += size;
    }
    await store(packet);
    for (const [oldest] of sizes) {
      if (sizes.size <= limits.retainedMessages && bytes <= limits.retainedBytes) break;
      forget(oldest);
      onDropped(`the retained message of ${oldest} made room for later ones`);
      await store({ ...packet, topic: oldest, payload: Buffer.alloc(0) });
    }
  };
}

/** The sizes of the messages that wait for each client, in their order. They are acknowledged in that order, or nearly so. */
type Queues = Map<string, number[]>;

function boundQueues(stores: BrokerStores, limits: StoreLimits, onDropped: (reason: string) => void): Queues {
  const enqueue = stores.outgoingEnqueueCombi.bind(stores);
  const clear = stores.outgoingClearMessageId.bind(stores);
  const queues: Queues = new Map();
  let bytes = 0;
  stores.outgoingEnqueueCombi = (sessions, packet) => {
    const size = packet.topic.length + packet.payload.length;
    const taking = sessions.filter(({ clientId }) => {
      const queue = queues.get(clientId) ?? [];
      if (queue.length >= limits.queuedMessages || bytes + size > limits.queuedBytes) {
        onDropped(`the queue of the MQTT client ${clientId} is full`);
        return false;
      }
      queue.push(size);
      bytes += size;
      queues.set(clientId, queue);
      return true;
    });
    return enqueue(taking, packet);
  };
  stores.outgoingEnqueue = (session, packet) => stores.outgoingEnqueueCombi([session], packet);
  stores.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    const queue = queues.get(client.id);
    if (cleared === undefined || queue === undefined) return cleared;
    bytes -= queue.shift() ?? 0;
    if (queue.length === 0) queues.delete(client.id);
    return cleared;
  };
  return queues;
}

function boundSessions(aedes: Aedes, stores: BrokerStores, limits: StoreLimits, queues: Queues): void {
  /** Clients that have gone, the one that has gone first in front. */
  const gone = new Set<string>();
  const empty = async (id: string): Promise<void> => {
    if (!queues.has(id)) return;
    for await (const packet of stores.outgoingStream({ id })) await stores.outgoingClearMessageId({ id }, packet);
  };
  const forget = async (id: string): Promise<void> => {
    await stores.cleanSubscriptions({ id });
    await stores.cleanIncoming({ id });
    await empty(id);
  };
  aedes.on('client', ({ id, clean }) => {
    gone.delete(id);
    // aedes forgets the subscriptions of the session before, and not what waits for it.
    if (clean) void empty(id).catch(() => undefined);
  });
  aedes.on('clientDisconnect', ({ id, clean }) => {
    if (clean) return;
    gone.add(id);
    for (const oldest of gone) {
      if (gone.size <= limits.sessions) break;
      gone.delete(oldest);
      void forget(oldest).catch(() => undefined);
    }
  });
}

/** Retained messages that have an expiry; more are kept without one, until the broker ends. */
const MAX_TOPICS = 10_000;

/** When retained messages expire: MQTT 5 has the broker remove them then, and say of the others how long they have left. */
export class RetainedExpiry {
  readonly #clock: Clock;
  readonly #onExpired: (topicName: string) => void;
  readonly #expiries = new Map<string, { readonly at: number; readonly cancel: () => void }>();

  constructor(clock: Clock, onExpired: (topicName: string) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** A message is retained now, with this expiry or none, in place of any of before. */
  set(topicName: string, seconds: number | undefined): void {
    this.#expiries.get(topicName)?.cancel();
    this.#expiries.delete(topicName);
    if (seconds === undefined || this.#expiries.size >= MAX_TOPICS) return;
    const ms = seconds * 1000;
    const cancel = this.#clock.after(ms, () => {
      this.#expiries.delete(topicName);
      this.#onExpired(topicName);
    });
    this.#expiries.set(topicName, { at: this.#clock.now() + ms, cancel });
  }

  /** Whole seconds that a retained message has left, at least one; `undefined` if it does not expire. */
  secondsLeft(topicName: string): number | undefined {
    const expiry = this.#expiries.get(topicName);
    return expiry && Math.max(1, Math.ceil((expiry.at - this.#clock.now()) / 1000));
  }

  close(): void {
    for (const { cancel } of this.#expiries.values()) cancel();
    this.#expiries.clear();
  }
}
