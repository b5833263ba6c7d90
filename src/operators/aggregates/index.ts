export { type Aggregate, aggregate, type AggregateParts, type AggregateState, defineAggregate, type TimeSpan } from './aggregate.js';
export { collect, distinctCount, type DistinctCount } from './distinct-count.js';
export { count, mean, rate, sum } from './sum.js';
export { type AtAnEnd, first, last, max, min } from './ends.js';
export { histogram, type Histogram } from './histogram.js';
export { percentile, percentiles, type PercentileOptions } from './percentile.js';
export { stddev, variance, type SpreadOptions } from './spread.js';
