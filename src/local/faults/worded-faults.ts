import type { BrokerMessage } from '../broker/broker.js';
import type { ArmedFault, FaultScope } from './fault-switches.js';
import { FAULTS, type FaultEntry, type FaultName, type FaultSubject } from './fault-table.js';
import type { Undo } from './faults-on.js';

/** A message of a fault; a text payload is sent as UTF-8. */
export interface FaultMessage extends Omit<BrokerMessage, 'payload' | 'qos'> {
  readonly payload: Uint8Array | string;
}

/** A fault with something to it. */
export type FaultWithDetails =
  /** This message comes before the answer to the next subscribe. */
  | { readonly messageBeforeReply: FaultMessage }
  /** Right after the answer to the next subscribe come these, and then the nucleus ends it. */
  | { readonly burstThenEnd: readonly FaultMessage[] }
  /** The nucleus ends all subscriptions, after these messages. */
  | { readonly endSubscriptions: readonly FaultMessage[] }
  /** The connection breaks once this many messages more have been sent on it. */
  | { readonly dropAfterMessages: number }
  /** From here on bytes come in pieces of this size. */
  | { readonly splitFrames: number }
  /** From here on nothing comes until this many frames wait; then all of them at once. */
  | { readonly glueFrames: number };

/** The faults that words have let loose on a nucleus, until other words end them. */
export class WordedFaults {
  readonly #subject: FaultSubject;
  readonly #once: FaultScope;
  /** What lasts, by the word that ends it. */
  readonly #lasting = new Map<string, { readonly word: string; readonly undo: Undo }[]>();
  /** What is armed and has no word that ends it. */
  #armed: ArmedFault[] = [];

  constructor(subject: FaultSubject) {
    this.#subject = subject;
    this.#once = { times: 1, component: subject.component };
  }

  /** Does what a word says. A promise only where the nucleus takes a moment. */
  inflict(fault: FaultName | FaultWithDetails): void | Promise<void> {
    if (fault === 'all well') return after(this.allWell(), () => this.#subject.link.set('offline', false));
    if (typeof fault !== 'string') return this.#withDetails(fault);
    const entry: FaultEntry = FAULTS[fault];
    if (entry === 'ends') return this.#end(fault);
    if ('does' in entry) return after(this.#end(entry.ends ?? fault), () => entry.does(this.#subject));
    if ('arms' in entry) return this.#keep(entry.arms(this.#subject, entry.lasts === true ? {} : this.#once));
    return this.#begin(fault, entry);
  }

  /** Undoes what is on. */
  allWell(): void | Promise<void> {
    for (const { undo } of this.#armed.splice(0)) undo();
    return inOrder([...this.#lasting.keys()].map(word => () => this.#end(word)));
  }

  #begin(word: string, { until, begin, adds }: Extract<FaultEntry, { readonly until: string }>): void | Promise<void> {
    const before = this.#lasting.get(until) ?? [];
    if (adds !== true && before[0]?.word === word) return;
    // What ends with the same word is in its way: a nucleus that is killed has no socket file to remove.
    const cleared = adds === true ? undefined : this.#end(until);
    return after(cleared, () =>
      after(begin(this.#subject), undo => {
        this.#lasting.set(until, [...(adds === true ? before : []), { word, undo }]);
      }),
    );
  }

  #end(word: string): void | Promise<void> {
    const lasting = this.#lasting.get(word) ?? [];
    this.#lasting.delete(word);
    return inOrder(lasting.map(({ undo }) => undo));
  }

  #keep(armed: ArmedFault): void {
    this.#armed = [...this.#armed.filter(one => one.armed), armed];
  }

  #withDetails(fault: FaultWithDetails): void {
    const { switches, profile, resumeConnections } = this.#subject;
    if ('messageBeforeReply' in fault)
      this.#keep(switches.messageBeforeReply.subscribe.arm(brokerMessage(fault.messageBeforeReply), this.#once));
    else if ('burstThenEnd' in fault)
      this.#keep(switches.burstThenTerminate.subscribe.arm(fault.burstThenEnd.map(brokerMessage), this.#once));
    else if ('endSubscriptions' in fault) profile().terminateSubscriptions(fault.endSubscriptions.map(brokerMessage));
    else if ('dropAfterMessages' in fault) {
      const { dropAfterMessages: left } = fault;
      this.#keep(switches.cutAfterMessages.arm({ left }, { times: left }));
    } else if ('splitFrames' in fault) this.#keep(switches.splitWrites.arm(fault.splitFrames));
    else this.#keep(switches.glueFrames.arm(fault.glueFrames, {}, resumeConnections));
  }
}

export function brokerMessage(message: FaultMessage): BrokerMessage {
  const { payload } = message;
  return { ...message, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, qos: 0 };
}

/** Goes on at once where nothing is waited for: in virtual time a promise never comes back. */
function after<A>(before: A | Promise<A>, then: (value: A) => void | Promise<void>): void | Promise<void> {
  return before instanceof Promise ? before.then(then) : then(before);
}

function inOrder(steps: readonly Undo[]): void | Promise<void> {
  const [first, ...others] = steps;
  return first === undefined ? undefined : after(first(), () => inOrder(others));
}
