export { type Aggregate, aggregate, type AggregateParts, type AggregateState, defineAggregate, type TimeSpan } from './aggregate.js';
export { collect, distinctCount, type DistinctCount } from './distinct-count.js';
export { count, mean, rate, type SpreadOptions, stddev, sum, variance } from './sums.js';
export { type AtAnEnd, first, last, max, min } from './ends.js';
export { histogram, type Histogram, percentile, type PercentileOptions, percentiles } from './distribution.js';
