import type { ConnectFailure } from '../ipc/transport.js';
import type { BrokerMessage } from '../local/broker/broker-message.js';
import type { ArmedFault } from '../local/faults/fault-switch.js';
import { ReplyGate, type FaultSwitches } from '../local/faults/fault-switches.js';
import type { FaultMessage } from '../local/faults/faults.js';
import type { Link } from '../local/server/link.js';
import type { ProfileServer } from '../local/server/protocol.js';
import type { Tokens } from '../local/server/tokens.js';
import type { Fault, FaultName, FaultWithDetails } from './fault.js';

/** The parts of a nucleus in memory that faults act on. */
export interface FaultTargets {
  readonly switches: FaultSwitches;
  readonly server: ProfileServer;
  readonly link: Link;
  readonly tokens: Tokens;
  readonly dropConnections: () => void;
  readonly resumeConnections: () => void;
}

const ONCE = { times: 1 };
const NO_SOCKET: ConnectFailure = { reason: 'missing', cause: undefined };
const NOBODY_LISTENS: ConnectFailure = { reason: 'refused', cause: undefined };
const FULL_BACKLOG: ConnectFailure = { reason: 'busy', cause: undefined };

/** What is wrong with a nucleus in memory now. */
export class Faults {
  /** Why nobody can connect, if nobody can. */
  connectFailure: ConnectFailure | undefined;
  /** Whether the nucleus neither reads nor writes. */
  frozen = false;
  /** Whether all new operations are refused. */
  revoked = false;
  readonly #targets: FaultTargets;
  /** What stays armed until it is undone by name. */
  readonly #lasting = new Map<string | symbol, () => void>();

  constructor(targets: FaultTargets) {
    this.#targets = targets;
  }

  inflict(fault: Fault): void {
    if (typeof fault === 'function') fault();
    else if (typeof fault === 'string') this.#byName(fault);
    else this.#withDetails(fault);
  }

  #byName(name: FaultName): void {
    const { switches, server, link, tokens, dropConnections } = this.#targets;
    switch (name) {
      case 'drop connection':
        return dropConnections();
      case 'kill nucleus':
        this.connectFailure = NOBODY_LISTENS;
        dropConnections();
        return server.reset();
      case 'restart nucleus':
        dropConnections();
        server.reset();
        return tokens.reissueAll();
      case 'remove socket':
        this.connectFailure = NO_SOCKET;
        return;
      case 'fill backlog':
        this.connectFailure = FULL_BACKLOG;
        return;
      case 'start nucleus':
        this.connectFailure = undefined;
        return;
      case 'offline':
      case 'online':
        return link.set('offline', name === 'offline');
      case 'broker down':
      case 'broker up':
        return link.set('broker down', name === 'broker down');
      case 'freeze nucleus':
        this.frozen = true;
        return;
      case 'thaw nucleus':
        return this.#thaw();
      case 'unauthorized':
      case 'authorized':
        this.revoked = name === 'unauthorized';
        return;
      case 'spool full':
        return this.#keep('spool', switches.spoolFull.arm(undefined));
      case 'spool free':
        return this.#undo('spool');
      case 'withhold pubacks':
        return this.#keepGate('pubacks', switches.withholdPubacks);
      case 'release pubacks':
        return this.#undo('pubacks');
      case 'withhold publish':
        return this.#keepGate('publish', switches.withholdReply.publish);
      case 'release publish':
        return this.#undo('publish');
      case 'withhold subscribe':
        return this.#keepGate('subscribe', switches.withholdReply.subscribe);
      case 'release subscribe':
        return this.#undo('subscribe');
      case 'lose subscriptions':
        return this.#loseSubscriptions();
      case 'find subscriptions':
        return this.#undo('subscriptions');
      case 'end subscriptions':
        server.terminateSubscriptions([]);
        return;
      case 'old nucleus':
        return this.#keep('old nucleus', switches.oldNucleus.arm(undefined));
      case 'all well':
        return this.#allWell();
      default:
        this.#arm(name);
    }
  }

  /** Those that strike once, the next time. */
  #arm(name: OneShot): void {
    const { switches, dropConnections } = this.#targets;
    const armed = {
      'hang connect': () => switches.noConnectAck.arm(undefined, ONCE),
      'drop before connect reply': () => switches.noConnectAck.arm(undefined, { ...ONCE, onStrike: dropConnections }),
      'refuse connect': () => switches.refuseConnect.arm(undefined, ONCE),
      'corrupt frame': () => switches.corrupt.arm(undefined, ONCE),
      'cut frame': () => switches.cutMidFrame.arm(undefined, ONCE),
      'hang publish': () => switches.noReply.publish.arm(undefined, ONCE),
      'hang subscribe': () => switches.noReply.subscribe.arm(undefined, ONCE),
      'drop before publish reply': () => switches.dropBeforeReply.publish.arm(undefined, ONCE),
      'drop before subscribe reply': () => switches.dropBeforeReply.subscribe.arm(undefined, ONCE),
      'deny subscription': () => switches.denySubscription.arm(undefined, ONCE),
      'message before reply': () => switches.messageBeforeReply.subscribe.arm(undefined, ONCE),
    }[name]();
    this.#keep(Symbol(name), armed);
  }

  #withDetails(fault: FaultWithDetails): void {
    const { switches, server, resumeConnections } = this.#targets;
    if ('messageBeforeReply' in fault) {
      this.#keep('message', switches.messageBeforeReply.subscribe.arm(brokerMessage(fault.messageBeforeReply), ONCE));
    } else if ('burstThenEnd' in fault) {
      this.#keep('burst', switches.burstThenTerminate.subscribe.arm(fault.burstThenEnd.map(brokerMessage), ONCE));
    } else if ('endSubscriptions' in fault) server.terminateSubscriptions(fault.endSubscriptions.map(brokerMessage));
    else if ('dropAfterMessages' in fault) {
      const { dropAfterMessages: left } = fault;
      this.#keep('drop after', switches.cutAfterMessages.arm({ left }, { times: left }));
    } else if ('splitFrames' in fault) this.#keep('split', switches.splitWrites.arm(fault.splitFrames));
    else this.#keep('glue', switches.glueFrames.arm(fault.glueFrames, {}, resumeConnections));
  }

  /** Those lost before stay so; all are found together. */
  #loseSubscriptions(): void {
    const findOthers = this.#lasting.get('subscriptions');
    const find = this.#targets.server.loseSubscriptions();
    this.#lasting.set('subscriptions', () => {
      findOthers?.();
      find();
    });
  }

  #thaw(): void {
    this.frozen = false;
    this.#targets.resumeConnections();
  }

  #allWell(): void {
    for (const what of [...this.#lasting.keys()]) this.#undo(what);
    this.#thaw();
    this.connectFailure = undefined;
    this.revoked = false;
    for (const reason of ['offline', 'broker down']) this.#targets.link.set(reason, false);
  }

  #keep(what: string | symbol, armed: ArmedFault): void {
    this.#undo(what);
    this.#lasting.set(what, armed.undo);
  }

  #keepGate(what: string, gates: FaultSwitches['withholdPubacks']): void {
    this.#undo(what);
    const gate = new ReplyGate();
    const { undo } = gates.arm(gate);
    this.#lasting.set(what, () => {
      undo();
      gate.open();
    });
  }

  #undo(what: string | symbol): void {
    const undo = this.#lasting.get(what);
    this.#lasting.delete(what);
    undo?.();
  }
}

type OneShot = Extract<
  FaultName,
  | 'hang connect'
  | 'drop before connect reply'
  | 'refuse connect'
  | 'corrupt frame'
  | 'cut frame'
  | 'hang publish'
  | 'hang subscribe'
  | 'drop before publish reply'
  | 'drop before subscribe reply'
  | 'deny subscription'
  | 'message before reply'
>;

function brokerMessage(message: FaultMessage): BrokerMessage {
  const { payload } = message;
  return { ...message, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, qos: 0 };
}
