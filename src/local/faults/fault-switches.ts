import type { BrokerMessage } from '../broker/broker-message.js';
import { FaultSwitch } from './fault-switch.js';
import {
  DEFER_COMPONENT_UPDATE,
  GET_CONFIGURATION,
  PUBLISH,
  PUBLISH_TO_TOPIC,
  SEND_CONFIGURATION_VALIDITY_REPORT,
  SUBSCRIBE,
  SUBSCRIBE_TO_COMPONENT_UPDATES,
  SUBSCRIBE_TO_CONFIGURATION_UPDATE,
  SUBSCRIBE_TO_TOPIC,
  SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES,
  UPDATE_CONFIGURATION,
  UPDATE_STATE,
} from '../../shared/operations.js';

/** The operations a fault can be about: those of the MQTT proxy, of local topics, and the services' by what they are for. */
export const FAULT_OPERATIONS = ['publish', 'subscribe', 'localPublish', 'localSubscribe', 'configuration', 'lifecycle'] as const;
/** The operation a fault is about: `publish` and `subscribe` are the MQTT proxy's. */
export type FaultOperation = (typeof FAULT_OPERATIONS)[number];
/** The operations whose streams carry messages. */
export type MessageStreamOperation = 'subscribe' | 'localSubscribe';

// A map: a client names the operation, and may call it `constructor`.
const ABOUT: ReadonlyMap<string, FaultOperation> = new Map<string, FaultOperation>([
  [PUBLISH, 'publish'],
  [SUBSCRIBE, 'subscribe'],
  [PUBLISH_TO_TOPIC, 'localPublish'],
  [SUBSCRIBE_TO_TOPIC, 'localSubscribe'],
  [GET_CONFIGURATION, 'configuration'],
  [UPDATE_CONFIGURATION, 'configuration'],
  [SUBSCRIBE_TO_CONFIGURATION_UPDATE, 'configuration'],
  [SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES, 'configuration'],
  [SEND_CONFIGURATION_VALIDITY_REPORT, 'configuration'],
  [UPDATE_STATE, 'lifecycle'],
  [SUBSCRIBE_TO_COMPONENT_UPDATES, 'lifecycle'],
  [DEFER_COMPONENT_UPDATE, 'lifecycle'],
]);

/** Which faults strike an operation; `undefined` for one that no nucleus of ours has. */
export const faultOperation = (operation: string): FaultOperation | undefined => ABOUT.get(operation);

const eachOperation = <P>(): Readonly<Record<FaultOperation, FaultSwitch<P>>> => ({
  publish: new FaultSwitch(),
  subscribe: new FaultSwitch(),
  localPublish: new FaultSwitch(),
  localSubscribe: new FaultSwitch(),
  configuration: new FaultSwitch(),
  lifecycle: new FaultSwitch(),
});

/** Replies held back, to be let go later. */
export class ReplyGate {
  #held: (() => void)[] = [];

  hold(release: () => void): void {
    this.#held.push(release);
  }

  open(): void {
    const held = this.#held;
    this.#held = [];
    for (const release of held) release();
  }
}

/** Every fault that strikes at a point of the protocol, asked there. What strikes at once (kills, floods) is no switch. */
export class FaultSwitches {
  readonly noConnectAck: FaultSwitch = new FaultSwitch();
  readonly refuseConnect: FaultSwitch = new FaultSwitch();
  readonly noReply: Readonly<Record<FaultOperation, FaultSwitch>> = eachOperation();
  readonly dropBeforeReply: Readonly<Record<FaultOperation, FaultSwitch>> = eachOperation();
  readonly withholdReply: Readonly<Record<FaultOperation, FaultSwitch<ReplyGate>>> = eachOperation();
  /** With a message: that one is sent first. Without: the reply waits for the first real one. */
  readonly messageBeforeReply: Readonly<Record<MessageStreamOperation, FaultSwitch<BrokerMessage | undefined>>> = {
    subscribe: new FaultSwitch(),
    localSubscribe: new FaultSwitch(),
  };
  readonly burstThenTerminate: Readonly<Record<MessageStreamOperation, FaultSwitch<readonly BrokerMessage[]>>> = {
    subscribe: new FaultSwitch(),
    localSubscribe: new FaultSwitch(),
  };
  readonly unauthorized: FaultSwitch = new FaultSwitch();
  readonly configurationDown: FaultSwitch = new FaultSwitch();
  readonly spoolFull: FaultSwitch = new FaultSwitch();
  readonly denySubscription: FaultSwitch = new FaultSwitch();
  readonly withholdPubacks: FaultSwitch<ReplyGate> = new FaultSwitch();
  readonly oldNucleus: FaultSwitch = new FaultSwitch();
  readonly slowReaderBlocksAll: FaultSwitch = new FaultSwitch();
  readonly cutSlowReaders: FaultSwitch = new FaultSwitch();
  readonly corrupt: FaultSwitch = new FaultSwitch();
  readonly cutMidFrame: FaultSwitch = new FaultSwitch();
  readonly splitWrites: FaultSwitch<number> = new FaultSwitch();
  readonly glueFrames: FaultSwitch<number> = new FaultSwitch();
  readonly cutAfterMessages: FaultSwitch<{ left: number }> = new FaultSwitch();

  /** Whether any fault of the bytes on their way out is armed. */
  get writes(): boolean {
    return (
      this.corrupt.isArmed ||
      this.cutMidFrame.isArmed ||
      this.splitWrites.isArmed ||
      this.glueFrames.isArmed ||
      this.cutAfterMessages.isArmed
    );
  }
}
