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
  type RetrySeries,
  type RetrySeriesOptions,
  type RetryStep,
  type Schedule,
  startSeries,
} from './schedule.js';
