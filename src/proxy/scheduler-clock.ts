import type { SchedulerLike } from 'rxjs';
import type { Clock } from '../ipc/clock.js';

/** The clock of `ipc`, driven by an RxJS scheduler. */
export function schedulerClock(scheduler: SchedulerLike): Clock {
  return {
    now: () => scheduler.now(),
    after: (ms, callback) => {
      const subscription = scheduler.schedule(callback, ms);
      return () => {
        subscription.unsubscribe();
      };
    },
  };
}
