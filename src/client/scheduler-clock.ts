import type { SchedulerLike } from 'rxjs';
import type { Clock } from '../ipc/clock.js';
import { steadyNow } from '../schedule/steady-now.js';
import { LONGEST_TIMER } from '../schedule/longest-timer.js';

/** The clock of `ipc`, driven by an RxJS scheduler. What is more than 24 days away, such as `Infinity`, never comes. */
export function schedulerClock(scheduler: SchedulerLike): Clock {
  return {
    now: steadyNow(scheduler),
    after: (ms, callback) => {
      if (ms > LONGEST_TIMER) return nothing;
      const subscription = scheduler.schedule(callback, ms);
      return () => {
        subscription.unsubscribe();
      };
    },
  };
}

function nothing(): void {
  // No timer was set.
}
