import type { Aggregate } from '../aggregates/aggregate.js';
import type { KeyedState } from '../keyed-state.js';
import { type Cell, gcd, Panes } from './panes.js';
import type { WindowContext, Windows } from './window-operator.js';
import type { ClosedBy } from './window-options.js';

/** Windows of one size that begin at every multiple of a step. */
export interface Alignment {
  readonly size: number;
  readonly hop: number;
  readonly offset: number;
  readonly lateness: number;
}

/** What is kept of a key. */
export class KeyWindows<A> {
  readonly panes: Panes<A>;
  /** The first window without a result. Where no window is open, `Infinity`. */
  next: number = Number.POSITIVE_INFINITY;
  /** How many results windows have had that are kept for late values. */
  revisions: Map<number, number> | undefined;

  constructor(aggregate: Aggregate<A, unknown>) {
    this.panes = new Panes(aggregate);
  }
}

/** A window that is over. */
interface Over<A> {
  readonly key: string;
  readonly window: number;
  readonly cell: Cell<A>;
  readonly revision: number;
}

/**
 * Tumbling and hopping windows. Window `n` goes from `n * hop + offset` for `size`; a pane, the largest stretch that is always whole in a window or not in it,
 * is the greatest common divisor of both.
 */
export class AlignedWindows<A> implements Windows<A, KeyWindows<A>> {
  readonly #aggregate: Aggregate<A, unknown>;
  readonly #states: KeyedState<KeyWindows<A>>;
  readonly #context: WindowContext<A, KeyWindows<A>>;
  readonly #alignment: Alignment;
  readonly #pane: number;
  /** Panes of a window, and of a step. */
  readonly #length: number;
  readonly #step: number;
  #nextDue = Infinity;

  constructor(aggregate: Aggregate<A, unknown>, alignment: Alignment, context: WindowContext<A, KeyWindows<A>>) {
    this.#aggregate = aggregate;
    this.#states = context.states;
    this.#context = context;
    this.#alignment = alignment;
    this.#pane = gcd(alignment.size, alignment.hop);
    this.#length = alignment.size / this.#pane;
    this.#step = alignment.hop / this.#pane;
  }

  due(): number {
    return this.#nextDue;
  }

  add(value: A, key: string, at: number): number | undefined {
    const pane = Math.floor((at - this.#alignment.offset) / this.#pane);
    const last = this.#lastWindow(pane);
    const time = this.#context.time();
    const { lateness } = this.#alignment;
    if (this.#endOf(last) + lateness <= time) return time;
    let state = this.#states.get(key);
    if (state === undefined) {
      state = new KeyWindows(this.#aggregate);
      this.#states.set(key, state);
    }
    state.panes.add(pane, value, at);
    let window = this.#firstWindow(pane);
    for (; window <= last && this.#endOf(window) <= time; window++)
      if (this.#endOf(window) + lateness > time) this.#correct(key, state, window);
    if (window <= last && window < state.next) state.next = window;
    this.#nextDue = Math.min(this.#nextDue, this.#dueOf(state, last));
    return undefined;
  }

  advance(time: number): void {
    this.#nextDue = Infinity;
    const over: Over<A>[] = [];
    const firstKept = this.#firstOpen(time - this.#alignment.lateness);
    for (const [key, state] of this.#states.entries()) {
      this.#end(key, state, time, over);
      this.#forget(state, firstKept);
      const { last } = state.panes;
      if (last === undefined) this.#states.delete(key);
      else this.#nextDue = Math.min(this.#nextDue, this.#dueOf(state, this.#lastWindow(last)));
    }
    this.#emit(over, 'time');
  }

  close(by: ClosedBy): void {
    const over: Over<A>[] = [];
    for (const [key, state] of this.#states.entries()) this.#end(key, state, Infinity, over);
    this.#states.clear();
    this.#nextDue = Infinity;
    this.#emit(over, by);
  }

  evict(state: KeyWindows<A>, key: string): void {
    const over: Over<A>[] = [];
    this.#end(key, state, Infinity, over);
    this.#emit(over, 'eviction');
  }

  /** What windows of a key that are over by then amount to. */
  #end(key: string, state: KeyWindows<A>, time: number, over: Over<A>[]): void {
    for (;;) {
      const pane = state.panes.firstFrom(state.next * this.#step);
      const window = pane === undefined ? Infinity : Math.max(state.next, this.#firstWindow(pane));
      state.next = window;
      if (window === Infinity || this.#endOf(window) > time) return;
      const [from, to] = this.#panesOf(window);
      const cell = this.#length === 1 ? state.panes.refold(from, to) : state.panes.fold(from, to);
      if (cell !== undefined) over.push({ key, window, cell, revision: this.#revise(state, window) });
      state.next = window + 1;
    }
  }

  /** Windows end in the order of time, whichever key they are of. */
  #emit(over: Over<A>[], by: ClosedBy): void {
    over.sort((a, b) => a.window - b.window);
    for (const { key, window, cell, revision } of over) {
      const end = this.#endOf(window);
      this.#context.emit({ key, cell, start: this.#startOf(window), end, openUntil: end, by: revision > 0 ? 'late' : by, revision });
    }
  }

  /** The result of a window that is over, once more, with a value that came late. */
  #correct(key: string, state: KeyWindows<A>, window: number): void {
    const cell = state.panes.refold(...this.#panesOf(window));
    if (cell !== undefined) this.#emit([{ key, window, cell, revision: this.#revise(state, window) }], 'time');
  }

  #revise(state: KeyWindows<A>, window: number): number {
    if (this.#alignment.lateness === 0) return 0;
    state.revisions ??= new Map();
    const revision = state.revisions.get(window) ?? 0;
    state.revisions.set(window, revision + 1);
    return revision;
  }

  #forget({ panes, next, revisions }: KeyWindows<A>, firstKept: number): void {
    panes.dropBefore(Math.min(next, firstKept) * this.#step);
    if (revisions !== undefined) for (const window of revisions.keys()) if (window < firstKept) revisions.delete(window);
  }

  /** When the next window of a key ends, or its last one need not be kept any more. */
  #dueOf({ next }: KeyWindows<A>, last: number): number {
    return next === Infinity ? this.#endOf(last) + this.#alignment.lateness : this.#endOf(next);
  }

  #startOf(window: number): number {
    return window * this.#alignment.hop + this.#alignment.offset;
  }

  #endOf(window: number): number {
    return this.#startOf(window) + this.#alignment.size;
  }

  #panesOf(window: number): [from: number, to: number] {
    return [window * this.#step, window * this.#step + this.#length];
  }

  #firstWindow(pane: number): number {
    return Math.floor((pane - this.#length) / this.#step) + 1;
  }

  #lastWindow(pane: number): number {
    return Math.floor(pane / this.#step);
  }

  /** The first window that is not over. */
  #firstOpen(time: number): number {
    return Math.floor((time - this.#alignment.size - this.#alignment.offset) / this.#alignment.hop) + 1;
  }
}
