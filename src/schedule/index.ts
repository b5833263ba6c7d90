export { exponential, fixed } from './backoff.js';
export { budgeted, capped, limited } from './bounds.js';
export { equalJitter, fullJitter } from './jitter.js';
export { resetAfter } from './reset-after.js';
export { retryErrorsWith } from './retry-errors-with.js';
export type { Retry, RetryOptions } from './retry-options.js';
export { type RetrySeries, type RetrySeriesOptions, startSeries } from './retry-series.js';
export { retryWith, type RetryWithOptions } from './retry-with.js';
export type { RetryStep, Schedule } from './schedule.js';
