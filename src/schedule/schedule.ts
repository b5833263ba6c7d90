import { atOnce, checkAtLeast, checkPositiveTime, checkTime } from '../shared/check-argument.js';

/** What a schedule knows when it is asked for the wait before the next try. */
export interface RetryStep {
  /** 1 before the first retry. */
  readonly attempt: number;
  /** Milliseconds since the first failure of this series. */
  readonly elapsed: number;
  /** Milliseconds of the wait before the try that has just failed; 0 before the first retry. */
  readonly previousDelay: number;
  /** A number from 0 up to but not including 1. Handed in, so that tests choose it. */
  readonly random: () => number;
}

/**
 * How long to wait before each retry, and when to give up. A plain value without state: one schedule may serve any
 * number of streams. Made by {@link fixed} or {@link exponential} and shaped by the functions that follow in a `pipe`.
 *
 * @example
 * ```ts
 * import { capped, exponential, fullJitter, limited, resetAfter } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(exponential(100), capped(30_000), fullJitter, limited(10), resetAfter(60_000));
 * const waits = [1, 2, 3, 10, 11].map(attempt =>
 *   schedule.delay({ attempt, elapsed: 0, previousDelay: 0, random: () => 0.5 }),
 * );
 * console.log(waits); // [ 50, 100, 200, 15000, undefined ]
 * ```
 */
export interface Schedule {
  /** Milliseconds to wait before the next try; `undefined` gives up. Must not be negative or NaN. */
  readonly delay: (step: RetryStep) => number | undefined;
  /**
   * How many milliseconds a source must have gone on without failing before the next failure counts as the first of a new series.
   * `undefined`: never. A source that fails right after its first element must not start over each time.
   */
  readonly resetAfter: number | undefined;
}

/** The schedule whose waits are those of `schedule`, changed by `change`. Where that one has given up, so has this. */
export function withDelay(schedule: Schedule, change: (delay: number, step: RetryStep) => number | undefined): Schedule {
  return {
    ...schedule,
    delay: step => {
      const delay = schedule.delay(step);
      return delay === undefined ? undefined : change(delay, step);
    },
  };
}

/**
 * The same wait before every retry, and no end of them.
 *
 * @param milliseconds 0 or more. 0 still lets other work run in between.
 * @throws RangeError where an argument is out of range.
 *
 * @example
 * ```ts
 * import { fixed, limited } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const threeTimesASecondApart = pipe(fixed(1_000), limited(3));
 * console.log(threeTimesASecondApart.resetAfter); // undefined
 * ```
 */
export function fixed(milliseconds: number): Schedule {
  checkTime(milliseconds, 'The wait of fixed()');
  return { delay: () => milliseconds, resetAfter: undefined };
}

/**
 * Waits that grow: `base` milliseconds, then `factor` times as long before each further retry, and no end of them. Follow
 * it with `capped`, or the waits come to days.
 *
 * @param base Milliseconds of the first wait, above 0.
 * @param factor At least 1. Default 2.
 * @throws RangeError where an argument is out of range.
 *
 * @example
 * ```ts
 * import { capped, exponential } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(exponential(100), capped(1_000)); // 100, 200, 400, 800, 1000, 1000, …
 * console.log(schedule.delay({ attempt: 3, elapsed: 300, previousDelay: 200, random: Math.random })); // 400
 * ```
 */
export function exponential(base: number, factor = 2): Schedule {
  checkPositiveTime(base, 'The first wait of exponential()');
  checkAtLeast(factor, 'The factor of exponential()', 1);
  // Infinity would turn into NaN in a jitter that draws 0.
  return {
    delay: ({ attempt }) => Math.min(base * factor ** (attempt - 1), Number.MAX_SAFE_INTEGER),
    resetAfter: undefined,
  };
}

/**
 * No wait is longer than `milliseconds`. Before `fullJitter`, the longest waits are random below the cap; after it, many
 * of them are the cap itself.
 *
 * @param milliseconds 0 or more.
 * @throws RangeError where the argument is out of range.
 *
 * @example
 * ```ts
 * import { capped, exponential, fullJitter } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(exponential(100), capped(30_000), fullJitter);
 * console.log(schedule.delay({ attempt: 20, elapsed: 0, previousDelay: 0, random: () => 0.5 })); // 15000
 * ```
 */
export function capped(milliseconds: number): (schedule: Schedule) => Schedule {
  checkTime(milliseconds, 'The longest wait of capped()');
  return schedule => withDelay(schedule, delay => Math.min(delay, milliseconds));
}

/**
 * Gives up after `retries` retries in one series: a source is tried `1 + retries` times before its failure passes.
 *
 * @param retries A whole number, 0 or more.
 * @throws RangeError where the argument is out of range.
 *
 * @example
 * ```ts
 * import { fixed, limited } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(fixed(100), limited(2));
 * console.log(schedule.delay({ attempt: 3, elapsed: 200, previousDelay: 100, random: Math.random })); // undefined
 * ```
 */
export function limited(retries: number): (schedule: Schedule) => Schedule {
  checkAtLeast(retries, 'The retries of limited()', 0);
  if (!Number.isInteger(retries)) throw new RangeError(`The retries of limited() must be a whole number, and are ${retries}.`);
  return schedule => withDelay(schedule, (delay, { attempt }) => (attempt > retries ? undefined : delay));
}

/**
 * Gives up where the next try would begin more than `milliseconds` after the first failure of the series. It looks at
 * the wait as it is at this place in the `pipe`: put it behind the jitter.
 *
 * @param milliseconds Above 0.
 * @throws RangeError where the argument is out of range.
 *
 * @example
 * ```ts
 * import { budgeted, fixed } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(fixed(400), budgeted(1_000));
 * console.log(schedule.delay({ attempt: 3, elapsed: 800, previousDelay: 400, random: Math.random })); // undefined
 * ```
 */
export function budgeted(milliseconds: number): (schedule: Schedule) => Schedule {
  checkPositiveTime(milliseconds, 'The budget of budgeted()');
  return schedule => withDelay(schedule, (delay, { elapsed }) => (elapsed + delay > milliseconds ? undefined : delay));
}

/**
 * A random wait from 0 up to the schedule's own. Spreads the retries of many components, or devices, that lost the same
 * server at the same moment, as widely as can be. What follows it in the `pipe` sees the random wait.
 *
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter", where it does least work in all.
 *
 * @example
 * ```ts
 * import { exponential, fullJitter } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(exponential(100), fullJitter);
 * console.log(schedule.delay({ attempt: 2, elapsed: 0, previousDelay: 0, random: () => 0.25 })); // 50
 * ```
 */
export function fullJitter(schedule: Schedule): Schedule {
  return withDelay(schedule, (delay, { random }) => (delay === Infinity ? delay : delay * random()));
}

/**
 * Half of the schedule's wait, and a random part of the other half: spreads retries, and still always waits.
 *
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 *
 * @example
 * ```ts
 * import { equalJitter, fixed } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(fixed(1_000), equalJitter);
 * console.log(schedule.delay({ attempt: 1, elapsed: 0, previousDelay: 0, random: () => 0.5 })); // 750
 * ```
 */
export function equalJitter(schedule: Schedule): Schedule {
  return withDelay(schedule, (delay, { random }) => (delay === Infinity ? delay : (delay + delay * random()) / 2));
}

/**
 * A failure after `milliseconds` without one is the first of a new series: waits, limits and budgets begin again.
 * Without it a schedule never forgets, and a component that runs for a year uses up `limited(10)` in its tenth outage.
 *
 * The time counts from subscribing, not from the first element: a source that fails soon after each first element
 * would otherwise be retried without end, and a topic on which nothing is said for days is still in order. It must be
 * longer than the source can take to fail at all, such as the timeout of a subscription.
 *
 * @param milliseconds Above 0.
 * @throws RangeError where the argument is out of range.
 *
 * @example
 * ```ts
 * import { fixed, limited, resetAfter } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(fixed(1_000), limited(5), resetAfter(60_000));
 * console.log(schedule.resetAfter); // 60000
 * ```
 */
export function resetAfter(milliseconds: number): (schedule: Schedule) => Schedule {
  checkPositiveTime(milliseconds, 'The stable time of resetAfter()');
  return schedule => ({ ...schedule, resetAfter: milliseconds });
}

/** The retries of one source: how far it has come in a schedule. */
export interface RetrySeries {
  /** How many retries the present series has asked for: 0 before the first failure. */
  readonly attempt: number;
  /** To be called at each failure: milliseconds until the next try, or `undefined` to give up. */
  readonly next: () => number | undefined;
  /**
   * To be called when what is retried works again. If it then goes on for `resetAfter`, the next failure begins a new series.
   */
  readonly succeeded: () => void;
}

/** Where a series gets the time and its random numbers from. */
export interface RetrySeriesOptions {
  /** Milliseconds. Only differences count, and time that goes backwards counts as none. */
  readonly now: () => number;
  /** From 0 up to but not including 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * Walks through `schedule`, one failure after another. `retryWith` and the proxy's reconnecting are made with this; it
 * sets no timer itself.
 *
 * @throws RangeError from `next` where the schedule answers with a wait that is negative or no number.
 *
 * @example
 * ```ts
 * import { exponential } from 'greengrass-rx';
 * import { startSeries } from 'greengrass-rx/schedule';
 *
 * const series = startSeries(exponential(100), { now: () => performance.now() });
 * console.log([series.next(), series.next()]); // [ 100, 200 ]
 * ```
 */
export function startSeries(schedule: Schedule, { now, random = Math.random }: RetrySeriesOptions): RetrySeries {
  let attempt = 0;
  let firstFailureAt = 0;
  let previousDelay = 0;
  /** `undefined` while it is failing. */
  let workingSince: number | undefined;

  const isStable = (at: number): boolean =>
    workingSince !== undefined && schedule.resetAfter !== undefined && at - workingSince >= schedule.resetAfter;

  return {
    get attempt() {
      return attempt;
    },
    next: () => {
      const at = now();
      if (isStable(at)) attempt = 0;
      workingSince = undefined;
      if (attempt === 0) {
        firstFailureAt = at;
        previousDelay = 0;
      }
      attempt++;
      const elapsed = Math.max(0, at - firstFailureAt);
      const delay = atOnce(schedule.delay({ attempt, elapsed, previousDelay, random }), "a schedule's delay");
      if (delay === undefined) return undefined;
      if (!(delay >= 0)) throw new RangeError(`A schedule asked for a wait of ${delay} milliseconds. A wait is 0 or more.`);
      previousDelay = delay;
      return delay;
    },
    succeeded: () => {
      workingSince = now();
    },
  };
}
