import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { steadyNow } from '../schedule/clock.js';
import { isEndInGoodOrder, tagOf } from './observable-either.js';

/** Milliseconds of silence after a report about one key, unless {@link QUIET_VARIABLE} says how many: on a device, logs are small. */
const QUIET = 10_000;
/** `dev` sets it to 0: whoever sends the same mistake twice wants to see it twice. */
export const QUIET_VARIABLE = 'GREENGRASS_RX_LOG_QUIET';
/** Keys told apart; errors of any further key share one. A key can be data, and this map must not grow with it. */
const MAX_KEYS = 32;

/** A report of one error that stands for others like it. */
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

/**
 * Reports the first error of each key at once. Then it reports one for each key every ten seconds, with the number of errors that it stands
 * for. Its memory is bounded.
 */
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
      const key = keys.has(wanted) || keys.size < MAX_KEYS ? wanted : 'others';
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

/** {@link reportAtTimes}, by tag and on stderr. */
interface StderrReporter {
  readonly left: (error: unknown) => void;
  readonly end: () => void;
}

function textOf(error: unknown): string {
  try {
    const message = typeof error === 'object' && error !== null ? (error as { readonly message?: unknown }).message : undefined;
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'an error that cannot be printed';
  }
}

/** Writes errors to stderr, one line for each tag, at a bounded rate and with bounded memory. */
export function reportToStderr(): StderrReporter {
  const reporter = reportAtTimes(({ key, error, withheld }) => {
    if (error === undefined) console.error(`greengrass-rx: ${key}: ${withheld} more were not written`);
    else
      console.error(`greengrass-rx: ${key}: ${textOf(error)}${withheld === 0 ? '' : ` (and ${withheld} more since the last such line)`}`);
  });
  return { left: error => reporter.left(tagOf(error) ?? 'Left', error ?? 'an error that is nothing'), end: reporter.end };
}

/** Terminal errors that something deals with, or has promised to report. */
const handled = new WeakSet<object>();
const reporter = reportToStderr();

/** To be called by whatever deals with an error: catches it, retries because of it, or throws it. */
export function markHandled(error: unknown): void {
  if (typeof error === 'object' && error !== null) handled.add(error);
}

/** Undoes {@link markHandled}, for an operator that held an error back and now passes it on. */
export function markLetGo(error: unknown): void {
  if (typeof error === 'object' && error !== null) handled.delete(error);
}

/**
 * To be called by whatever ends a stream with a terminal error, once that has gone all the way down. Writes one line to stderr if nothing
 * has dealt with the error and it is not the end that was wanted: a branch must not end in silence, which to a supervisor looks like
 * success. The number of lines is bounded, as with {@link reportToStderr}.
 */
export function reportUnhandled(error: unknown): void {
  if (typeof error !== 'object' || error === null || handled.has(error)) return;
  handled.add(error);
  if (!isEndInGoodOrder(error)) reporter.left(error);
}
