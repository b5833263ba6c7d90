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
import { harmlessHook } from '../../stream/hook.js';
import type { BrokerMessage } from '../broker/broker.js';

/** When an armed fault strikes. */
export interface FaultScope {
  /** Strikes this often and is then spent. Left out: until it is undone. */
  readonly times?: number | undefined;
  /** Strikes only this component. Left out: any. */
  readonly component?: string | undefined;
  /** Called each time it strikes. What it throws is written to stderr: the nucleus goes on. */
  readonly onStrike?: (() => void) | undefined;
}

/** A fault that has been armed. `using` and `undo` take it back; harmless when repeated. */
export interface ArmedFault extends Disposable {
  /** How often it has struck. */
  readonly strikes: number;
  /** Whether it can still strike. */
  readonly armed: boolean;
  /** Takes it back. */
  readonly undo: () => void;
}

class Armed<P> implements ArmedFault {
  readonly parameter: P;
  readonly component: string | undefined;
  strikes = 0;
  armed = true;
  #left: number;
  #isUndone = false;
  readonly #onStrike: (() => void) | undefined;
  readonly #onUndo: () => void;

  constructor(parameter: P, scope: FaultScope, onUndo: () => void) {
    this.parameter = parameter;
    this.component = scope.component;
    this.#left = scope.times ?? Number.POSITIVE_INFINITY;
    this.#onStrike = scope.onStrike && harmlessHook('onStrike of a fault', scope.onStrike);
    this.#onUndo = onUndo;
  }

  /** Uses it up once; `true` if that was the last time. */
  strike(): boolean {
    this.strikes++;
    this.#left--;
    if (this.#left <= 0) this.armed = false;
    this.#onStrike?.();
    return !this.armed;
  }

  readonly undo = (): void => {
    if (this.#isUndone) return;
    this.#isUndone = true;
    this.armed = false;
    this.#onUndo();
  };

  [Symbol.dispose](): void {
    this.undo();
  }
}

/** One kind of fault: the places where it is armed now, asked at the point where it would strike. */
class FaultSwitch<P = void> {
  #armed: readonly Armed<P>[] = [];

  /** Whether it could strike anyone. The hot path asks only this. */
  get isArmed(): boolean {
    return this.#armed.length > 0;
  }

  arm(parameter: P, scope: FaultScope = {}, onUndo?: () => void): ArmedFault {
    const armed: Armed<P> = new Armed(parameter, scope, () => {
      this.#armed = this.#armed.filter(other => other !== armed);
      onUndo?.();
    });
    this.#armed = [...this.#armed, armed];
    return armed;
  }

  /** Strikes this component if armed for it: returns the fault's parameter, once for each occurrence. */
  strike(component: string | undefined): { readonly parameter: P } | undefined {
    if (this.#armed.length === 0) return undefined;
    const hit = this.#armed.find(armed => armed.component === undefined || armed.component === component);
    if (hit === undefined) return undefined;
    if (hit.strike()) this.#armed = this.#armed.filter(other => other !== hit);
    return { parameter: hit.parameter };
  }
}

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
export function faultOperation(operation: string): FaultOperation | undefined {
  return ABOUT.get(operation);
}

function eachOperation<P>(): Readonly<Record<FaultOperation, FaultSwitch<P>>> {
  return {
    publish: new FaultSwitch(),
    subscribe: new FaultSwitch(),
    localPublish: new FaultSwitch(),
    localSubscribe: new FaultSwitch(),
    configuration: new FaultSwitch(),
    lifecycle: new FaultSwitch(),
  };
}

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
  /** Whether the connection stays open, or is dropped. */
  readonly noConnectAck: FaultSwitch<'silence' | 'drop'> = new FaultSwitch();
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
  get spoils(): boolean {
    return (
      this.corrupt.isArmed ||
      this.cutMidFrame.isArmed ||
      this.splitWrites.isArmed ||
      this.glueFrames.isArmed ||
      this.cutAfterMessages.isArmed
    );
  }
}

/** Puts right what was begun. */
export type Undo = () => void | Promise<void>;

/** A frame on its way to a client. */
export interface OutgoingFrame {
  readonly bytes: Buffer;
  /** An event can be dropped; a reply cannot. */
  readonly isEvent: boolean;
}

/** What is written instead of what should have been. */
interface SpoiledBytes {
  readonly bytes: Buffer;
  /** Bytes of each write, if they are to arrive in pieces. */
  readonly pieceSize: number | undefined;
  /** The connection is destroyed once they are written. */
  readonly destroy: boolean;
}

/**
 * Applies the armed faults to the bytes. `undefined`: nothing is written yet, since more frames are to be glued to these. If these are the
 * last, they are written.
 */
export function spoil(
  frames: readonly OutgoingFrame[],
  faults: FaultSwitches,
  component: string | undefined,
  isLast: boolean,
): SpoiledBytes | undefined {
  const glue = faults.glueFrames.strike(component)?.parameter ?? 0;
  if (frames.length < glue && !isLast) return undefined;
  const pieces: Buffer[] = [];
  let destroy = false;
  for (const { bytes, isEvent } of frames) {
    if (faults.cutMidFrame.strike(component) !== undefined) {
      pieces.push(bytes.subarray(0, bytes.length >> 1));
      destroy = true;
    } else {
      pieces.push(faults.corrupt.strike(component) === undefined ? bytes : withWrongChecksum(bytes));
      destroy = isEvent && isLastMessage(faults, component);
    }
    if (destroy) break;
  }
  return { bytes: Buffer.concat(pieces), pieceSize: faults.splitWrites.strike(component)?.parameter, destroy };
}

function withWrongChecksum(frame: Buffer): Buffer {
  // A copy: other subscribers share the frame.
  const broken = Buffer.from(frame);
  broken.writeUInt32BE((broken.readUInt32BE(broken.length - 4) ^ 1) >>> 0, broken.length - 4);
  return broken;
}

function isLastMessage({ cutAfterMessages }: FaultSwitches, component: string | undefined): boolean {
  const count = cutAfterMessages.strike(component)?.parameter;
  if (count === undefined) return false;
  count.left--;
  return count.left === 0;
}
