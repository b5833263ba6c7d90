import type { Aggregate } from '../aggregates/aggregate.js';
import { gcd } from './pane-of.js';
import { Panes } from './panes.js';
import type { WindowContext, Windows } from './window-operator.js';
import type { ClosedBy } from './window-result.js';

/** What is kept of a key. */
export class KeyCount<A> {
  readonly panes: Panes<A>;
  /** How many values came. */
  values = 0;
  /** How many had come at the last result. */
  told = 0;
  /** The value that the next window begins with. */
  begin = 0;

  constructor(aggregate: Aggregate<A, unknown>) {
    this.panes = new Panes(aggregate);
  }
}

/** Windows of so many values of a key: aligned windows whose time is the number of the value. */
export class CountWindows<A> implements Windows<A, KeyCount<A>> {
  readonly #aggregate: Aggregate<A, unknown>;
  readonly #count: number;
  readonly #every: number;
  readonly #pane: number;
  readonly #context: WindowContext<A, KeyCount<A>>;

  constructor(aggregate: Aggregate<A, unknown>, count: number, every: number, context: WindowContext<A, KeyCount<A>>) {
    this.#aggregate = aggregate;
    this.#count = count;
    this.#every = every;
    this.#pane = gcd(count, every);
    this.#context = context;
  }

  due(): number {
    return Infinity;
  }

  add(value: A, key: string, at: number): undefined {
    const { states } = this.#context;
    let state = states.get(key);
    if (state === undefined) {
      state = new KeyCount(this.#aggregate);
      states.set(key, state);
    }
    state.panes.add(Math.floor(state.values / this.#pane), value, at);
    state.values++;
    if (state.values === state.begin + this.#count) this.#end(key, state, 'count');
  }

  /** Nothing goes by time. */
  advance(): void {
    return;
  }

  close(by: ClosedBy): void {
    const open = this.#context.states.entries();
    this.#context.states.clear();
    for (const [key, state] of open) this.evict(state, key, by);
  }

  evict(state: KeyCount<A>, key: string, by: ClosedBy = 'eviction'): void {
    if (state.values > state.told) this.#end(key, state, by);
  }

  #end(key: string, state: KeyCount<A>, by: ClosedBy): void {
    const [from, to] = [state.begin / this.#pane, (state.begin + this.#count) / this.#pane];
    const cell = this.#every === this.#count ? state.panes.refold(from, to) : state.panes.fold(from, to);
    state.told = state.values;
    state.begin += this.#every;
    if (cell !== undefined) this.#context.emit({ key, cell, start: cell.first, end: cell.last, openUntil: cell.last + 1, by, revision: 0 });
    state.panes.dropBefore(state.begin / this.#pane);
  }
}
