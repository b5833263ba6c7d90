/**
 * Stages, where values wait or are worked on, the bridges into and out of streams, and the ledger that counts all of them: everything of
 * them, down to the types of their parts.
 *
 * @packageDocumentation
 */
export type { Amount, OutboxAccount, StageAccount, StageKind } from './account.js';
export type { DeclaredBuffer, DeclaredMarks, DeclaredTopic, StageDeclaration } from './declaration.js';
export type { BufferPolicy } from './bounded-buffer.js';
export type { FeedAccount } from '../stream/feed.js';
export { Ledger, ledger, type LedgerSnapshot, type StageEvent } from './ledger.js';
export type { AcceptedBy, FailedPublish, Published, PublishFailure, PublishOutcome } from './publish-outcome.js';
export { publishOrThrow, publishTo, type PortRules, type PublishPort, type PublishTo, type PublishToOptions } from './publish-to.js';
export { type PublishSinkOptions, publishWritable, type PublishWritableOptions, publishWritableStream } from './publish-writable.js';
export type { Stage, StageOptions } from './stage.js';
export { concurrently, type Concurrently, type ConcurrentlyOptions } from './concurrently.js';
export type { ResultOf, Work } from './job.js';
export { counted, type CountedOptions } from './counted.js';
export { type MeterLike, meterStages, type MetricAttributes, type MetricObserver, type ObservableMetric } from './open-telemetry.js';
export { batch, type BatchOptions } from './batch.js';
export { type Pullable, pullThrough } from './pull-through.js';
export { type Iterated, toAsyncIterable, toReadable, type ToReadableOptions } from './to-async-iterable.js';
