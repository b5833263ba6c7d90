import type { ArmedFault } from './fault-switches.js';

/** Puts right what was begun. */
export type Undo = () => void | Promise<void>;

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
  holdForAMoment(leave: () => Promise<void>): LastingFault {
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
