import { type ArmedFault, type FaultScope, type Undo } from './fault-switches.js';
import { armDetailed, type FaultEntry, FAULTS, type FaultSubject, isBeginning } from './fault-table.js';
import type { EndingWord, FaultName, FaultWithDetails } from './fault-words.js';

/** A fault that takes a moment to put right: wait for `undo()`, or write `await using`. */
export interface LastingFault extends AsyncDisposable {
  /** Whether it still holds. */
  readonly armed: boolean;
  /** Puts it right; resolves when it is. */
  readonly undo: () => Promise<void>;
}

/** The faults that are on, each of which can be undone by itself, or all of them at once. */
export class FaultsOn {
  readonly #undos = new Set<Undo>();

  /** A fault that strikes. */
  arm(arm: (onUndo: () => void) => ArmedFault): ArmedFault {
    const armed: ArmedFault = arm(() => this.#undos.delete(armed.undo));
    this.#undos.add(armed.undo);
    return armed;
  }

  /** Several that strike, as one. */
  armEach(each: readonly ArmedFault[]): ArmedFault {
    const undo = (): void => {
      this.#undos.delete(undo);
      for (const one of each) one.undo();
    };
    this.#undos.add(undo);
    return {
      undo,
      [Symbol.dispose]: undo,
      get strikes() {
        return each.reduce((sum, { strikes }) => sum + strikes, 0);
      },
      get armed() {
        return each.some(one => one.armed);
      },
    };
  }

  /** A fault that is a state and not an event: it has struck, and lasts until it is undone. */
  hold(leave: () => void): ArmedFault {
    const fault = this.#lasting(leave);
    return {
      strikes: 1,
      undo: fault.undo,
      [Symbol.dispose]: fault.undo,
      get armed() {
        return fault.armed();
      },
    };
  }

  /** The same where putting it right takes a moment. */
  holdLasting(leave: () => Promise<void>): LastingFault {
    let left: Promise<void> | undefined;
    const fault = this.#lasting(() => (left = leave()));
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

  /** Undoes all that are on, the latest first: what came on top of another is in its way. */
  async undoAll(): Promise<void> {
    const undos = [...this.#undos].reverse();
    this.#undos.clear();
    for (const undo of undos) await undo();
  }

  #lasting(leave: Undo): { readonly undo: () => void; readonly armed: () => boolean } {
    let armed = true;
    const undo = (): void | Promise<void> => {
      this.#undos.delete(undo);
      if (!armed) return;
      armed = false;
      return leave();
    };
    this.#undos.add(undo);
    return { undo: () => void undo(), armed: () => armed };
  }
}

/** The faults that were begun on a nucleus by their words, until other words end them. */
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
