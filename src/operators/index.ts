/**
 * Operators that make less of a stream before it is published. Plain RxJS: each takes an Observable and gives one, and none knows a proxy.
 *
 * @packageDocumentation
 */
export { type AdaptOptions, isWayFull } from './adapted-share.js';
export * from './aggregates/index.js';
/** All aggregates under one name: `agg.count()`, `agg.max(…)` and the others beside RxJS' operators `count` and `max`. */
export * as agg from './aggregates/index.js';
export { atRate, type AtRateOptions } from './at-rate.js';
export type { Band } from './band.js';
export { changeOf, type ChangeOfOptions } from './change-of.js';
export { deadband, type DeadbandOptions } from './deadband.js';
export { dedupe, type DedupeOptions } from './dedupe.js';
export { encodeBatches, type EncodeBatchesOptions } from './encode-batches.js';
export type { EncodedBatch } from './encoded-batch.js';
export { flattenIterable } from './flatten-iterable.js';
export { governRate, type GovernRateOptions, type RateLimits, type RateMode } from './govern-rate.js';
export type { HoldBackOptions } from './hold-back.js';
export { type AlarmCleared, type AlarmRaised, type AlarmTransition, hysteresis, type HysteresisOptions } from './hysteresis.js';
export { IOT_CORE_LIMITS } from './iot-core-limits.js';
export type { KeyedOptions } from './keyed-operator.js';
export type { EvictedKey, KeyBounds, Keyed, KeyEvictEvent } from './keyed-state.js';
export { Meter, type MeterReading } from './meter.js';
export { METERED_BYTES, meteredBytes, meteredUnits, type Metered } from './metered-units.js';
export { narrowband } from './narrowband.js';
export type { OnGap } from './on-gap.js';
export { type RateOfChange, rateOfChange, type RateOfChangeOptions } from './rate-of-change.js';
export { route, type On, type OnTopic, type Route, type RouteOptions } from './route.js';
export { savings, type Savings } from './savings.js';
export * from './windows/index.js';
