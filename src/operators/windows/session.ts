import type { OperatorFunction } from 'rxjs';
import { checkWholeTime } from '../../shared/check-argument.js';
import { Heap, type Placed } from '../../shared/heap.js';
import type { Aggregate } from '../aggregates/aggregate.js';
import { Cell } from './panes.js';
import { type WindowContext, windowOperator, type Windows } from './window-operator.js';
import type { ClosedBy, EventTime, Windowed, WindowOptions } from './window-options.js';

/** Values that came less than the gap apart. */
interface OpenSession<A> {
  cell: Cell<A>;
  /** How many results it has had. */
  revisions: number;
  /** Whether it has values that are in no result yet. */
  open: boolean;
}

/** What is kept for a key: in processing time one session, in event time those that are open or kept for late values, in order. */
interface KeySessions<A> extends Placed {
  due: number;
  readonly key: string;
  sessions: OpenSession<A>[];
}

/**
 * Session windows. A heap knows which key's session ends first; a session that has had more values meanwhile is put back when its turn
 * comes.
 */
export class Sessions<A> implements Windows<A, KeySessions<A>> {
  readonly #aggregate: Aggregate<A, unknown>;
  readonly #gap: number;
  readonly #lateness: number;
  readonly #context: WindowContext<A, KeySessions<A>>;
  readonly #ends: Heap<KeySessions<A>> = new Heap((one, other) => one.due < other.due);

  constructor(aggregate: Aggregate<A, unknown>, gap: number, lateness: number, context: WindowContext<A, KeySessions<A>>) {
    this.#aggregate = aggregate;
    this.#gap = gap;
    this.#lateness = lateness;
    this.#context = context;
  }

  due(): number {
    return this.#ends.first?.due ?? Infinity;
  }

  add(value: A, key: string, at: number): number | undefined {
    const { states } = this.#context;
    const time = this.#context.time();
    const known = states.get(key);
    const joined = known && this.#join(known, at);
    if (joined === undefined && at + this.#gap + this.#lateness <= time) return time;
    const state: KeySessions<A> = known ?? { key, sessions: [], due: Infinity, place: -1 };
    if (known === undefined) states.set(key, state);
    const session = joined ?? { cell: new Cell(this.#aggregate), revisions: 0, open: true };
    if (joined === undefined) state.sessions.push(session);
    session.cell.add(value, at);
    session.open = true;
    if (this.#endOf(session) <= time) this.#emit(state, session, 'time');
    const due = this.#dueOf(session);
    if (state.place < 0 || due < state.due) this.#await(state, due);
    return undefined;
  }

  advance(time: number): void {
    for (let state = this.#ends.first; state !== undefined && state.due <= time; state = this.#ends.first) {
      const due = this.#firstDue(state);
      if (due > state.due) {
        this.#await(state, due);
        continue;
      }
      for (const session of state.sessions) if (session.open && this.#endOf(session) <= due) this.#emit(state, session, 'time');
      state.sessions = state.sessions.filter(session => session.open || this.#dueOf(session) > due);
      if (state.sessions.length > 0) {
        this.#await(state, this.#firstDue(state));
      } else {
        this.#ends.delete(state);
        this.#context.states.delete(state.key);
      }
    }
  }

  close(by: ClosedBy): void {
    const open = this.#context.states.entries().flatMap(([, state]) => this.#openOf(state));
    this.#context.states.clear();
    this.#ends.clear();
    open.sort((a, b) => a.session.cell.last - b.session.cell.last);
    for (const { state, session } of open) this.#emit(state, session, by);
  }

  evict(state: KeySessions<A>): void {
    this.#ends.delete(state);
    for (const { session } of this.#openOf(state)) this.#emit(state, session, 'eviction');
  }

  /** The session that a value belongs to. If the value joins several, they become one. */
  #join(state: KeySessions<A>, at: number): OpenSession<A> | undefined {
    let joined: OpenSession<A> | undefined;
    for (const session of state.sessions) {
      const { cell } = session;
      if (at <= cell.first - this.#gap || at >= cell.last + this.#gap) continue;
      if (joined === undefined) {
        joined = session;
        continue;
      }
      const [earlier, later] = joined.cell.first <= cell.first ? [joined.cell, cell] : [cell, joined.cell];
      joined.cell = earlier.merged(later);
      joined.revisions = Math.max(joined.revisions, session.revisions);
      state.sessions = state.sessions.filter(other => other !== session);
    }
    return joined;
  }

  #openOf(state: KeySessions<A>): { readonly state: KeySessions<A>; readonly session: OpenSession<A> }[] {
    return state.sessions.filter(({ open }) => open).map(session => ({ state, session }));
  }

  #emit({ key }: KeySessions<A>, session: OpenSession<A>, by: ClosedBy): void {
    const { cell, revisions } = session;
    session.open = false;
    session.revisions++;
    this.#context.emit({
      key,
      cell,
      start: cell.first,
      end: cell.last,
      openUntil: this.#endOf(session),
      by: by === 'time' && revisions > 0 ? 'late' : by,
      revision: revisions,
    });
  }

  #endOf({ cell }: OpenSession<A>): number {
    return cell.last + this.#gap;
  }

  /** When a session ends, or need not be kept any more. */
  #dueOf(session: OpenSession<A>): number {
    return this.#endOf(session) + (session.open ? 0 : this.#lateness);
  }

  #firstDue({ sessions }: KeySessions<A>): number {
    return Math.min(...sessions.map(session => this.#dueOf(session)));
  }

  #await(state: KeySessions<A>, due: number): void {
    state.due = due;
    this.#ends.set(state);
  }
}

/** What separates {@link session} windows. */
export type SessionOptions<A, R, K extends string> = WindowOptions<A, R, K> & {
  /** Milliseconds of silence of a key that end its session, a whole number from 1 on. */
  readonly gap: number;
  /** Event time. Default: the time values arrive at, by the scheduler. */
  readonly time?: EventTime<A> | undefined;
};

/**
 * One result for each stretch of activity of a key: a session goes on while its values come less than `gap` apart. A machine's run, a door
 * that is open, a burst of alarms.
 *
 * - *Emits* a `Right(WindowResult)` when nothing of the key has come for `gap`: by the clock, or in event time when the watermark is so far
 *   behind the last value. `start` and `end` are the times of the first and the last value.
 * - *Late data*, in event time: a value that belongs to no open session, and whose own session would be over already, is a
 *   `Left(LateData)`. With `lateness` sessions are kept so much longer, and a late value corrects theirs: a result with a `revision` above
 *   0 takes the place of every earlier one that lies within its `start` and `end`. A value may join two sessions in one.
 * - *Completes* with the source; open sessions are emitted before that, with `closedBy: 'completion'`. The same happens at `drain`.
 * - Errors, evictions and gaps are those of `tumbling`. With `onGap: 'reset'` no session goes on over a gap.
 *
 * Memory: the aggregate's state for each key and open session; in processing time one session a key. A value that continues a session costs
 * the same whatever the number of keys; beginning and ending one costs the logarithm of that number. One timer for all keys, none while
 * nothing is open.
 *
 * @throws RangeError where a length of time or a bound is out of range.
 *
 * @example
 * ```ts
 * import { agg, session } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([{ at: 0 }, { at: 2_000 }, { at: 60_000 }])
 *   .pipe(session({ gap: 10_000, key: 'single', aggregate: agg.count(), time: { timestamp: event => event.at } }))
 *   .subscribe(result => console.log(result)); // Right with value: 2 (from 0 to 2 000), and 1
 * ```
 */
export function session<A, R, K extends string = 'single'>(options: SessionOptions<A, R, K>): OperatorFunction<A, Windowed<A, R, K>> {
  const { gap, time, aggregate } = options;
  checkWholeTime(gap, 'gap');
  return windowOperator(
    'session',
    options,
    time,
    gap,
    (context: WindowContext<A, KeySessions<A>>) => new Sessions<A>(aggregate, gap, time?.lateness ?? 0, context),
  );
}
