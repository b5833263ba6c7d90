import type { OperatorFunction } from 'rxjs';
import { checkWholeTime } from '../../shared/check-argument.js';
import type { Aggregate } from '../aggregates/aggregate.js';
import type { KeyedState } from '../keyed-state.js';
import { type Cell, gcd, Panes } from './panes.js';
import { type WindowContext, windowOperator, type Windows } from './window-operator.js';
import type { ClosedBy, EventTime, Windowed, WindowOptions } from './window-options.js';

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
  /** The first window without a result. `Infinity` if no window is open. */
  next: number = Number.POSITIVE_INFINITY;
  /** How many results each window has had that is kept for late values. */
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
 * Tumbling and hopping windows. Window `n` begins at `n * hop + offset` and is `size` long. A pane is the longest stretch that is always
 * either wholly in a window or not in it; its length is the greatest common divisor of `size` and `hop`.
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

  /** Collects the results of a key's windows that are over by then. */
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

  /** Emits the result of a window that is over again, with a value that came late. */
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

  /** When the next window of a key ends, or when its last one need not be kept any more. */
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

/** How {@link tumbling} windows lie. */
export type TumblingOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Milliseconds of a window, a whole number from 1 on. */
  readonly size: number;
  /**
   * Milliseconds by which windows begin after a multiple of `size` since 1970. Days in the time zone UTC+2 have `size: 86_400_000` and
   * `offset: -7_200_000`. Default 0.
   */
  readonly offset?: number | undefined;
  /** Event time. Default: the time values arrive at, by the scheduler. */
  readonly time?: EventTime<A> | undefined;
};

/**
 * One result for each window of `size` and key: time is cut into windows of one length, and each value is in one of them. Windows are
 * aligned to the clock: those of a minute begin at full minutes, for all keys.
 *
 * - *Emits* a `Right(WindowResult)` when a window is over: by the clock, or in event time when the watermark has passed its end. Windows
 *   without values have none.
 * - *Late data*, in event time: a value for a window that is over is a `Left(LateData)`, at once, and the stream goes on. With `lateness`
 *   it corrects the result instead: the window has another result, of all its values, with a `revision` above 0.
 * - *Completes* with the source; what is open is emitted first, with `closedBy: 'completion'`. So it is at `drain`, too.
 * - *Errors* of the source, and what `key`, `timestamp`, the aggregate or `onEvict` throws, go to the error channel; what is open is lost.
 * - *A key that is evicted* (`maxKeys`, 10 000 by default, or `ttl`) has its windows emitted as they are, with `closedBy: 'eviction'`.
 * - *A gap* is counted in `gaps` with `onGap: 'flag'`; with `'reset'` what is open is emitted too, with `closedBy: 'gap'`.
 *
 * Memory: the aggregate's state for each key and open window, of which there is one in processing time; no values. One timer for all keys,
 * none while no window is open.
 *
 * @throws RangeError where a length of time or a bound is out of range.
 *
 * @example
 * ```ts
 * import { agg, aggregate, tumbling } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * const readings = [
 *   { id: 'oven', celsius: 180, at: 1_000 },
 *   { id: 'oven', celsius: 184, at: 2_000 },
 *   { id: 'oven', celsius: 190, at: 61_000 },
 *   { id: 'oven', celsius: 100, at: 3_000 },
 * ];
 * from(readings)
 *   .pipe(
 *     tumbling({
 *       size: 60_000,
 *       key: reading => reading.id,
 *       aggregate: aggregate({ n: agg.count(), mean: agg.mean(reading => reading.celsius) }),
 *       time: { timestamp: reading => reading.at },
 *     }),
 *   )
 *   .subscribe(result => console.log(result)); // Right (n 2, mean 182), Left(LateData), Right (n 1, mean 190)
 * ```
 */
export function tumbling<A, R, K extends string = 'single'>(options: TumblingOptions<A, R, K>): OperatorFunction<A, Windowed<A, R, K>> {
  return alignedOperator('tumbling', { ...options, hop: options.size });
}

/** How {@link hopping} windows lie. */
export type HoppingOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Milliseconds of a window, a whole number from 1 on. */
  readonly size: number;
  /** Milliseconds from the beginning of a window to that of the next, a whole number from 1 to `size`. */
  readonly hop: number;
  /** Milliseconds by which windows begin after a multiple of `hop` since 1970. Default 0. */
  readonly offset?: number | undefined;
  /** Event time. Default: the time values arrive at, by the scheduler. */
  readonly time?: EventTime<A> | undefined;
};

/**
 * One result each `hop` and key, of the last `size`: windows that overlap, as for a mean of the last hour that is published each minute.
 * Flink calls these sliding windows, eKuiper and Kafka Streams hopping ones.
 *
 * What windows have in common is aggregated once: a value is added to one pane, as long as the greatest common divisor of `size` and `hop`,
 * and panes are merged. So a value costs the same however long the window; a `hop` that divides `size` makes the fewest panes.
 *
 * Emission, late data, completion, errors, evictions and gaps are those of `tumbling`. At completion every open window is emitted, up to
 * `size / hop` for each key. A value for which some windows are over and others are not counts in those others, and is no `LateData`.
 *
 * Memory: at most two states for each key and pane of a window, three while one is computed; of none of the values. One timer for all keys,
 * none while nothing is open.
 *
 * @throws RangeError where a length of time or a bound is out of range.
 *
 * @example
 * ```ts
 * import { agg, hopping } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([{ kW: 3, at: 500 }, { kW: 7, at: 1_500 }, { kW: 5, at: 2_500 }])
 *   .pipe(hopping({ size: 2_000, hop: 1_000, key: 'single', aggregate: agg.max(load => load.kW), time: { timestamp: load => load.at } }))
 *   .subscribe(result => console.log(result)); // Right with value: 3, 7, 7 and 5, ending at 1 000, 2 000, 3 000 and 4 000
 * ```
 */
export function hopping<A, R, K extends string = 'single'>(options: HoppingOptions<A, R, K>): OperatorFunction<A, Windowed<A, R, K>> {
  return alignedOperator('hopping', options);
}

/** Makes `tumbling` and `hopping`. */
function alignedOperator<A, R, K extends string>(
  operator: string,
  options: HoppingOptions<A, R, K>,
): OperatorFunction<A, Windowed<A, R, K>> {
  const { size, hop, offset = 0, time, aggregate } = options;
  checkWholeTime(size, 'size');
  checkWholeTime(hop, 'hop');
  if (hop > size) throw new RangeError(`hop must be at most size, ${size}, and is ${hop}: values between two windows would be in none.`);
  if (!Number.isFinite(offset)) throw new RangeError(`offset must be a number of milliseconds, and is ${offset}.`);
  const alignment = { size, hop, offset, lateness: time?.lateness ?? 0 };
  const begin = (context: WindowContext<A, KeyWindows<A>>): AlignedWindows<A> => new AlignedWindows(aggregate, alignment, context);
  return windowOperator(operator, options, time, size, begin);
}
