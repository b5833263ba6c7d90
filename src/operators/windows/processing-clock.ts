import type { SchedulerLike, Subscription } from 'rxjs';
import { steadyNow } from '../../schedule/clock.js';
import type { Clocked, WindowClock } from './window-clock.js';

/** By how many milliseconds a timer may fire too early by the clock. By more, the clock was set back meanwhile. */
const EARLY = 10;

/** The longest wait without a look at the clock, in milliseconds: so much too late a window may end where nothing comes after the clock was set. */
const LONGEST_WAIT = 60_000;

/** By how many milliseconds the time of day must have moved before it is looked whether it was set. */
const UNNOTICED = 100;

/**
 * Windows go by the time values arrive at. One timer waits for the first of them to end, and none while nothing is open.
 *
 * The scheduler's time is the time of day, and that is set. Set forward, what is over by then ends with the next value, or within a minute. Set back a
 * little, time stands still until it has caught up; by more than `standstill`, what is open ends, and windows begin anew where the clock is now.
 */
export function processingClock<A>(scheduler: SchedulerLike, windows: Clocked<A>, standstill: number): WindowClock<A> {
  const steady = steadyNow(scheduler);
  let now = -Infinity;
  /** What the clock showed when it was last looked at, also while time stands still. */
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
      const rest = Math.min(Math.max(0, due - shown), LONGEST_WAIT);
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
