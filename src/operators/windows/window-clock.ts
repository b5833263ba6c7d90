import type { SchedulerLike, Subscription } from 'rxjs';
import { TimestampRefused } from '../../errors/errors.js';
import { schedulerClock, steadyNow } from '../../schedule/clock.js';
import { atOnce } from '../../shared/check-argument.js';
import type { ClosedBy, EventTime, WindowError } from './window-options.js';

/** The clock of windows. */
export interface WindowClock<A> {
  readonly now: () => number;
  /** A value came. Lets time pass, and returns the value's time; `undefined` if it has none that can be used. */
  readonly at: (value: A, key: string) => number | undefined;
  /** Where a gap is. */
  readonly gapAt: () => number;
  /** To be called when windows may have opened: waits for their end. */
  readonly wait: () => void;
  readonly stop: () => void;
}

/** The windows, as their clock sees them. */
export interface Clocked<A> {
  readonly due: () => number;
  readonly advance: (time: number) => void;
  readonly close: (by: ClosedBy) => void;
  readonly refuse: (failure: WindowError<A>) => void;
  /** Does the work of a timer: its results are emitted, and what it throws goes to the error channel. */
  readonly run: (work: () => void) => void;
}

/**
 * The latest time there is (ECMAScript, Time Values and Time Range). Beyond 2^53, adding 1 to a number may leave it as it is, so that
 * windows would never end.
 */
const LATEST_TIME = 8.64e15;

/**
 * Windows go by the times of values: the watermark is the latest time minus `outOfOrder`. The only timer is that of `idleAfter`; there is
 * none while no window is open.
 */
export function eventClock<A>(scheduler: SchedulerLike, windows: Clocked<A>, time: EventTime<A>): WindowClock<A> {
  const { timestamp, maxAhead = Infinity, outOfOrder = 0, idleAfter } = time;
  const clock = schedulerClock(scheduler);
  let latest = -Infinity;
  let lastArrival = 0;
  let cancelTimer: (() => void) | undefined;

  const look = (at: number): void => {
    cancelTimer = undefined;
    const left = lastArrival + (idleAfter ?? Infinity) - at;
    // A timer may fire a little early.
    if (left > 1) cancelTimer = clock.after(left, look);
    else windows.run(() => windows.close('idle'));
  };

  return {
    now: () => latest - outOfOrder,
    at: (value, key) => {
      if (idleAfter !== undefined) lastArrival = clock.now();
      const at: unknown = atOnce(timestamp(value), 'timestamp');
      // It may not really be a number: `null` would be 1970, and texts would be joined by `+`.
      const isTime = typeof at === 'number' && Math.abs(at) <= LATEST_TIME;
      if (!isTime || at - scheduler.now() > maxAhead) {
        windows.refuse(new TimestampRefused(value, key, at, isTime ? 'ahead' : 'not-a-time'));
        return undefined;
      }
      if (at > latest) {
        latest = at;
        if (windows.due() <= at - outOfOrder) windows.advance(at - outOfOrder);
      }
      return at;
    },
    gapAt: () => latest,
    wait: () => {
      if (idleAfter !== undefined && windows.due() < Infinity) cancelTimer ??= clock.after(idleAfter, look);
    },
    stop: () => cancelTimer?.(),
  };
}

/** By how many milliseconds a timer may fire too early by the clock. If it is more, the clock was set back meanwhile. */
const EARLY = 10;

/**
 * The longest wait without looking at the clock, in milliseconds. If no value comes after the clock was set, a window may end so much too
 * late.
 */
const MAX_WAIT = 60_000;

/** By how many milliseconds the time of day must have moved before the timer is compared with it again. */
const UNNOTICED = 100;

/**
 * Windows go by the times at which values arrive. One timer waits for the first of them to end; there is none while no window is open.
 *
 * The scheduler's time is the time of day, which may be set. If it is set forward, windows that are over by then end with the next value,
 * or within a minute. If it is set back a little, time stands still until it has caught up. If it is set back by more than `standstill`,
 * open windows end, and new ones begin where the clock is now.
 */
export function processingClock<A>(scheduler: SchedulerLike, windows: Clocked<A>, standstill: number): WindowClock<A> {
  const steady = steadyNow(scheduler);
  let now = -Infinity;
  /** What the clock showed when it was last read, also while time stands still. */
  let shown = -Infinity;
  let timer: Subscription | undefined;
  let timerDue = Infinity;
  /** When the timer fires, by a clock that nobody sets. */
  let timerFires = Infinity;
  /** What the clock showed when it was last compared with the timer. */
  let compared = -Infinity;

  const look = (): number => {
    shown = scheduler.now();
    if (now - shown > standstill) windows.close('clock');
    else if (shown < now) return now;
    now = shown;
    return now;
  };
  const fire = (): void => {
    const due = timerDue;
    timer = undefined;
    timerDue = timerFires = Infinity;
    windows.run(() => {
      look();
      // What the timer was set for is due when it fires, even if it fires a little early.
      if (windows.due() < Infinity && due - shown <= EARLY) now = Math.max(now, due);
      if (windows.due() <= now) windows.advance(now);
    });
  };

  return {
    now: () => now,
    at: () => {
      look();
      if (windows.due() <= now) windows.advance(now);
      return now;
    },
    gapAt: look,
    wait: () => {
      const due = windows.due();
      if (due === Infinity || (due >= timerDue && Math.abs(shown - compared) < UNNOTICED)) return;
      compared = shown;
      const rest = Math.min(Math.max(0, due - shown), MAX_WAIT);
      const fires = steady() + rest;
      if (due >= timerDue && fires >= timerFires) return;
      timer?.unsubscribe();
      timerDue = due;
      timerFires = fires;
      timer = scheduler.schedule(fire, rest);
    },
    stop: () => timer?.unsubscribe(),
  };
}
