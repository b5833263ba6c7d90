import { withDelay, type Schedule } from './schedule.js';

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
 * console.log(schedule.delay({ attempt: 2, elapsedMilliseconds: 0, previousDelayMilliseconds: 0, random: () => 0.25 })); // 50
 * ```
 */
export const fullJitter = (schedule: Schedule): Schedule =>
  withDelay(schedule, (delay, { random }) => (delay === Infinity ? delay : delay * random()));

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
 * console.log(schedule.delay({ attempt: 1, elapsedMilliseconds: 0, previousDelayMilliseconds: 0, random: () => 0.5 })); // 750
 * ```
 */
export const equalJitter = (schedule: Schedule): Schedule =>
  withDelay(schedule, (delay, { random }) => (delay === Infinity ? delay : (delay + delay * random()) / 2));
