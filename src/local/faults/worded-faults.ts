import type { ArmedFault, FaultScope } from './fault-switches.js';
import { armDetailed, type FaultEntry, FAULTS, type FaultSubject, isBeginning } from './fault-table.js';
import type { EndingWord, FaultName, FaultWithDetails } from './fault-words.js';
import type { Undo } from './faults-on.js';

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
    if (typeof fault !== 'string') return this.#keep(armDetailed(this.#subject, fault, this.#once));
    if (!isBeginning(fault)) return this.#finish(fault);
    const entry = FAULTS[fault];
    if ('does' in entry) return after(entry.ends && this.#end(entry.ends), () => entry.does(this.#subject));
    if ('arms' in entry) return this.#keep(entry.arms(this.#subject, entry.lasts === true ? {} : this.#once));
    return this.#begin(fault, entry);
  }

  /** Undoes what is on. */
  allWell(): void | Promise<void> {
    for (const { undo } of this.#armed.splice(0)) undo();
    return inOrder([...this.#lasting.keys()].map(word => () => this.#end(word)));
  }

  #finish(word: EndingWord | 'all well'): void | Promise<void> {
    const finished = word === 'all well' ? this.allWell() : this.#end(word);
    // Also where the device has been offline from the beginning.
    if (word === 'all well' || word === 'online') return after(finished, () => this.#subject.link.set('offline', false));
    return finished;
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

  #keep(armed: ArmedFault | undefined): void {
    this.#armed = [...this.#armed.filter(one => one.armed), ...(armed === undefined ? [] : [armed])];
  }
}

/** Goes on at once where nothing is waited for: in virtual time a promise never comes back. */
function after<A>(before: A | Promise<A>, then: (value: A) => void | Promise<void>): void | Promise<void> {
  return before instanceof Promise ? before.then(then) : then(before);
}

function inOrder(steps: readonly Undo[]): void | Promise<void> {
  const [first, ...others] = steps;
  return first === undefined ? undefined : after(first(), () => inOrder(others));
}
