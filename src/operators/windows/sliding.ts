import type { OperatorFunction } from 'rxjs';
import { checkWholeTime } from '../../shared/check-argument.js';
import { Heap, type Placed } from '../../shared/heap.js';
import type { Aggregate } from '../aggregates/aggregate.js';
import { Cell, Panes } from './panes.js';
import { type WindowContext, windowOperator, type Windows } from './window-operator.js';
import type { Timestamps, Windowed, WindowOptions } from './window-options.js';

/** What is kept of a key. */
interface KeySlide<A> extends Placed {
  due: number;
  readonly key: string;
  readonly panes: Panes<A>;
  /** The newest pane, in which the window ends. */
  current: number;
  /** All panes of the window as one. */
  running: Cell<A>;
}

/** How a sliding window is made up. */
interface Slide {
  readonly size: number;
  readonly resolution: number;
  /** Whether a key is forgotten when nothing has come for the length of a window. In event time the clock cannot tell that. */
  readonly forgets: boolean;
}

/**
 * Sliding windows: each value ends one. A value is added twice, to its pane and to the window; the panes are folded when a new one begins.
 */
class SlidingWindows<A> implements Windows<A, KeySlide<A>> {
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

/** How long {@link sliding} windows are. */
export type SlidingOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Milliseconds of a window, a whole number from 1 on. */
  readonly size: number;
  /**
   * Milliseconds: values leave the window together in steps of this length, a whole number that divides `size`. The window is shorter than
   * `size` by up to as much; with 1 it is exact. `size / resolution` is the number of panes that are kept. Default: `size` divided by the
   * largest whole number up to 60 that divides it.
   */
  readonly resolution?: number | undefined;
  /** Event time. Default: the time values arrive at, by the scheduler. */
  readonly time?: Timestamps<A> | undefined;
};

/** The most panes of a window where no resolution was given. */
const PANES = 60;

/**
 * A result for each value, of the values of its key in the last `size` milliseconds. eKuiper calls these sliding windows; those of Flink
 * are here called `hopping`.
 *
 * - *Emits* a `Right(WindowResult)` for each value, at once. `start` is where the window really begins, a multiple of `resolution`, and
 *   `end` the latest time in it.
 * - *Event time* is that of each key by itself, and nothing waits for a watermark: a value that is older than the key's newest counts in
 *   the window that ends with that one, and its result is that window's, once more. One that is older than the window is a
 *   `Left(LateData)`.
 * - *Completes* with the source; every value has had its result, so nothing more comes.
 * - *Errors* of the source, and what `key`, `timestamp`, the aggregate or `onEvict` throws, go to the error channel.
 * - *A key that is evicted* begins anew. In processing time a key is forgotten when nothing came for `size`; in event time only because of
 *   `maxKeys` or `ttl`.
 * - *A gap* is counted in `gaps` with `onGap: 'flag'`; with `'reset'` all keys begin anew.
 *
 * A value costs the same however long the window. Memory: at most two states for each key and pane, and one more; of none of the values.
 *
 * @throws RangeError where a length of time or a bound is out of range.
 *
 * @example
 * ```ts
 * import { agg, sliding } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([{ bar: 2, at: 0 }, { bar: 4, at: 4_000 }, { bar: 9, at: 12_000 }])
 *   .pipe(sliding({ size: 10_000, key: 'single', aggregate: agg.mean(({ bar }) => bar), time: { timestamp: ({ at }) => at } }))
 *   .subscribe(result => console.log(result)); // Right with value: 2, 3 and 6.5
 * ```
 */
export function sliding<A, R, K extends string = 'single'>(options: SlidingOptions<A, R, K>): OperatorFunction<A, Windowed<A, R, K>> {
  const { size, time, aggregate } = options;
  checkWholeTime(size, 'size');
  const { resolution = resolutionOf(size) } = options;
  checkWholeTime(resolution, 'resolution');
  if (size % resolution !== 0) throw new RangeError(`resolution must divide size, ${size}, and is ${resolution}.`);
  const slide = { size, resolution, forgets: time === undefined };
  return windowOperator(
    'sliding',
    options,
    time,
    size,
    (context: WindowContext<A, KeySlide<A>>) => new SlidingWindows<A>(aggregate, slide, context),
  );
}

function resolutionOf(size: number): number {
  let panes = Math.min(PANES, size);
  while (size % panes !== 0) panes--;
  if (panes < Math.min(10, size))
    throw new RangeError(`A sliding window of ${size} ms needs a resolution: no number of panes from 10 to ${PANES} divides it.`);
  return size / panes;
}
