import type { BrokerMessage } from '../broker/broker-message.js';
import { FaultSwitch } from './fault-switch.js';

/** The operation a fault is about. */
export type FaultOperation = 'publish' | 'subscribe';

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
  readonly noReply: Readonly<Record<FaultOperation, FaultSwitch>> = { publish: new FaultSwitch(), subscribe: new FaultSwitch() };
  readonly dropBeforeReply: Readonly<Record<FaultOperation, FaultSwitch>> = { publish: new FaultSwitch(), subscribe: new FaultSwitch() };
  readonly withholdReply: Readonly<Record<FaultOperation, FaultSwitch<ReplyGate>>> = {
    publish: new FaultSwitch(),
    subscribe: new FaultSwitch(),
  };
  /** With a message: that one is sent first. Without: the reply waits for the first real one. */
  readonly messageBeforeReply: FaultSwitch<BrokerMessage | undefined> = new FaultSwitch();
  readonly burstThenTerminate: FaultSwitch<readonly BrokerMessage[]> = new FaultSwitch();
  readonly unauthorized: FaultSwitch = new FaultSwitch();
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
