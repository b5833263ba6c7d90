import { checkAtLeast, checkPositiveTime, checkTime } from '../shared/check-argument.js';
import { withDelay, type Schedule } from './schedule.js';

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
 * console.log(schedule.delay({ attempt: 20, elapsedMilliseconds: 0, previousDelayMilliseconds: 0, random: () => 0.5 })); // 15000
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
 * console.log(schedule.delay({ attempt: 3, elapsedMilliseconds: 200, previousDelayMilliseconds: 100, random: Math.random })); // undefined
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
 * console.log(schedule.delay({ attempt: 3, elapsedMilliseconds: 800, previousDelayMilliseconds: 400, random: Math.random })); // undefined
 * ```
 */
export function budgeted(milliseconds: number): (schedule: Schedule) => Schedule {
  checkPositiveTime(milliseconds, 'The budget of budgeted()');
  return schedule =>
    withDelay(schedule, (delay, { elapsedMilliseconds }) => (elapsedMilliseconds + delay > milliseconds ? undefined : delay));
}
