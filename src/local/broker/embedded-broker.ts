import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Aedes, type AedesPublishPacket, type PublishPacket } from 'aedes';
import { BrokerPortUnavailable } from './errors.js';
import type { Clock } from '../../shared/clock.js';
import { type Broker, type BrokerListener, type BrokerMessage, type SubscribeAnswer, topicIsValid } from './broker.js';
import { boundStores, type BrokerStores, MqttPacketGuard, RetainedExpiry, STORE_LIMITS, type StoreLimits } from './embedded-bounds.js';
import { filterMatches } from '../../topic/topic-matches.js';

/** How the device speaks with its broker. */
export interface DeviceMqtt {
  /**
   * What the device gets of a message that several of its filters match: one copy, or one for each filter (mosquitto, and so Lite as
   * observed).
   */
  readonly copies: 'one' | 'each';
  /** Whether a message that is published with `retain` has it on its way to the device too: an option of MQTT 5 that classic asks for. */
  readonly retainAsPublished: boolean;
}

/** How the embedded broker is set up. */
interface EmbeddedBrokerOptions extends DeviceMqtt {
  /** The interface it listens on. */
  readonly host: string;
  /** TCP port; 0 lets the system choose. */
  readonly port: number;
  readonly clock: Clock;
  /** Left out: those of {@link STORE_LIMITS}. */
  readonly storeLimits?: StoreLimits | undefined;
}

/** Who is told of messages without a subscription of the device. */
interface Watcher {
  readonly filter: string;
  readonly onMessage: (message: BrokerMessage) => void;
}

/** Topics whose number of copies is remembered. */
const TOPICS_KEPT = 4096;
/** A client that takes nothing for this long is cut, so that it does not hold up the others. */
const DRAIN_TIMEOUT = 10_000;
/** MQTT clients at once. */
const MAX_CLIENTS = 1000;
/** Bytes of one packet: AWS IoT Core takes payloads of 128 KiB. */
const MAX_PACKET = 256 * 1024;
/** How long an MQTT client may be connected without its CONNECT. */
const CONNECT_TIMEOUT = 10_000;

/**
 * An MQTT 3.1.1 broker inside the process (aedes), reachable by any MQTT client at its port, which is on loopback unless told otherwise.
 * The device's own messages do not pass through it to come back: they go to the device's filters at once, with the MQTT 5 members that
 * aedes could not carry, and to aedes for everyone else.
 */
export class EmbeddedBroker implements Broker {
  readonly host: string;
  readonly #aedes: Aedes;
  readonly #options: EmbeddedBrokerOptions;
  readonly #listener: BrokerListener;
  readonly #filters = new Map<string, 0 | 1>();
  readonly #copies = new Map<string, { readonly count: number; readonly qos: 0 | 1 }>();
  readonly #watchers = new Set<Watcher>();
  readonly #sockets = new Set<Socket>();
  readonly #expiry: RetainedExpiry;
  readonly #stores: BrokerStores;
  #server: Server | undefined;
  #port = 0;
  /** Until the first MQTT client comes nobody else listens, and aedes is asked to keep retained messages only. */
  #hasHadClients = false;
  #acknowledgements: (() => void)[] = [];
  #closed = false;

  private constructor(options: EmbeddedBrokerOptions, listener: BrokerListener, aedes: Aedes) {
    this.host = options.host;
    this.#options = options;
    this.#listener = listener;
    this.#aedes = aedes;
    this.#stores = boundStores(aedes, options.storeLimits ?? STORE_LIMITS, reason => {
      listener.onEvent({ kind: 'dropped', connection: undefined, component: undefined, messages: 1, reason });
    });
    this.#expiry = new RetainedExpiry(options.clock, topic => {
      // To the store and not as a publish, which subscribers would get as a message.
      void this.#stores.storeRetained({ cmd: 'publish', topic, payload: Buffer.alloc(0), qos: 0, retain: true, dup: false });
    });
    aedes.published = (packet, client, done) => {
      // A message of the device itself comes without a client: it has been delivered already, and nothing holds up its acknowledgement.
      if (!(client as unknown)) {
        done(null);
        return;
      }
      if (packet.retain) this.#expiry.set(packet.topic, undefined);
      this.#deliver(fromPacket(packet, packet.retain && this.#options.retainAsPublished));
      // Until then aedes reads nothing more from this client. Not at once: under Node 26 its parser, which is still at this message, would
      // be handed the next bytes, and begin with this message again.
      listener.pass(() => queueMicrotask(() => done(null)));
    };
    aedes.on('client', () => {
      this.#hasHadClients = true;
    });
    // Broken MQTT clients are aedes' business; without a listener they would be nobody's and end the process.
    aedes.on('clientError', () => undefined);
    aedes.on('connectionError', () => undefined);
  }

  static async start(options: EmbeddedBrokerOptions, listener: BrokerListener): Promise<EmbeddedBroker> {
    const aedes = await Aedes.createBroker({ concurrency: 10_000, drainTimeout: DRAIN_TIMEOUT, connectTimeout: CONNECT_TIMEOUT });
    const broker = new EmbeddedBroker(options, listener, aedes);
    try {
      await broker.#listen(options.port);
    } catch (error) {
      await broker.close();
      throw new BrokerPortUnavailable(brokerUrl(options.host, options.port), error);
    }
    return broker;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return brokerUrl(this.host, this.#port);
  }

  publish(message: BrokerMessage, onAcknowledged: () => void): void {
    if (this.#closed || !topicIsValid(message.topicName)) {
      this.#acknowledge(onAcknowledged);
      return;
    }
    this.#deliver(message.retain === true && !this.#options.retainAsPublished ? { ...message, retain: false } : message);
    const { topicName } = message;
    if (message.retain === true) this.#expiry.set(topicName, message.messageExpiryIntervalSeconds);
    if ((this.#hasHadClients || message.retain === true) && !topicName.startsWith('$SYS/')) {
      this.#aedes.publish(toPacket(message), () => {
        this.#acknowledge(onAcknowledged);
      });
    } else this.#acknowledge(onAcknowledged);
  }

  subscribe(filter: string, qos: 0 | 1, onAnswer?: (answer: SubscribeAnswer) => void): void {
    this.#filters.set(filter, qos);
    this.#copies.clear();
    onAnswer?.('granted');
    const { onMessage } = this.#listener;
    setImmediate(() => void this.#deliverRetained(filter, onMessage, () => this.#filters.has(filter)));
  }

  unsubscribe(filter: string): void {
    this.#filters.delete(filter);
    this.#copies.clear();
  }

  watch(filter: string, onMessage: (message: BrokerMessage) => void): () => void {
    const watcher = { filter, onMessage };
    this.#watchers.add(watcher);
    setImmediate(() => void this.#deliverRetained(filter, onMessage, () => this.#watchers.has(watcher)));
    return () => this.#watchers.delete(watcher);
  }

  async setDown(down: boolean): Promise<void> {
    if (this.#closed || down === (this.#server === undefined)) return;
    if (down) {
      this.#listener.onLink(false);
      await this.#stopListening();
    } else {
      await this.#listen(this.#port);
      this.#listener.onLink(true);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#filters.clear();
    this.#watchers.clear();
    this.#copies.clear();
    this.#expiry.close();
    await this.#stopListening();
    await new Promise<void>(resolve => {
      this.#aedes.close(resolve);
    });
  }

  #deliver(message: BrokerMessage): void {
    for (const { filter, onMessage } of this.#watchers) if (filterMatches(filter, message.topicName)) onMessage(message);
    const { count, qos } = this.#copiesOf(message.topicName);
    if (count === 0) return;
    const delivered = message.qos > qos ? { ...message, qos } : message;
    for (let i = 0; i < count; i++) this.#listener.onMessage(delivered);
  }

  #copiesOf(topic: string): { readonly count: number; readonly qos: 0 | 1 } {
    let copies = this.#copies.get(topic);
    if (copies === undefined) {
      const matching = [...this.#filters].filter(([filter]) => filterMatches(filter, topic));
      const count = this.#options.copies === 'one' ? Math.min(1, matching.length) : matching.length;
      copies = { count, qos: matching.some(([, qos]) => qos === 1) ? 1 : 0 };
      if (this.#copies.size >= TOPICS_KEPT) this.#copies.clear();
      this.#copies.set(topic, copies);
    }
    return copies;
  }

  async #deliverRetained(filter: string, onMessage: (message: BrokerMessage) => void, isWanted: () => boolean): Promise<void> {
    try {
      for await (const packet of this.#stores.createRetainedStream(filter)) {
        if (!isWanted()) return;
        const messageExpiryIntervalSeconds = this.#expiry.secondsLeft(packet.topic);
        onMessage({ ...fromPacket(packet, true), messageExpiryIntervalSeconds });
      }
    } catch {
      // A filter that aedes cannot look up has no retained messages.
    }
  }

  /** Acknowledgements come in a later turn, all of a turn together, as they would from a socket. */
  #acknowledge(onAcknowledged: () => void): void {
    this.#acknowledgements.push(onAcknowledged);
    if (this.#acknowledgements.length === 1) setImmediate(this.#acknowledgeAll);
  }

  readonly #acknowledgeAll = (): void => {
    const due = this.#acknowledgements;
    this.#acknowledgements = [];
    for (const onAcknowledged of due) onAcknowledged();
  };

  async #listen(port: number): Promise<void> {
    const server = createServer(socket => {
      if (this.#sockets.size >= MAX_CLIENTS) {
        socket.on('error', () => undefined);
        socket.destroy();
        return;
      }
      limitPackets(socket);
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#aedes.handle(socket);
    });
    server.listen({ host: this.host, port });
    await once(server, 'listening');
    // What fails later is one connection that could not be accepted (no file descriptors left); the server goes on.
    server.on('error', () => undefined);
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>(resolve => {
      server.close(() => {
        resolve();
      });
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Cuts a client whose packet is too large before aedes stores it. aedes reads a socket by its `read`, and in no other way. */
function limitPackets(socket: Socket): void {
  const guard = new MqttPacketGuard(MAX_PACKET);
  const read = socket.read.bind(socket);
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!(chunk instanceof Uint8Array) || guard.accepts(chunk)) return chunk;
    socket.destroy();
    return null;
  };
}

function brokerUrl(host: string, port: number): string {
  return `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

type Members = Omit<BrokerMessage, 'topicName' | 'payload' | 'qos' | 'retain'>;

/** aedes keeps a packet's `properties` with a retained message and never looks inside, so the MQTT 5 members ride there. */
function toPacket(message: BrokerMessage): PublishPacket {
  const { topicName, payload, qos, retain, ...members } = message;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const packet: PublishPacket = { cmd: 'publish', topic: topicName, payload: bytes, qos, retain: retain === true, dup: false };
  if (retain === true) Object.assign(packet, { properties: { greengrassRx: members } });
  return packet;
}

function fromPacket(packet: AedesPublishPacket, retain: boolean): BrokerMessage {
  const members = (packet.properties as { greengrassRx?: Members } | undefined)?.greengrassRx;
  const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
  return { ...members, topicName: packet.topic, payload, qos: packet.qos === 0 ? 0 : 1, retain };
}
