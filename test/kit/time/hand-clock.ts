import type { Clock } from '../../../src/shared/clock.js';

interface Timer {
  readonly due: number;
  readonly callback: (at: number) => void;
}

/** A clock that stands until it is moved. */
export class HandClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 0;

  readonly now = (): number => this.#now;

  readonly after = (ms: number, callback: (at: number) => void): (() => void) => {
    const timer = { due: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  };

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on, and calls back whatever falls due on the way, in its order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.due;
      next.callback(next.due);
    }
    this.#now = end;
  }
}
