/**
 * Every failure this library hands out, as one tagged union, a file a layer. Each is a value on a stream's or task's left side, and also an
 * `Error`, so that it can be thrown, logged and chained without losing anything.
 *
 * @packageDocumentation
 */
export { type BufferBound, isFailure, type Kind, type Operation } from './failure.js';
export * from './connection.js';
export * from './requests.js';
export * from './codec.js';
export * from './operators.js';
export * from './sinks.js';
export * from './component.js';
export * from './outbox.js';
