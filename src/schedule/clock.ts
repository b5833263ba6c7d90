import { interval, NEVER, Observable, repeat, type SchedulerLike, Subscription } from 'rxjs';
import type { Clock } from '../shared/clock.js';
import { type Linked, List } from '../shared/list.js';
import { whenRead } from '../shared/when-quiet.js';

/** The longest wait a Node timer can have, in milliseconds: 24.8 days. One that is set for longer fires at once. */
const MAX_TIMER = 2_147_483_647;

/** Does `work` after so many milliseconds. `Infinity` means never; a time that is longer than a timer can be is waited for in pieces. */
export function wait(milliseconds: number, scheduler: SchedulerLike, work: () => void): Subscription {
  if (milliseconds <= MAX_TIMER) return scheduler.schedule(work, milliseconds);
  const timers = new Subscription();
  const waitFor = (left: number): void => {
    const piece = Math.min(left, MAX_TIMER);
    const timer = scheduler.schedule(() => {
      timers.remove(timer);
      if (left > piece) waitFor(left - piece);
      else work();
    }, piece);
    timers.add(timer);
  };
  if (milliseconds !== Infinity) waitFor(milliseconds);
  return timers;
}

/** Emits once and completes after so many milliseconds, as {@link wait} waits. */
export function waiting(milliseconds: number, scheduler: SchedulerLike): Observable<0> {
  return new Observable(subscriber =>
    wait(milliseconds, scheduler, () => {
      subscriber.next(0);
      subscriber.complete();
    }),
  );
}

/** Emits every so many milliseconds, as {@link wait} waits; the first time after the first of them. */
export function every(milliseconds: number, scheduler: SchedulerLike): Observable<unknown> {
  if (milliseconds === Infinity) return NEVER;
  return milliseconds <= MAX_TIMER ? interval(milliseconds, scheduler) : waiting(milliseconds, scheduler).pipe(repeat());
}

/** How near the time of day a scheduler's time must be to be taken for it, in milliseconds. Virtual time is decades away. */
const TIME_OF_DAY = 60_000;

/** Milliseconds that two clocks may drift apart before it is checked again whether one of them is the time of day. */
const UNSET = 1_000;

/* eslint-disable no-restricted-globals -- the one place that tells a scheduler's time from the time of day */
let lastDate: DateConstructor | undefined;
let isGenuine = true;

/** Whether `Date` is Node's own: test runners put another in its place, and their time stands still until it is moved. */
function hasGenuineDate(): boolean {
  if (Date !== lastDate) {
    lastDate = Date;
    isGenuine = Function.prototype.toString.call(Date) === 'function Date() { [native code] }';
  }
  return isGenuine;
}

function isNow(time: number): boolean {
  return hasGenuineDate() && Math.abs(time - Date.now()) < TIME_OF_DAY;
}

/** Whether a scheduler's timers wait in real time: `asyncScheduler`, where no test has put another time in its place. */
export function isRealTime(scheduler: SchedulerLike): boolean {
  return isNow(scheduler.now());
}

/**
 * The time by which a scheduler's timers go, in milliseconds since any fixed moment: what deadlines are counted in.
 *
 * `asyncScheduler` tells the time of day, and that is set: by years when a device without a clock of its own first reaches a
 * time server. Set forward, everything under way would be overdue at once; set back, nothing would be for as long.
 */
export function steadyNow(scheduler: SchedulerLike): () => number {
  /**
   * How far apart the two clocks were when the scheduler's was last found to be the time of day. It spares reading a third clock each time.
   */
  let apart = Number.NaN;
  return () => {
    const now = scheduler.now();
    const steady = performance.now();
    if (Math.abs(now - steady - apart) < UNSET && hasGenuineDate()) return steady;
    const isTimeOfDay = isNow(now);
    apart = isTimeOfDay ? now - steady : Number.NaN;
    return isTimeOfDay ? steady : now;
  };
}

/**
 * {@link steadyNow} to the millisecond: many values come within one, and to read a clock twice for each takes as long as to look up its
 * key.
 */
export function steadyMillisecond(scheduler: SchedulerLike): () => number {
  const steady = steadyNow(scheduler);
  /** What the scheduler showed last, by which `Date`, and what was told then. */
  let shown = Number.NaN;
  let shownBy: DateConstructor | undefined;
  let told = Number.NaN;
  return () => {
    const now = scheduler.now();
    if (now === shown && shownBy === Date) return told;
    shown = now;
    shownBy = Date;
    told = steady();
    return told;
  };
}
/* eslint-enable no-restricted-globals */

/** A clock that an RxJS scheduler drives. In virtual time nothing arrives by itself, so there is no reading to wait for. */
export function schedulerClock(scheduler: SchedulerLike): Clock {
  const now = steadyNow(scheduler);
  return {
    now,
    after: (ms, callback) => {
      let cancelReading: (() => void) | undefined;
      const timer = wait(ms, scheduler, () => {
        const at = now();
        if (isRealTime(scheduler)) cancelReading = whenRead(() => callback(at));
        else callback(at);
      });
      return () => {
        timer.unsubscribe();
        cancelReading?.();
      };
    },
  };
}

/** One deadline. All deadlines of its kind are equally long. */
interface Deadline extends Linked<Deadline> {
  readonly due: number;
  readonly expire: () => void;
}

/**
 * Deadlines of one length, with one timer for all: they fall due in the order they were set, so only the first has to be waited for.
 * Setting and clearing one is O(1) and allocates one small object.
 */
export class Deadlines {
  readonly #milliseconds: number;
  readonly #clock: Clock;
  readonly #waiting: List<Deadline> = new List();
  #cancelTimer: (() => void) | undefined;

  constructor(milliseconds: number, scheduler: SchedulerLike) {
    this.#milliseconds = milliseconds;
    this.#clock = schedulerClock(scheduler);
  }

  /** `expire` is called at the deadline, unless the returned function is called before. */
  set(expire: () => void): () => void {
    if (this.#milliseconds === Infinity) return () => undefined;
    const deadline: Deadline = { due: this.#clock.now() + this.#milliseconds, expire, before: undefined, after: undefined };
    this.#waiting.append(deadline);
    this.#cancelTimer ??= this.#wait(deadline.due, this.#milliseconds);
    return () => this.#waiting.delete(deadline);
  }

  /** Ends the timer. No deadline expires afterwards. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#waiting.clear();
  }

  #wait(due: number, milliseconds: number): () => void {
    // What the timer was set for is due when it fires, even if it fires a little early.
    return this.#clock.after(milliseconds, at => this.#expire(Math.max(due, at)));
  }

  #expire(now: number): void {
    const cancelTimer = this.#cancelTimer;
    const waiting = this.#waiting;
    for (let deadline = waiting.first; deadline !== undefined && deadline.due <= now; deadline = waiting.first) {
      waiting.delete(deadline);
      deadline.expire();
    }
    // It may have been stopped meanwhile, and another timer set.
    if (this.#cancelTimer !== cancelTimer) return;
    // The timer is left to run when the last deadline is cleared: setting and ending one for each value costs more.
    this.#cancelTimer =
      waiting.first === undefined ? undefined : this.#wait(waiting.first.due, Math.max(0, waiting.first.due - this.#clock.now()));
  }
}
