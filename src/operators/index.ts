/**
 * Operators that make less of a stream before it is published. Plain RxJS: each takes an Observable and gives one, and none knows a proxy.
 *
 * @packageDocumentation
 */
export { type AdaptOptions, isWayFull } from './rate-governor.js';
export * from './aggregates/index.js';
/** All aggregates under one name: `agg.count()`, `agg.max(…)` and the others beside RxJS' operators `count` and `max`. */
export * as agg from './aggregates/index.js';
export { atRate, type AtRateOptions } from './at-rate.js';
export { type Band, deadband, type DeadbandOptions, narrowband } from './deadband.js';
export { changeOf, type ChangeOfOptions } from './change-of.js';
export { dedupe, type DedupeOptions } from './dedupe.js';
export { encodeBatches, type EncodeBatchesOptions, type EncodedBatch } from './encode-batches.js';
export { flattenIterable } from './flatten-iterable.js';
export { governRate, type GovernRateOptions, type RateLimits, type RateMode } from './govern-rate.js';
export type { HoldBackOptions } from './hold-back.js';
export { type AlarmCleared, type AlarmRaised, type AlarmTransition, hysteresis, type HysteresisOptions } from './hysteresis.js';
export {
  IOT_CORE_LIMITS,
  Meter,
  type Metered,
  METERED_BYTES,
  meteredBytes,
  meteredUnits,
  type MeterReading,
  savings,
  type Savings,
} from './meter.js';
export type { KeyedOptions, OnGap } from './keyed-operator.js';
export type { EvictedKey, KeyBounds, Keyed, KeyEvictEvent } from './keyed-state.js';
export { type RateOfChange, rateOfChange, type RateOfChangeOptions } from './rate-of-change.js';
export { route, type On, type OnTopic, type Route, type RouteOptions } from './route.js';
export { hopping, type HoppingOptions, tumbling, type TumblingOptions } from './windows/aligned-windows.js';
export { countWindow, type CountWindowOptions } from './windows/count-window.js';
export { session, type SessionOptions } from './windows/session.js';
export { sliding, type SlidingOptions } from './windows/sliding.js';
export type {
  ClosedBy,
  EventTime,
  OnWindowGap,
  Timestamps,
  Windowed,
  WindowError,
  WindowOptions,
  WindowResult,
} from './windows/window-options.js';
