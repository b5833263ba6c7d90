import { left, right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, type OperatorFunction } from 'rxjs';
import { LateData } from '../../errors/errors.js';
import { noted } from '../../flow/counted.js';
import { keyedOperator } from '../keyed-operator.js';
import type { KeyedState } from '../keyed-state.js';
import type { Cell } from './panes.js';
import { type Clocked, eventClock, processingClock, type WindowClock } from './window-clock.js';
import { checkEventTime, type ClosedBy, type EventTime, type Windowed, type WindowOptions } from './window-options.js';

interface Gap {
  readonly from: number;
  until: number;
}

/** The most gaps remembered. */
const LIMIT = 1_000;

/** When messages may be missing: from each gap to the next value. Several gaps without a value between them are one. */
export class Gaps {
  readonly #gaps: Gap[] = [];
  #open: Gap | undefined;

  begin(at: number): void {
    if (this.#open !== undefined) return;
    this.#open = { from: at, until: Infinity };
    this.#gaps.push(this.#open);
    if (this.#gaps.length > LIMIT) this.#gaps.shift();
  }

  /** A value came. */
  end(at: number): void {
    if (this.#open === undefined) return;
    this.#open.until = Math.max(this.#open.from, at);
    this.#open = undefined;
  }

  /** Time begins anew: gaps that are over are in none of it, one that is not has been there since its beginning. */
  beginAnew(): void {
    const isOpen = this.#open !== undefined;
    this.#gaps.length = 0;
    this.#open = undefined;
    if (isOpen) this.begin(-Infinity);
  }

  /** How many fell into a window that was open up to a time. */
  within(start: number, openUntil: number): number {
    let n = 0;
    // From the latest on: gaps are in order, and all before one that is over are over.
    for (let i = this.#gaps.length - 1; i >= 0; i--) {
      const gap = this.#gaps[i];
      if (gap === undefined || gap.until < start) break;
      if (gap.from < openUntil) n++;
    }
    return n;
  }
}

/** The windows of one subscription, of whichever kind. */
export interface Windows<A, S> {
  /** Takes a value, or says by which time it is too late. */
  readonly add: (value: A, key: string, at: number) => number | undefined;
  /** When time must be looked at next: a lower bound, `Infinity` where nothing is open. */
  readonly due: () => number;
  /** Time has come so far. */
  readonly advance: (time: number) => void;
  /** Ends what is open, and forgets all. */
  readonly close: (by: ClosedBy) => void;
  /** Ends what is open of one key, which is forgotten. */
  readonly evict: (state: S, key: string) => void;
}

/** A window that has ended. */
export interface Ended<A> {
  readonly key: string;
  readonly cell: Cell<A>;
  readonly start: number;
  readonly end: number;
  /** Up to when more values could have been in it. */
  readonly openUntil: number;
  readonly by: ClosedBy;
  readonly revision: number;
}

/** What windows are made with. */
export interface WindowContext<A, S> {
  readonly states: KeyedState<S>;
  /** How far time has come: the clock's, or the watermark. */
  readonly time: () => number;
  readonly emit: (ended: Ended<A>) => void;
}

/**
 * An operator that gathers values in windows. What a step of it gives is emitted at its end, so that a subscriber that makes the source emit meanwhile
 * finds everything in order.
 *
 * @param standstill By how many milliseconds the clock may be set back without ending what is open: time stands still meanwhile.
 */
export function windowOperator<A, R, K extends string, S>(
  operator: string,
  options: WindowOptions<A, R, K>,
  time: EventTime<A> | undefined,
  standstill: number,
  begin: (context: WindowContext<A, S>) => Windows<A, S>,
): OperatorFunction<A, Windowed<A, R, K>> {
  checkEventTime(time);
  const { key, aggregate, maxKeys, ttl, onEvict, scheduler = asyncScheduler } = options;
  const gather = keyedOperator<A, Windowed<A, R, K>, S>(operator, { key, maxKeys, ttl, onEvict, scheduler }, (destination, states) => {
    const gaps = options.onGap === 'flag' || options.onGap === 'reset' ? new Gaps() : undefined;
    const results: Windowed<A, R, K>[] = [];
    let emitting = false;
    let stepping = false;

    /** How many of the results have been emitted. */
    let emitted = 0;
    const emitAll = (): void => {
      emitting = true;
      try {
        for (let result = results[emitted]; result !== undefined; result = results[emitted]) {
          emitted++;
          destination.next(result);
        }
      } finally {
        results.length = emitted = 0;
        emitting = false;
      }
    };
    const step = (work: () => void): void => {
      stepping = true;
      try {
        work();
      } finally {
        stepping = false;
      }
      if (!emitting) emitAll();
      if (!destination.closed) clock.wait();
    };

    const windows = begin({
      states,
      time: () => clock.now(),
      emit: ({ key: name, cell, start, end, openUntil, by, revision }) => {
        results.push(
          right({
            // The keys of the state are those that `key` gave.
            key: name as K,
            start,
            end,
            count: cell.count,
            value: cell.result(aggregate, start, end),
            gaps: gaps?.within(start, openUntil) ?? 0,
            closedBy: by,
            revision,
          }),
        );
      },
    });
    const clocked: Clocked<A> = {
      due: () => windows.due(),
      advance: to => windows.advance(to),
      close: by => {
        windows.close(by);
        // By a clock that was set back, gaps lie in a time that is still to come.
        if (by === 'clock') gaps?.beginAnew();
      },
      refuse: failure => void results.push(left(failure)),
      run: work => {
        try {
          step(work);
        } catch (error) {
          destination.error(error);
        }
      },
    };
    const clock: WindowClock<A> =
      time === undefined ? processingClock(scheduler, clocked, standstill) : eventClock(scheduler, clocked, time);

    if (options.onGap === 'flag' || options.onGap === 'reset') {
      const { onGap, gap$ } = options;
      destination.add(
        gap$.subscribe({
          next: () =>
            clocked.run(() => {
              gaps?.begin(clock.gapAt());
              if (onGap === 'reset') windows.close('gap');
            }),
          error: (error: unknown) => destination.error(error),
        }),
      );
    }

    return {
      // As a step, without a function made for each value.
      take: (value, name) => {
        stepping = true;
        try {
          const at = clock.at(value, name);
          if (at !== undefined) {
            gaps?.end(at);
            const late = windows.add(value, name, at);
            if (late !== undefined) results.push(left(new LateData(value, name, at, late)));
          }
        } finally {
          stepping = false;
        }
        if (results.length > 0 && !emitting) emitAll();
        if (!destination.closed) clock.wait();
      },
      evicted: (state, { key: name }) => {
        windows.evict(state, name);
        if (!stepping && !emitting) emitAll();
      },
      // Now, even if a subscriber makes the source complete inside `next`: after completion nothing can be emitted.
      complete: () => {
        windows.close('completion');
        emitAll();
      },
      forget: () => clock.stop(),
    };
  });
  const within = Number.isFinite(standstill) ? standstill : undefined;
  return source => gather(source.pipe(noted('window', operator, { within })));
}
