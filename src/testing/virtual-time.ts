import { deepStrictEqual } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { promiseHooks } from 'node:v8';
import { defer, type MonoTypeOperatorFunction, type SchedulerAction, Subscription, tap } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Clock } from '../shared/clock.js';
import { Heap, type Placed } from '../shared/heap.js';
import { placeOf } from './place-of.js';

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

/** A moment at which something is to be done. */
interface Moment extends Placed {
  readonly at: number;
  /** Among those of one frame, the one that was set first is done first. */
  readonly nth: number;
  readonly timer: Pick<Timer<unknown>, 'fire'>;
}

/** How RxJS 7.8 fails in virtual time when one timer clears another of the same frame whose turn it was. */
const NOTHING_LEFT_TO_DO = 'Expected a due immediate or interval';

/** How many timers may fire before virtual time is stopped. */
export interface TimerLimits {
  /** At one moment: what sets timers of 0 ms without end stays there. */
  readonly atOnce: number;
  readonly altogether: number;
}

/** Virtual time was stopped at one of its limits. */
export class VirtualTimeStopped extends Error {
  readonly timers: number;
  readonly at: number;

  constructor(timers: number, at: number, how: string) {
    super(how);
    this.timers = timers;
    this.at = at;
  }
}

/** Timers that may be due at one moment: a list that is worked off may come to that many, and more is a loop without an end. */
export const MAX_AT_ONCE = 100_000;

/** Values that may come in one instant on one stream: so many that, where messages go round in a loop, that is what is told. */
export const MAX_VALUES_AT_ONCE = 1_000_000;

const STANDING_STILL =
  'and time stood still: something begins again without a delay, such as interval(0), or repeat() or retry() of what ends at once. Give it a delay.';

/**
 * Fails with a {@link VirtualTimeStopped} where more than `most` values come in one instant: a source that begins again at once never gives
 * control back.
 */
export function movesOn<A>(time: { readonly frame: number }, most: number): MonoTypeOperatorFunction<A> {
  return source =>
    defer(() => {
      let [instant, values] = [-1, 0];
      return source.pipe(
        tap(() => {
          values = time.frame === instant ? values + 1 : 1;
          instant = time.frame;
          if (values > most)
            throw new VirtualTimeStopped(0, instant, `At frame ${instant} more than ${most} values came ${STANDING_STILL}`);
        }),
      );
    });
}

/**
 * RxJS' `TestScheduler` with a queue of its own. That of RxJS is sorted anew for every timer, and a day of messages takes it minutes; and
 * its `run` throws when an `interval` clears a timer of the same frame, which is no mistake of the test.
 */
export class VirtualTime extends TestScheduler {
  /** The earliest is at hand, and adding one costs a logarithm; RxJS' own queue sorts all timers again for each. */
  readonly #due: Heap<Moment> = new Heap((one, other) => one.at < other.at || (one.at === other.at && one.nth < other.nth));
  readonly #limits: TimerLimits;
  #count = 0;
  #fired = 0;
  #firedAtOnce = 0;

  constructor(limits: TimerLimits = { atOnce: Infinity, altogether: Infinity }) {
    super(deepStrictEqual);
    this.#limits = limits;
  }

  override schedule<T>(work: Work<T>, delay = 0, state?: T): Subscription {
    const timer: Timer<T> = new Timer(work, after => {
      const moment = { at: this.frame + after, nth: this.#count++, timer, place: -1 };
      this.#due.set(moment);
      // What is cleared is let go of at once, with all that hangs on it: a deadline of minutes is cleared within a millisecond, again and
      // again.
      return () => this.#due.delete(moment);
    });
    return timer.schedule(state, delay);
  }

  /** Does all that falls due, up to `maxFrames`. */
  override flush(): void {
    // All of it is one action of RxJS' own queue: before it TestScheduler starts the hot Observables, and after it checks its expectations.
    super.schedule(() => this.#workOff());
    super.flush();
  }

  #workOff(): void {
    try {
      for (let next = this.#due.first; next !== undefined && next.at <= this.maxFrames; next = this.#due.first) {
        this.#due.delete(next);
        this.#countOne(next.at);
        this.frame = next.at;
        next.timer.fire();
      }
    } catch (error) {
      this.#due.clear();
      throw error;
    }
  }

  #countOne(at: number): void {
    const { atOnce, altogether } = this.#limits;
    this.#firedAtOnce = at === this.frame ? this.#firedAtOnce + 1 : 1;
    const before = this.#fired++;
    if (this.#firedAtOnce > atOnce)
      throw new VirtualTimeStopped(before, this.frame, `At frame ${this.frame} more than ${atOnce} timers fired ${STANDING_STILL}`);
    if (this.#fired > altogether)
      throw new VirtualTimeStopped(before, this.frame, `Virtual time was stopped at ${this.frame} ms, after ${before} timers.`);
  }
}

/** A piece of work that waits for its moment, and may ask for another one. */
class Timer<T> extends Subscription implements SchedulerAction<T> {
  readonly #work: Work<T>;
  /** Has it fire after so many frames, unless it is told otherwise. */
  readonly #set: (delay: number) => () => void;
  #unset: (() => void) | undefined;
  #state: T | undefined;

  constructor(work: Work<T>, set: (delay: number) => () => void) {
    super(() => this.#unset?.());
    this.#work = work;
    this.#set = set;
  }

  schedule(state?: T, delay = 0): this {
    this.#state = state;
    this.#unset?.();
    // What is to come after an infinite time is not waited for, as in RxJS.
    this.#unset = Number.isFinite(delay) && !this.closed ? this.#set(delay) : undefined;
    return this;
  }

  fire(): void {
    this.#unset = undefined;
    try {
      this.#work.call(this, this.#state);
    } catch (error) {
      if (!(error instanceof Error && error.message === NOTHING_LEFT_TO_DO)) throw error;
    }
  }
}

/** Where a promise was first awaited, if one was: virtual time does not wait for it. */
export interface AwaitedPromise {
  readonly at: number;
  /** Where in the program: one line of a stack. */
  readonly place: string | undefined;
}

/** Does the work, which must be synchronous, and watches for promises that something waits for. */
export function watchPromises(work: () => void, now: () => number): AwaitedPromise | undefined {
  let first: AwaitedPromise | undefined;
  // A promise with a parent is one that `then` or `await` makes. One without a parent has only been made, and nobody waits for it.
  const stop = promiseHooks.onInit((_promise, parent: unknown) => {
    if (parent !== undefined) first ??= { at: now(), place: placeOf(new Error().stack ?? '', THIS_KIT) };
  }) as () => void;
  try {
    work();
  } finally {
    stop();
  }
  return first;
}

const THIS_KIT = fileURLToPath(new URL('.', import.meta.url));

/**
 * More in one instant is an endless loop: virtual time would stand still for ever. They take about a second, so that it is told
 * before the test's own limit of time, five seconds in vitest and Jest, which would not say why.
 */
const MAX_TURNS = 100_000;

/**
 * What would happen in later turns of an event loop, in order and within the same instant of virtual time. All that one thing sets
 * off (a handshake, a request, its answer) is done before anything else that is due in this instant.
 */
export class Turns {
  readonly #clock: Clock;
  #tasks: (() => void)[] = [];
  #due = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  later(task: () => void): void {
    this.#tasks.push(task);
    if (this.#due) return;
    this.#due = true;
    this.#clock.after(0, this.run);
  }

  /** Does all that is due, and what follows from that. */
  readonly run = (): void => {
    this.#due = true;
    let done = 0;
    try {
      while (this.#tasks.length > 0) {
        const tasks = this.#tasks;
        this.#tasks = [];
        for (const [i, task] of tasks.entries()) {
          try {
            task();
          } catch (error) {
            this.#tasks = [...tasks.slice(i + 1), ...this.#tasks];
            throw error;
          }
        }
        done += tasks.length;
        if (done > MAX_TURNS) {
          this.#tasks = [];
          throw new VirtualTimeStopped(
            done,
            this.#clock.now(),
            `More than ${MAX_TURNS} messages passed at ${this.#clock.now()} ms and time stood still. Does something publish to a topic it subscribes to?`,
          );
        }
      }
    } finally {
      this.#due = false;
      if (this.#tasks.length > 0) this.later(() => undefined);
    }
  };
}
