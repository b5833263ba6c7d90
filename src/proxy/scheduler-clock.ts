import type { SchedulerLike } from 'rxjs';
import type { Clock } from '../ipc/clock.js';
import { steadyNow } from '../schedule/steady-now.js';

/** A timer of Node that is set for longer than this fires at once. */
const LONGEST_TIMER = 2_147_483_647;

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
