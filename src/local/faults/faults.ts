import {
  type ArmedFault,
  FAULT_OPERATIONS,
  type FaultOperation,
  type FaultScope,
  type MessageStreamOperation,
  ReplyGate,
} from './fault-switches.js';
import { brokerMessage, hangMqttDaemon, holdDown, stopPubsubDaemon } from './fault-table.js';
import type { FaultMessage, FaultName, FaultWithDetails } from './fault-words.js';
import { FaultsOn, type LastingFault, WordedFaults } from './faults-on.js';
import { subjectOf, type FaultTargets, type MachineSubject } from './machine-faults.js';

/** A fault of one operation; left out, of each of them. */
export interface OperationFault extends FaultScope {
  readonly operation?: FaultOperation | undefined;
}

/** A fault of the streams of one operation: those of the MQTT proxy where it is left out. A local topic's message is a binary one. */
export interface StreamFault extends FaultScope {
  readonly operation?: MessageStreamOperation | undefined;
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
  readonly #subject: MachineSubject;
  readonly #on = new FaultsOn();
  /** Those that keep clients from connecting. */
  readonly #unreachable = new FaultsOn();
  readonly #worded: WordedFaults;

  constructor(targets: FaultTargets) {
    this.#subject = subjectOf(targets);
    this.#worded = new WordedFaults(this.#subject);
  }

  /**
   * A fault by its word, as in the diagrams of the test kit and in scripts of `dev --chaos`. What lasts is ended by the word that ends it.
   */
  async inflict(fault: FaultName | FaultWithDetails): Promise<void> {
    await this.#worded.inflict(fault);
  }

  /** A Connect is never answered; the connection stays open. */
  noConnectAck(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.noConnectAck.arm('silence', scope, onUndo));
  }

  /** A good token is refused: ConnectAck with flags 0 and close on classic, a bare end on Lite. */
  refuseConnect(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.refuseConnect.arm(undefined, scope, onUndo));
  }

  /** The operation is done and never answered. */
  noReply(fault: OperationFault = {}): ArmedFault {
    return this.#armOperations(fault, (operation, onUndo) => this.#subject.switches.noReply[operation].arm(undefined, fault, onUndo));
  }

  /** The operation is done, and instead of its answer the connection is destroyed: the client cannot know the outcome. */
  dropBeforeReply(fault: OperationFault = {}): ArmedFault {
    return this.#armOperations(fault, (operation, onUndo) =>
      this.#subject.switches.dropBeforeReply[operation].arm(undefined, fault, onUndo),
    );
  }

  /** Answers are kept back until the fault is undone, then all given. The wait of a device that has never been online. */
  withholdReply(fault: OperationFault = {}): ArmedFault {
    const gate = new ReplyGate();
    return this.#armOperations(fault, (operation, onUndo) =>
      this.#subject.switches.withholdReply[operation].arm(gate, fault, () => {
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
    const { messageBeforeReply } = this.#subject.switches;
    return this.#on.arm(onUndo => messageBeforeReply[scope.operation ?? 'subscribe'].arm(message && brokerMessage(message), scope, onUndo));
  }

  /** Right after the answer to a subscribe: these messages at once, and then the server ends the stream. */
  burstThenTerminate(messages: readonly FaultMessage[], scope: StreamFault = {}): ArmedFault {
    const { burstThenTerminate } = this.#subject.switches;
    return this.#on.arm(onUndo => burstThenTerminate[scope.operation ?? 'subscribe'].arm(messages.map(brokerMessage), scope, onUndo));
  }

  /** Every subscription there is gets these messages and is then ended by the server. Returns how many there were. */
  terminateSubscriptions(messages: readonly FaultMessage[] = []): number {
    return this.#subject.profile().terminateSubscriptions(messages.map(brokerMessage));
  }

  /** Destroys the connections there are now, of one component or of all. */
  killConnections(component?: string): void {
    this.#subject.dropConnections(component);
  }

  /** Destroys a connection once it has been sent this many messages since now. */
  killAfterMessages(messages: number, scope?: FaultScope): ArmedFault {
    const count = { left: messages };
    return this.#on.arm(onUndo => this.#subject.switches.cutAfterMessages.arm(count, { ...scope, times: messages }, onUndo));
  }

  /** The next frame is written by half, then the connection is destroyed. */
  killMidFrame(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.cutMidFrame.arm(undefined, { times: 1, ...scope }, onUndo));
  }

  /** Frames leave with a wrong checksum. */
  corruptFrames(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.corrupt.arm(undefined, scope, onUndo));
  }

  /** All bytes leave in pieces of `bytes`, one a turn. */
  splitFrames(bytes = 1, scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.splitWrites.arm(bytes, scope, onUndo));
  }

  /** Nothing leaves until `frames` are there; then all in one write. Undone, the rest leaves. */
  glueFrames(frames: number, scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo =>
      this.#subject.switches.glueFrames.arm(frames, scope, () => {
        onUndo();
        this.#subject.resumeConnections();
      }),
    );
  }

  /** The subscriptions there are now stay open and get no message any more: what a restart of Lite's `iotcored` does. */
  loseSubscriptions(): ArmedFault {
    const restore = this.#subject.profile().loseSubscriptions();
    return this.#on.hold(restore);
  }

  /** Subscriptions to local topics stay open and get no message any more. */
  loseLocalSubscriptions(): ArmedFault {
    return this.#on.hold(this.#subject.profile().loseLocalSubscriptions());
  }

  /** Every operation is refused, as if no policy allowed it. Subscriptions that stand stay, as when a device's policies change. */
  unauthorized(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.unauthorized.arm(undefined, scope, onUndo));
  }

  /**
   * Lite's configuration daemon is away: whatever needs a policy is refused as unauthorized, though the policies allow it, and no
   * configuration can be read or written. Undone, it is back, and who has followed a configuration hears of no change any more. On classic
   * nothing happens.
   */
  configurationDaemonDown(scope?: FaultScope): ArmedFault {
    const { switches, profile } = this.#subject;
    return this.#on.arm(onUndo =>
      switches.configurationDown.arm(undefined, scope, () => {
        onUndo();
        profile().loseConfigurationWatchers?.();
      }),
    );
  }

  /**
   * Lite's daemon of local topics is away: publishing and subscribing on them fails. Undone, it is back, and the subscriptions of before
   * get nothing any more. On classic nothing happens.
   */
  pubsubDaemonDown(): ArmedFault {
    return this.#on.hold(stopPubsubDaemon(this.#subject.profile()));
  }

  /**
   * Lite's MQTT daemon hangs, as it does when a busy topic's subscriptions come and go: nothing arrives on any subscription, and publishes
   * and subscribes fail after ten seconds. Undone, it is restarted: new subscriptions live, those of before stay dead. On classic nothing
   * happens.
   */
  mqttDaemonHung(): ArmedFault {
    return this.#on.hold(hangMqttDaemon(this.#subject.profile()));
  }

  /** Publishes are refused for want of room: `Message spool is full.` on classic, `Failed to publish the message.` on Lite. */
  spoolFull(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.spoolFull.arm(undefined, scope, onUndo));
  }

  /** The broker denies subscriptions: an error on classic; on Lite a success that gets no message. */
  denySubscriptions(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.denySubscription.arm(undefined, scope, onUndo));
  }

  /** The broker acknowledges no publish of QoS 1: Lite refuses the eleventh. Undone, all are acknowledged. */
  withholdPubacks(scope?: FaultScope): ArmedFault {
    const gate = new ReplyGate();
    return this.#on.arm(onUndo =>
      this.#subject.switches.withholdPubacks.arm(gate, scope, () => {
        onUndo();
        gate.open();
      }),
    );
  }

  /** The device has no connection to the broker. Classic spools QoS 1 and refuses QoS 0; Lite refuses both. Nothing arrives. */
  offline(): ArmedFault {
    return this.#on.hold(holdDown(this.#subject.link));
  }

  /**
   * The broker itself is gone: MQTT clients are cut and refused, and the device is offline. Undone, it listens at the same port. A broker
   * elsewhere stays: only the device's connection to it is cut, and made again.
   */
  async brokerDown(): Promise<LastingFault> {
    return this.#on.holdLasting(await this.#subject.brokerDown());
  }

  /**
   * An older server. Classic of before mid-2025: a terminate for a stream that it has ended itself costs the connection. Lite of
   * before 2.3.0: every terminate does.
   */
  oldNucleus(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.oldNucleus.arm(undefined, scope, onUndo));
  }

  /**
   * A client that does not read, or that sends half a frame, holds up everyone else until it goes on or the timeout has passed, as on
   * Lite, whose one thread waits for it up to five seconds. Without this fault only the slow client is affected. Lite only.
   */
  slowReaderBlocksAll(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.slowReaderBlocksAll.arm(undefined, scope, onUndo));
  }

  /** A client that reads nothing for `socketTimeout` while something waits for it is cut. */
  cutSlowReaders(scope?: FaultScope): ArmedFault {
    return this.#on.arm(onUndo => this.#subject.switches.cutSlowReaders.arm(undefined, scope, onUndo));
  }

  /** The server neither reads nor writes, on any connection: what Lite does while one client does not read. Undone, it goes on. */
  freeze(): ArmedFault {
    return this.#on.hold(this.#subject.freeze());
  }

  /**
   * The nucleus has died: every connection is gone, and connecting is refused, since its socket file is still there. Undone, it listens
   * again and knows the same tokens; `restart()` gives others.
   */
  async nucleusDown(): Promise<LastingFault> {
    return this.#unreachable.holdLasting(await this.#subject.nucleusDown());
  }

  /** The socket file is gone from its place: connecting finds no file; who is connected stays. Undone, it is back. */
  async removeSocketFile(): Promise<LastingFault> {
    return this.#unreachable.holdLasting(await this.#subject.removeSocketFile());
  }

  /** The server lives and accepts nobody: its listen backlog is full (`EAGAIN`). Who is connected stays. */
  async fullBacklog(): Promise<LastingFault> {
    return this.#unreachable.holdLasting(await this.#subject.fullBacklog());
  }

  /** Undoes every fault that is on. */
  async undoAll(): Promise<void> {
    await this.#unreachable.undoAll();
    await this.#on.undoAll();
    await this.#worded.allWell();
  }

  /** @internal A nucleus that starts listens, whatever has kept clients from connecting: ends that. */
  async undoUnreachable(): Promise<void> {
    await this.#unreachable.undoAll();
    await this.#worded.inflict('start nucleus');
  }

  #armOperations({ operation }: OperationFault, arm: (operation: FaultOperation, onUndo: () => void) => ArmedFault): ArmedFault {
    if (operation !== undefined) return this.#on.arm(onUndo => arm(operation, onUndo));
    return this.#on.armEach(FAULT_OPERATIONS.map(each => arm(each, () => undefined)));
  }
}
