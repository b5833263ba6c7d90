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

/**
 * The gaps: the times in which messages may be missing, from each report of a gap to the next value. Several reports without a value
 * between them are one gap.
 */
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

  /** Time begins anew: gaps that are over do not count any more, and an open one has lasted since the beginning. */
  beginAnew(): void {
    const isOpen = this.#open !== undefined;
    this.#gaps.length = 0;
    this.#open = undefined;
    if (isOpen) this.begin(-Infinity);
  }

  /** How many gaps there were in a window that was open up to `openUntil`. */
  within(start: number, openUntil: number): number {
    let n = 0;
    // From the latest back: gaps are in order, so all before one that ended too early ended too early as well.
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
  /** Takes a value, or returns the time by which it is too late. */
  readonly add: (value: A, key: string, at: number) => number | undefined;
  /** When the clock has to be looked at next, at the earliest; `Infinity` if no window is open. */
  readonly due: () => number;
  /** Time has advanced to this. */
  readonly advance: (time: number) => void;
  /** Ends all open windows, and forgets everything. */
  readonly close: (by: ClosedBy) => void;
  /** Ends the open windows of one key, which is forgotten. */
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

/** What the windows of a subscription are given. */
export interface WindowContext<A, S> {
  readonly states: KeyedState<S>;
  /** The present time: that of the clock, or the watermark. */
  readonly time: () => number;
  readonly emit: (ended: Ended<A>) => void;
}

/**
 * Makes an operator that gathers values in windows. The results of a step are emitted at its end, so that a subscriber may make the source
 * emit again at any of them.
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
        // By a clock that was set back, the gaps are in the future.
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
      // The same as `step`, but without making a function for each value.
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
