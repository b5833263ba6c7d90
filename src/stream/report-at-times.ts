import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { steadyNow } from '../schedule/clock.js';

/** Milliseconds of silence after a report about one key, unless {@link QUIET_VARIABLE} says how many: on a device logs are small. */
const QUIET = 10_000;
/** `dev` sets it to 0: whoever sends the same mistake twice wants to see it twice. */
export const QUIET_VARIABLE = 'GREENGRASS_RX_LOG_QUIET';
/** Keys told apart; errors of any further key share one. A key can be data, and this map must not grow with it. */
const MOST_KEYS = 32;

/** One error that stands for those like it. */
export interface Report {
  /** `others` once there are too many to tell apart. */
  readonly key: string;
  /** `undefined` at the end, where only a number is left to tell. */
  readonly error: unknown;
  /** Errors of this key since the last report that were not told. */
  readonly withheld: number;
}

/** What becomes of errors that nobody looks at. */
export interface Reporter {
  readonly left: (key: string, error: unknown) => void;
  /** Tells how many were withheld, so that none goes uncounted. */
  readonly end: () => void;
}

/** Tells the first error of each key at once, then one per key and ten seconds with the number of those it stands for; bounded memory. */
export function reportAtTimes(
  tell: (report: Report) => void,
  scheduler: SchedulerLike = asyncScheduler,
  env: NodeJS.ProcessEnv = process.env,
): Reporter {
  const steady = steadyNow(scheduler);
  const quiet = /^\d+$/.test(env[QUIET_VARIABLE] ?? '') ? Number(env[QUIET_VARIABLE]) : QUIET;
  const keys = new Map<string, { at: number; withheld: number }>();

  return {
    left: (wanted, error) => {
      const key = keys.has(wanted) || keys.size < MOST_KEYS ? wanted : 'others';
      const now = steady();
      const last = keys.get(key);
      // A clock that was set back, as on a device that has just learnt the time, must not hold lines back until it has caught up.
      if (last !== undefined && now >= last.at && now - last.at < quiet) {
        last.withheld += 1;
        return;
      }
      keys.set(key, { at: now, withheld: 0 });
      tell({ key, error, withheld: last?.withheld ?? 0 });
    },
    end: () => {
      for (const [key, { withheld }] of keys) if (withheld > 0) tell({ key, error: undefined, withheld });
      keys.clear();
    },
  };
}
