import type { OperatorFunction } from 'rxjs';
import { checkWhole } from '../../shared/check-argument.js';
import type { Aggregate } from '../aggregates/aggregate.js';
import { gcd, Panes } from './panes.js';
import { type WindowContext, windowOperator, type Windows } from './window-operator.js';
import type { ClosedBy, Timestamps, Windowed, WindowOptions } from './window-options.js';

/** What is kept of a key. */
class KeyCount<A> {
  readonly panes: Panes<A>;
  /** How many values came. */
  values = 0;
  /** How many values had come at the last result. */
  told = 0;
  /** The number of the value that the next window begins with. */
  begin = 0;

  constructor(aggregate: Aggregate<A, unknown>) {
    this.panes = new Panes(aggregate);
  }
}

/** Windows of a given number of values of a key: aligned windows, with the number of the value as its time. */
class CountWindows<A> implements Windows<A, KeyCount<A>> {
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

  /** These windows do not depend on time. */
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

/** How many values are in a {@link countWindow}. */
export type CountWindowOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Values of a window, a whole number from 1 on. */
  readonly count: number;
  /**
   * Values from the beginning of a window to that of the next, a whole number from 1 to `count`. Default `count`: windows do not overlap.
   */
  readonly every?: number | undefined;
  /** The times of values, for `start` and `end` only: windows take values in the order they come. Default: the time they arrive at. */
  readonly time?: Timestamps<A> | undefined;
};

/**
 * One result for every `count` values of a key; with `every`, one after every so many values, of the last `count`.
 *
 * - *Emits* a `Right(WindowResult)` with the window's last value, at once. `start` and `end` are the earliest and latest time in it.
 * - *Completes* with the source. Before that, values that are in no result yet are emitted in a result of fewer values, with `closedBy:
 *   'completion'`. The same happens at `drain`.
 * - Nothing is late. Errors, evictions and gaps are those of `tumbling`. A key whose values stop coming keeps its place until `maxKeys` or
 *   `ttl` ends it.
 *
 * A value costs the same however many a window has. Memory: a state for each key; with `every` at most two for each key and pane, which has
 * as many values as the greatest common divisor of `count` and `every`.
 *
 * @throws RangeError where a number is out of range.
 *
 * @example
 * ```ts
 * import { agg, countWindow } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of(1, 2, 3, 4)
 *   .pipe(countWindow({ count: 3, every: 1, key: 'single', aggregate: agg.mean(x => x) }))
 *   .subscribe(result => console.log(result)); // Right with value: 2 and 3
 * ```
 */
export function countWindow<A, R, K extends string = 'single'>(
  options: CountWindowOptions<A, R, K>,
): OperatorFunction<A, Windowed<A, R, K>> {
  const { count, every = count, time, aggregate } = options;
  checkWhole(count, 'count');
  checkWhole(every, 'every', count);
  return windowOperator(
    'countWindow',
    options,
    time,
    Infinity,
    (context: WindowContext<A, KeyCount<A>>) => new CountWindows<A>(aggregate, count, every, context),
  );
}
