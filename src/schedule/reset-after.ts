import { checkPositiveTime } from '../shared/check-argument.js';
import type { Schedule } from './schedule.js';

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
 * console.log(schedule.resetAfterMilliseconds); // 60000
 * ```
 */
export function resetAfter(milliseconds: number): (schedule: Schedule) => Schedule {
  checkPositiveTime(milliseconds, 'The stable time of resetAfter()');
  return schedule => ({ ...schedule, resetAfterMilliseconds: milliseconds });
}
