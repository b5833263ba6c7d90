import type { ArmedFault } from '../../local/faults/fault-switch.js';
import type { LastingFault } from '../../local/faults/faults.js';
import type { LocalNucleus } from '../../local/nucleus.js';
import type { FaultName } from '../../testing/fault.js';
import type { ChaosFault } from './chaos-script.js';

const ONCE = { times: 1 };

/** A fault that is on until another word ends it. */
type Lasting = ArmedFault | LastingFault;

/**
 * Does to a local nucleus what the words of the fault vocabulary say: see `FaultName`. Those that last are ended by their counterpart
 * (`online`, `spool free`, …) or by `all well`.
 */
export class Inflictor {
  readonly #nucleus: LocalNucleus;
  /** What lasts, by the word that ends it. */
  readonly #lasting = new Map<FaultName, Lasting>();

  readonly #lost: ArmedFault[] = [];

  constructor(nucleus: LocalNucleus) {
    this.#nucleus = nucleus;
  }

  async inflict(fault: ChaosFault): Promise<void> {
    const { faults } = this.#nucleus;
    if (typeof fault === 'string') await WORDS[fault](this.#nucleus, this);
    else if ('messageBeforeReply' in fault) faults.messageBeforeReply(fault.messageBeforeReply, ONCE);
    else if ('burstThenEnd' in fault) faults.burstThenTerminate(fault.burstThenEnd, ONCE);
    else if ('endSubscriptions' in fault) faults.terminateSubscriptions(fault.endSubscriptions);
    else if ('dropAfterMessages' in fault) faults.killAfterMessages(fault.dropAfterMessages);
    else if ('splitFrames' in fault) faults.splitFrames(fault.splitFrames);
    else faults.glueFrames(fault.glueFrames);
  }

  /** Begins something that lasts. Said twice it goes on as it was. */
  async begin(endedBy: FaultName, start: () => Lasting | Promise<Lasting>): Promise<void> {
    if (this.#lasting.get(endedBy)?.armed === true) return;
    this.#lasting.set(endedBy, await start());
  }

  async end(word: FaultName): Promise<void> {
    const lasting = this.#lasting.get(word);
    this.#lasting.delete(word);
    await lasting?.undo();
  }

  /** The subscriptions there are now are lost too; those lost before stay so, and all are found together. */
  loseSubscriptions(): void {
    this.#lost.push(this.#nucleus.faults.loseSubscriptions());
  }

  findSubscriptions(): void {
    for (const lost of this.#lost.splice(0)) lost.undo();
  }
}

type Word = (nucleus: LocalNucleus, inflictor: Inflictor) => unknown;

const WORDS: Readonly<Record<FaultName, Word>> = {
  'drop connection': ({ faults }) => faults.killConnections(),
  'kill nucleus': ({ faults }, inflictor) => inflictor.begin('start nucleus', () => faults.nucleusDown()),
  'start nucleus': (_nucleus, inflictor) => inflictor.end('start nucleus'),
  'restart nucleus': nucleus => nucleus.restart(),
  'remove socket': ({ faults }, inflictor) => inflictor.begin('start nucleus', () => faults.removeSocketFile()),
  'fill backlog': ({ faults }, inflictor) => inflictor.begin('start nucleus', () => faults.fullBacklog()),
  'hang connect': ({ faults }) => faults.noConnectAck(ONCE),
  'drop before connect reply': ({ faults }) => faults.noConnectAck({ ...ONCE, onStrike: () => faults.killConnections() }),
  'refuse connect': ({ faults }) => faults.refuseConnect(ONCE),
  'corrupt frame': ({ faults }) => faults.corruptFrames(ONCE),
  'cut frame': ({ faults }) => faults.killMidFrame(ONCE),
  'freeze nucleus': ({ faults }, inflictor) => inflictor.begin('thaw nucleus', () => faults.freeze()),
  'thaw nucleus': (_nucleus, inflictor) => inflictor.end('thaw nucleus'),
  offline: ({ faults }, inflictor) => inflictor.begin('online', () => faults.offline()),
  online: (_nucleus, inflictor) => inflictor.end('online'),
  'broker down': ({ faults }, inflictor) => inflictor.begin('broker up', () => faults.brokerDown()),
  'broker up': (_nucleus, inflictor) => inflictor.end('broker up'),
  'spool full': ({ faults }, inflictor) => inflictor.begin('spool free', () => faults.spoolFull()),
  'spool free': (_nucleus, inflictor) => inflictor.end('spool free'),
  'withhold pubacks': ({ faults }, inflictor) => inflictor.begin('release pubacks', () => faults.withholdPubacks()),
  'release pubacks': (_nucleus, inflictor) => inflictor.end('release pubacks'),
  'hang publish': ({ faults }) => faults.noReply({ ...ONCE, operation: 'publish' }),
  'hang subscribe': ({ faults }) => faults.noReply({ ...ONCE, operation: 'subscribe' }),
  'drop before publish reply': ({ faults }) => faults.dropBeforeReply({ ...ONCE, operation: 'publish' }),
  'drop before subscribe reply': ({ faults }) => faults.dropBeforeReply({ ...ONCE, operation: 'subscribe' }),
  'withhold publish': ({ faults }, inflictor) => inflictor.begin('release publish', () => faults.withholdReply({ operation: 'publish' })),
  'release publish': (_nucleus, inflictor) => inflictor.end('release publish'),
  'withhold subscribe': ({ faults }, inflictor) =>
    inflictor.begin('release subscribe', () => faults.withholdReply({ operation: 'subscribe' })),
  'release subscribe': (_nucleus, inflictor) => inflictor.end('release subscribe'),
  'deny subscription': ({ faults }) => faults.denySubscriptions(ONCE),
  unauthorized: ({ faults }, inflictor) => inflictor.begin('authorized', () => faults.unauthorized()),
  authorized: (_nucleus, inflictor) => inflictor.end('authorized'),
  'lose subscriptions': (_nucleus, inflictor) => inflictor.loseSubscriptions(),
  'find subscriptions': (_nucleus, inflictor) => inflictor.findSubscriptions(),
  'end subscriptions': ({ faults }) => faults.terminateSubscriptions(),
  'message before reply': ({ faults }) => faults.messageBeforeReply(undefined, ONCE),
  'old nucleus': ({ faults }) => faults.oldNucleus(),
  'all well': ({ faults }) => faults.undoAll(),
};

/** All words, for who has to say which there are. */
export const FAULT_WORDS: readonly FaultName[] = Object.keys(WORDS) as FaultName[];
