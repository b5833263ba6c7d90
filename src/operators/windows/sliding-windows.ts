import { Heap, type Placed } from '../../shared/heap.js';
import type { Aggregate } from '../aggregates/aggregate.js';
import { Cell } from './cell.js';
import { Panes } from './panes.js';
import type { WindowContext, Windows } from './window-operator.js';

/** What is kept of a key. */
export interface KeySlide<A> extends Placed {
  due: number;
  readonly key: string;
  readonly panes: Panes<A>;
  /** The newest pane, which the window ends in. */
  current: number;
  /** All panes of the window as one. */
  running: Cell<A>;
}

/** Of a sliding window. */
export interface Slide {
  readonly size: number;
  readonly resolution: number;
  /** Whether a key is forgotten when nothing came for a window's length. In event time the clock says nothing about that. */
  readonly forgets: boolean;
}

/** Sliding windows: each value ends one. A value is added twice, to its pane and to the window; panes are folded when one begins. */
export class SlidingWindows<A> implements Windows<A, KeySlide<A>> {
  readonly #aggregate: Aggregate<A, unknown>;
  readonly #slide: Slide;
  readonly #length: number;
  readonly #context: WindowContext<A, KeySlide<A>>;
  readonly #ends: Heap<KeySlide<A>> = new Heap((one, other) => one.due < other.due);

  constructor(aggregate: Aggregate<A, unknown>, slide: Slide, context: WindowContext<A, KeySlide<A>>) {
    this.#aggregate = aggregate;
    this.#slide = slide;
    this.#length = slide.size / slide.resolution;
    this.#context = context;
  }

  due(): number {
    return this.#ends.first?.due ?? Infinity;
  }

  add(value: A, key: string, at: number): number | undefined {
    const { states } = this.#context;
    const pane = Math.floor(at / this.#slide.resolution);
    let state = states.get(key);
    if (state === undefined) {
      state = { key, panes: new Panes(this.#aggregate), current: pane, running: new Cell(this.#aggregate), due: Infinity, place: -1 };
      states.set(key, state);
    }
    if (pane <= state.current - this.#length) return state.running.last;
    if (pane > state.current) this.#move(state, pane);
    state.panes.add(pane, value, at);
    state.running.add(value, at);
    if (this.#slide.forgets && state.place < 0) this.#await(state, this.#endOf(state));
    const start = (state.current - this.#length + 1) * this.#slide.resolution;
    const end = state.running.last;
    this.#context.emit({ key, cell: state.running, start, end, openUntil: end + 1, by: 'value', revision: 0 });
    return undefined;
  }

  advance(time: number): void {
    for (let state = this.#ends.first; state !== undefined && state.due <= time; state = this.#ends.first) {
      const end = this.#endOf(state);
      if (end > time) {
        this.#await(state, end);
      } else {
        this.#ends.delete(state);
        this.#context.states.delete(state.key);
      }
    }
  }

  /** Each value has had its result. */
  close(): void {
    this.#context.states.clear();
    this.#ends.clear();
  }

  evict(state: KeySlide<A>): void {
    this.#ends.delete(state);
  }

  #move(state: KeySlide<A>, pane: number): void {
    const from = pane - this.#length + 1;
    state.running = state.panes.fold(from, pane)?.copy() ?? new Cell(this.#aggregate);
    state.panes.dropBefore(from);
    state.current = pane;
  }

  /** When the newest pane is in no window any more. */
  #endOf({ current }: KeySlide<A>): number {
    return (current + this.#length) * this.#slide.resolution;
  }

  #await(state: KeySlide<A>, due: number): void {
    state.due = due;
    this.#ends.set(state);
  }
}
