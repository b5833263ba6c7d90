import type { SchedulerLike } from 'rxjs';
import { whenRead } from '../shared/when-quiet.js';
import { isRealTime, steadyNow } from './steady-now.js';
import { wait } from './wait.js';

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
