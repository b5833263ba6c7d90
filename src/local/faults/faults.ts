import type { BrokerMessage } from '../broker/broker-message.js';
import type { ArmedFault, FaultScope } from './fault-switch.js';
import { FAULT_OPERATIONS, ReplyGate, type FaultOperation, type FaultSwitches, type MessageStreamOperation } from './fault-switches.js';
import { fillBacklog } from './full-backlog.js';
import type { IpcServer } from '../server/ipc-server.js';
import type { Link } from '../server/link.js';
import type { Broker } from '../broker/broker.js';
import type { ProfileServer } from '../server/protocol.js';

/** A fault of one operation; left out, of each of them. */
export interface OperationFault extends FaultScope {
  readonly operation?: FaultOperation | undefined;
}

/** A fault of the streams of one operation: those of the MQTT proxy where it is left out. A local topic's message is a binary one. */
export interface StreamFault extends FaultScope {
  readonly operation?: MessageStreamOperation | undefined;
}

/** What faults act on. */
export interface FaultTargets {
  readonly switches: FaultSwitches;
  readonly server: () => IpcServer;
  readonly profile: () => ProfileServer;
  readonly link: Link;
  readonly broker: Broker;
}

/**
 * Makes a local nucleus misbehave in the ways real ones do. Most faults are armed: they strike the next `times` occurrences, or
 * all until undone, of one component or of any; `undo()` (or `using`) takes one back without touching the others. What is
 * done at once (a kill, a burst) returns nothing to undo.
 *
 * @example
 * ```ts
 * import { startLocalNucleus } from 'greengrass-rx/local';
 *
 * const nucleus = await startLocalNucleus({ profile: 'classic', components: [{ name: 'com.example.Sensor' }] });
 * const fault = nucleus.faults.noReply({ operation: 'publish', times: 1 });
 * console.log(fault.armed); // true: the next publish will not be answered
 * fault.undo();
 * await nucleus.stop();
 * ```
 */
export class Faults {
  readonly #targets: FaultTargets;
  readonly #undoAll = new Set<() => void | Promise<void>>();

  constructor(targets: FaultTargets) {
    this.#targets = targets;
  }

  /** A Connect is never answered; the connection stays open. */
  noConnectAck(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.noConnectAck.arm(undefined, scope, onUndo));
  }

  /** A good token is refused: ConnectAck with flags 0 and close on classic, a bare end on Lite. */
  refuseConnect(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.refuseConnect.arm(undefined, scope, onUndo));
  }

  /** The operation is done and never answered. */
  noReply(fault: OperationFault = {}): ArmedFault {
    return this.#armOperations(fault, (operation, onUndo) => this.#targets.switches.noReply[operation].arm(undefined, fault, onUndo));
  }

  /** The operation is done, and instead of its answer the connection is destroyed: the client cannot know the outcome. */
  dropBeforeReply(fault: OperationFault = {}): ArmedFault {
    return this.#armOperations(fault, (operation, onUndo) =>
      this.#targets.switches.dropBeforeReply[operation].arm(undefined, fault, onUndo),
    );
  }

  /** Answers are kept back until the fault is undone, then all given. The wait of a device that has never been online. */
  withholdReply(fault: OperationFault = {}): ArmedFault {
    const gate = new ReplyGate();
    return this.#armOperations(fault, (operation, onUndo) =>
      this.#targets.switches.withholdReply[operation].arm(gate, fault, () => {
        onUndo();
        gate.open();
      }),
    );
  }

  /**
   * A message comes before the answer to its subscribe, as on Lite and on older classic nuclei. Given `message` that one is sent
   * first; without, the answer waits for the first real message of the subscription.
   */
  messageBeforeReply(message?: FaultMessage, scope: StreamFault = {}): ArmedFault {
    const { messageBeforeReply } = this.#targets.switches;
    return this.#arm(onUndo => messageBeforeReply[scope.operation ?? 'subscribe'].arm(message && brokerMessage(message), scope, onUndo));
  }

  /** Right after the answer to a subscribe: these messages at once, and then the server ends the stream. */
  burstThenTerminate(messages: readonly FaultMessage[], scope: StreamFault = {}): ArmedFault {
    const { burstThenTerminate } = this.#targets.switches;
    return this.#arm(onUndo => burstThenTerminate[scope.operation ?? 'subscribe'].arm(messages.map(brokerMessage), scope, onUndo));
  }

  /** Every subscription there is gets these messages and is then ended by the server. Returns how many there were. */
  terminateSubscriptions(messages: readonly FaultMessage[] = []): number {
    return this.#targets.profile().terminateSubscriptions(messages.map(brokerMessage));
  }

  /** Destroys the connections there are now, of one component or of all. */
  killConnections(component?: string): void {
    void this.#targets.server().destroyConnections(component);
  }

  /** Destroys a connection once it has been sent this many messages since now. */
  killAfterMessages(messages: number, scope?: FaultScope): ArmedFault {
    const count = { left: messages };
    return this.#arm(onUndo => this.#targets.switches.cutAfterMessages.arm(count, { ...scope, times: messages }, onUndo));
  }

  /** The next frame is written by half, then the connection is destroyed. */
  killMidFrame(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.cutMidFrame.arm(undefined, { times: 1, ...scope }, onUndo));
  }

  /** Frames leave with a wrong checksum. */
  corruptFrames(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.corrupt.arm(undefined, scope, onUndo));
  }

  /** All bytes leave in pieces of `bytes`, one a turn. */
  splitFrames(bytes = 1, scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.splitWrites.arm(bytes, scope, onUndo));
  }

  /** Nothing leaves until `frames` are there; then all in one write. Undone, the rest leaves. */
  glueFrames(frames: number, scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo =>
      this.#targets.switches.glueFrames.arm(frames, scope, () => {
        onUndo();
        for (const { outbox } of this.#targets.server().connections) outbox.resume();
      }),
    );
  }

  /** The subscriptions there are now stay open and get no message any more: what a restart of Lite's `iotcored` does. */
  loseSubscriptions(): ArmedFault {
    const restore = this.#targets.profile().loseSubscriptions();
    return this.#state(restore);
  }

  /** Every operation is refused, as if no policy allowed it. Subscriptions that stand stay, as when a device's policies change. */
  unauthorized(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.unauthorized.arm(undefined, scope, onUndo));
  }

  /** Publishes are refused for want of room: `Message spool is full.` on classic, `Failed to publish the message.` on Lite. */
  spoolFull(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.spoolFull.arm(undefined, scope, onUndo));
  }

  /** The broker denies subscriptions: an error on classic; on Lite a success that gets no message. */
  denySubscriptions(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.denySubscription.arm(undefined, scope, onUndo));
  }

  /** The broker acknowledges no publish of QoS 1: Lite refuses the eleventh. Undone, all are acknowledged. */
  withholdPubacks(scope?: FaultScope): ArmedFault {
    const gate = new ReplyGate();
    return this.#arm(onUndo =>
      this.#targets.switches.withholdPubacks.arm(gate, scope, () => {
        onUndo();
        gate.open();
      }),
    );
  }

  /** The device has no connection to the broker. Classic spools QoS 1 and refuses QoS 0; Lite refuses both. Nothing arrives. */
  offline(): ArmedFault {
    const { link } = this.#targets;
    const reason = `fault ${String(Math.random())}`;
    link.set(reason, true);
    return this.#state(() => {
      link.set(reason, false);
    });
  }

  /** The broker itself is gone: MQTT clients are cut and refused, and the device is offline. Undone, it listens at the same port.
   * A broker elsewhere stays: the device's connection to it is cut and made again. */
  async brokerDown(): Promise<LastingFault> {
    const { broker } = this.#targets;
    await broker.setDown(true);
    return this.#asyncState(() => broker.setDown(false));
  }

  /**
   * An older server. Classic of before mid-2025: a terminate for a stream that it has ended itself costs the connection. Lite of
   * before 2.3.0: every terminate does.
   */
  oldNucleus(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.oldNucleus.arm(undefined, scope, onUndo));
  }

  /**
   * A client that does not read, or that sends half a frame, holds up everyone else until it goes on or the timeout has passed, as on
   * Lite, whose one thread waits for it up to five seconds. Without this fault only the slow client is affected. Lite only.
   */
  slowReaderBlocksAll(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.slowReaderBlocksAll.arm(undefined, scope, onUndo));
  }

  /** A client that reads nothing for `socketTimeoutMs` while something waits for it is cut. */
  cutSlowReaders(scope?: FaultScope): ArmedFault {
    return this.#arm(onUndo => this.#targets.switches.cutSlowReaders.arm(undefined, scope, onUndo));
  }

  /** The server neither reads nor writes, on any connection: what Lite does while one client does not read. Undone, it goes on. */
  freeze(): ArmedFault {
    return this.#state(this.#targets.server().freeze());
  }

  /**
   * The nucleus has died: every connection is gone, and connecting is refused, since its socket file is still there. Undone, it listens
   * again and knows the same tokens; `restart()` gives others.
   */
  async nucleusDown(): Promise<LastingFault> {
    const listen = await this.#targets.server().die();
    this.#targets.profile().reset();
    return this.#asyncState(listen);
  }

  /** The socket file is gone from its place: connecting finds no file; who is connected stays. Undone, it is back. */
  async removeSocketFile(): Promise<LastingFault> {
    const putBack = await this.#targets.server().hideSocketFile();
    return this.#asyncState(putBack);
  }

  /** The server lives and accepts nobody: its listen backlog is full (`EAGAIN`). Who is connected stays. */
  async fullBacklog(): Promise<LastingFault> {
    const server = this.#targets.server();
    const putBack = await server.hideSocketFile();
    const empty = await fillBacklog(server.path);
    return this.#asyncState(async () => {
      await empty();
      await putBack();
    });
  }

  /** Undoes every fault that is on. */
  async undoAll(): Promise<void> {
    const all = [...this.#undoAll];
    this.#undoAll.clear();
    for (const undo of all) await undo();
  }

  #arm(arm: (onUndo: () => void) => ArmedFault): ArmedFault {
    const armed: ArmedFault = arm(() => this.#undoAll.delete(armed.undo));
    this.#undoAll.add(armed.undo);
    return armed;
  }

  #armOperations(fault: OperationFault, arm: (operation: FaultOperation, onUndo: () => void) => ArmedFault): ArmedFault {
    if (fault.operation !== undefined) return this.#arm(onUndo => arm(fault.operation ?? 'publish', onUndo));
    const each = FAULT_OPERATIONS.map(operation => arm(operation, () => undefined));
    const armed: ArmedFault = {
      get strikes() {
        return each.reduce((sum, { strikes }) => sum + strikes, 0);
      },
      get armed() {
        return each.some(one => one.armed);
      },
      undo: () => {
        this.#undoAll.delete(armed.undo);
        for (const one of each) one.undo();
      },
      [Symbol.dispose]: () => {
        armed.undo();
      },
    };
    this.#undoAll.add(armed.undo);
    return armed;
  }

  /** A fault that is a state and not an event: it has struck, and lasts until it is undone. */
  #state(leave: () => void): ArmedFault {
    const fault = this.#lastingFault(leave);
    return {
      strikes: 1,
      undo: fault.undo,
      [Symbol.dispose]: fault.undo,
      get armed() {
        return fault.armed();
      },
    };
  }

  #asyncState(leave: () => Promise<void>): LastingFault {
    let left: Promise<void> | undefined;
    const fault = this.#lastingFault(() => (left = leave()));
    const undo = async (): Promise<void> => {
      fault.undo();
      await left;
    };
    return {
      undo,
      [Symbol.asyncDispose]: undo,
      get armed() {
        return fault.armed();
      },
    };
  }

  #lastingFault(leave: () => void | Promise<void>): { readonly undo: () => void; readonly armed: () => boolean } {
    let armed = true;
    const undo = (): void | Promise<void> => {
      this.#undoAll.delete(undo);
      if (!armed) return;
      armed = false;
      return leave();
    };
    this.#undoAll.add(undo);
    return { undo: () => void undo(), armed: () => armed };
  }
}

/** A fault that takes a moment to put right: wait for `undo()`, or write `await using`. */
export interface LastingFault extends AsyncDisposable {
  /** Whether it still holds. */
  readonly armed: boolean;
  /** Puts it right; resolves when it is. */
  readonly undo: () => Promise<void>;
}

/** A message of a fault; a text payload is sent as UTF-8. */
export interface FaultMessage extends Omit<BrokerMessage, 'payload' | 'qos'> {
  readonly payload: Uint8Array | string;
}

function brokerMessage(message: FaultMessage): BrokerMessage {
  const { payload } = message;
  return { ...message, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, qos: 0 };
}
