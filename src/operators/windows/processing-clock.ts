import type { SchedulerLike, Subscription } from 'rxjs';
import { LONGEST_TIMER } from '../../schedule/longest-timer.js';
import type { Clocked, WindowClock } from './window-clock.js';

/** By how many milliseconds a timer may fire too early by the clock. By more, the clock was set back meanwhile. */
const EARLY = 10;

/**
 * Windows go by the time values arrive at. One timer waits for the first of them to end, and none while nothing is open.
 *
 * The scheduler's time is the time of day, and that is set. Set forward, what is over by then ends with the next value. Set back a little, time stands still
 * until it has caught up; by more than `standstill`, what is open ends, and windows begin anew where the clock is now.
 */
export const processingClock = <A>(scheduler: SchedulerLike, windows: Clocked<A>, standstill: number): WindowClock<A> => {
  let now = -Infinity;
  let timer: Subscription | undefined;
  let timerDue = Infinity;
  /** Whether the timer waits for all of the time, which a very long one cannot. */
  let whole = true;

  const look = (): number => {
    const time = scheduler.now();
    if (now - time > standstill) windows.close('clock');
    else if (time < now) return now;
    now = time;
    return now;
  };
  const fire = (): void => {
    const due = timerDue;
    timer = undefined;
    timerDue = Infinity;
    windows.run(() => {
      look();
      // What the timer was set for is due when it fires, even if it fires a little early.
      if (whole && windows.due() < Infinity && due - scheduler.now() <= EARLY) now = Math.max(now, due);
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
      if (due >= timerDue || due === Infinity) return;
      timer?.unsubscribe();
      timerDue = due;
      whole = due - now <= LONGEST_TIMER;
      timer = scheduler.schedule(fire, Math.min(due - now, LONGEST_TIMER));
    },
    stop: () => timer?.unsubscribe(),
  };
};
