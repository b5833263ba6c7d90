/**
 * Durable store-and-forward: what was stored is sent, through times without a connection, ends of the process, and power cuts.
 *
 * @packageDocumentation
 */
export { openOutbox, type OutboxOptions } from './open-outbox.js';
export type { DeleteWhen, Outbox, OutboxDepth } from './outbox.js';
export type { CommitOptions } from './group-commit.js';
export { type Stored, type StoreFailure, storeIn, type StoreInOptions } from './store-in.js';
export type { LostRange, StoreCounts } from './store.js';
export { envelope, type EnvelopeOptions, type Mark, markOf, type MarkWith, payloadOf } from './mark.js';
export { forwardFrom, type ForwardOptions } from './forward-from.js';
export type { Forwarded, ForwardFailure, ForwardPort } from './outcomes.js';
export { meterOutbox } from './meter-outbox.js';
export { dedupe, missing, type MissingMessages, type MissingOptions, type ReceivedOptions } from './received.js';
