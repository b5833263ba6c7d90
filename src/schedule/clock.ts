import { interval, NEVER, Observable, repeat, type SchedulerLike, Subscription } from 'rxjs';
import { whenRead } from '../shared/when-quiet.js';

/** The longest wait a Node timer can have, in milliseconds: 24.8 days. One that is set for longer fires at once. */
const LONGEST_TIMER = 2_147_483_647;

/** Does `work` after so many milliseconds: never after `Infinity`, and what is more than a timer can wait is waited in pieces. */
export function wait(milliseconds: number, scheduler: SchedulerLike, work: () => void): Subscription {
  if (milliseconds <= LONGEST_TIMER) return scheduler.schedule(work, milliseconds);
  const timers = new Subscription();
  const waitFor = (left: number): void => {
    const piece = Math.min(left, LONGEST_TIMER);
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
  return milliseconds <= LONGEST_TIMER ? interval(milliseconds, scheduler) : waiting(milliseconds, scheduler).pipe(repeat());
}

/** How near the time of day a scheduler's time must be to be taken for it, in milliseconds. Virtual time is decades away. */
const TIME_OF_DAY = 60_000;

/** By how many milliseconds two clocks may drift apart before it is asked again whether one is the time of day. */
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
  /** How far the two clocks were apart when the scheduler's was last seen to be the time of day. Spares reading a third one each time. */
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
/* eslint-enable no-restricted-globals */

/** A scheduler's time, for deadlines: how long something may take that comes from outside. It is the `Clock` of `ipc`. */
export interface SchedulerClock {
  /** Milliseconds since any fixed moment; goes on steadily, whatever the time of day is set to. */
  readonly now: () => number;
  /**
   * Calls back once after `ms` milliseconds, which may be any number, with the time at which they were over. What had arrived by then has been
   * read: a deadline that was set for that time or an earlier one, and that nothing has cleared, was missed. One that falls due during the
   * reading was not yet.
   */
  readonly after: (ms: number, callback: (at: number) => void) => () => void;
}

/** The clock that an RxJS scheduler drives. In virtual time nothing arrives by itself, and nothing is waited for. */
export function schedulerClock(scheduler: SchedulerLike): SchedulerClock {
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
