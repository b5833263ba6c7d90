import type { Clock } from '../../shared/clock.js';
import type { FrameView } from '../../ipc/wire/frame.js';
import type { Permissions } from '../../recipe/policy/policies.js';
import type { Broker, BrokerMessage } from '../broker/broker.js';
import type { ComponentConfigurations } from '../configuration/component-configurations.js';
import type { FaultSwitches } from '../faults/fault-switches.js';
import type { LifecycleServices } from '../lifecycle/lifecycle-services.js';
import type { NucleusEvent } from '../nucleus-event.js';
import type { Tokens } from './components.js';

/** One client's connection as the protocol sees it. */
export interface Peer {
  /** Unique within the nucleus; for its log. */
  readonly id: number;
  /** Queues a frame. An event may be dropped where the profile drops; a reply may not. */
  readonly send: (frame: Buffer, isEvent: boolean) => void;
  /** Sends what is queued and then closes; nothing more is read. */
  readonly end: () => void;
  /**
   * Sends what is queued and closes, as a server does that reads no more: what the client has under way is not read, so that it sees a
   * reset and not an end.
   */
  readonly cut: () => void;
  /** Closes at once; what is queued is lost. */
  readonly destroy: () => void;
  /** Told whose token the client has, before it is accepted or refused: faults of that component strike the answer, too. */
  readonly claimed: (component: string) => void;
  /** Told once who the client is: the connection is authenticated from here on. */
  readonly authenticated: (component: string) => void;
}

/** The server's side of one connection. */
export interface Protocol {
  readonly receive: (frame: FrameView) => void;
  /** The bytes were no frame. */
  readonly malformed: () => void;
  readonly closed: () => void;
}

/** One profile at work: what all its connections share. */
export interface ProfileServer {
  readonly accept: (peer: Peer) => Protocol;
  /** A message from the broker. */
  readonly receive: (message: BrokerMessage) => void;
  /** Subscriptions of all connections. */
  readonly subscriptions: number;
  /** Publishes kept for the broker: in classic's spool, or on Lite without an acknowledgement. */
  readonly spooled: number;
  /** The subscriptions there are stay open and get no message any more, as when Lite's `iotcored` restarts. Undo with the result. */
  readonly loseSubscriptions: () => () => void;
  /** The same of local topics. */
  readonly loseLocalSubscriptions: () => () => void;
  /**
   * Lite's `ggpubsubd` is away: local topics fail. Back with the result, it has forgotten the subscriptions of before. The classic nucleus
   * has none.
   */
  readonly stopPubsubDaemon?: () => () => void;
  /** What a restart of Lite's `ggconfigd` does: nobody who follows a configuration now hears of a change any more. */
  readonly loseConfigurationWatchers?: () => void;
  /**
   * Lite's MQTT daemon hangs: nothing arrives, and what needs it fails after ten seconds. Restarted with the result, it has forgotten the
   * subscriptions of before. The classic nucleus has none.
   */
  readonly hangMqttDaemon?: () => () => void;
  /** Each subscription gets these messages and then a message that ends it. */
  readonly terminateSubscriptions: (messages: readonly BrokerMessage[]) => number;
  /** Forgets all that does not outlive a restart. */
  readonly reset: () => void;
}

/** What a profile works with. */
export interface ProfileContext {
  readonly broker: Broker;
  readonly link: Link;
  readonly tokens: Tokens;
  /** Asked for each request: they can change while a client is connected. */
  readonly permissions: Permissions;
  /** Whether what a component subscribes is left out of the device's subscriptions. */
  readonly isObserver: (component: string) => boolean;
  readonly configurations: ComponentConfigurations;
  readonly lifecycle: LifecycleServices;
  readonly faults: FaultSwitches;
  readonly clock: Clock;
  readonly observe: (event: NucleusEvent) => void;
  /** Whether anyone looks: making an event costs something on the hot path. */
  readonly observed: () => boolean;
  readonly connectionStatus: boolean;
}

/** The device's connection to its broker: up unless something holds it down. */
export class Link {
  readonly #reasons = new Set<string>();
  readonly #listeners = new Set<(up: boolean) => void>();
  #everUp: boolean;

  /** `heldBy`: what else holds it down from the beginning. */
  constructor(online: boolean, heldBy: readonly string[] = []) {
    if (!online) this.#reasons.add('offline');
    for (const reason of heldBy) this.#reasons.add(reason);
    this.#everUp = this.isUp;
  }

  get isUp(): boolean {
    return this.#reasons.size === 0;
  }

  /** Before the first connection the classic nucleus withholds replies to subscribe; later it fails them at once. */
  get wasEverUp(): boolean {
    return this.#everUp;
  }

  /** Holds the link down for a reason, or takes that reason away. */
  set(reason: string, down: boolean): void {
    const before = this.isUp;
    if (down) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    const { isUp } = this;
    if (isUp === before) return;
    if (isUp) this.#everUp = true;
    for (const listener of [...this.#listeners]) listener(isUp);
  }

  onChange(listener: (up: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
