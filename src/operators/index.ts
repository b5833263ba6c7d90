/**
 * Operators that make less of a stream before it is published. Plain RxJS: each takes an Observable and gives one, and none knows a proxy.
 *
 * @packageDocumentation
 */
export type { Band } from './band.js';
export { deadband, type DeadbandOptions } from './deadband.js';
export type { HoldBackOptions } from './hold-back.js';
export type { KeyedOptions } from './keyed-operator.js';
export type { EvictedKey, KeyBounds, Keyed, KeyEvictEvent } from './keyed-state.js';
export { narrowband } from './narrowband.js';
export type { OnGap } from './on-gap.js';
