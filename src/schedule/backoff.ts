import { checkAtLeast, checkPositiveTime, checkTime } from '../shared/check-argument.js';
import type { Schedule } from './schedule.js';

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
 * console.log(threeTimesASecondApart.resetAfterMilliseconds); // undefined
 * ```
 */
export function fixed(milliseconds: number): Schedule {
  checkTime(milliseconds, 'The wait of fixed()');
  return { delay: () => milliseconds, resetAfterMilliseconds: undefined };
}

/**
 * Waits that grow: `baseMilliseconds`, then `factor` times as long before each further retry, and no end of them. Follow
 * it with `capped`, or the waits come to days.
 *
 * @param baseMilliseconds The first wait, above 0.
 * @param factor At least 1. Default 2.
 * @throws RangeError where an argument is out of range.
 *
 * @example
 * ```ts
 * import { capped, exponential } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const schedule = pipe(exponential(100), capped(1_000)); // 100, 200, 400, 800, 1000, 1000, …
 * console.log(schedule.delay({ attempt: 3, elapsedMilliseconds: 300, previousDelayMilliseconds: 200, random: Math.random })); // 400
 * ```
 */
export function exponential(baseMilliseconds: number, factor = 2): Schedule {
  checkPositiveTime(baseMilliseconds, 'The first wait of exponential()');
  checkAtLeast(factor, 'The factor of exponential()', 1);
  // Infinity would turn into NaN in a jitter that draws 0.
  return {
    delay: ({ attempt }) => Math.min(baseMilliseconds * factor ** (attempt - 1), Number.MAX_SAFE_INTEGER),
    resetAfterMilliseconds: undefined,
  };
}
