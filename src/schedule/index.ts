/**
 * When to try again: schedules that compose, and a series of waits for a loop of your own.
 *
 * @packageDocumentation
 */
export {
  budgeted,
  capped,
  equalJitter,
  exponential,
  fixed,
  fullJitter,
  limited,
  resetAfter,
  type RetryStep,
  type Schedule,
} from './schedule.js';
export { type RetrySeries, type RetrySeriesOptions, startSeries } from './retry-series.js';
