/**
 * Durable store-and-forward: what was stored is sent, through times without a connection, ends of the process, and power cuts.
 *
 * @packageDocumentation
 */
export { openOutbox } from './open-outbox.js';
export type { OutboxOptions } from './open-outbox.js';
export type { DeleteWhen, Outbox, OutboxDepth } from './outbox.js';
export type { CommitOptions } from './group-commit.js';
export { storeIn } from './store-in.js';
export type { Stored, StoreFailure, StoreInOptions } from './store-in.js';
export type { LostRange, StoreCounts } from './store.js';
export { envelope } from './envelope.js';
export type { EnvelopeOptions } from './envelope.js';
export { forwardFrom } from './forward-from.js';
export type { ForwardOptions } from './forward-from.js';
export type { Forwarded, ForwardFailure, ForwardPort } from './forwarded.js';
export { markOf, payloadOf } from './mark.js';
export type { Mark, MarkWith } from './mark.js';
export { meterOutbox } from './meter-outbox.js';
export { dedupe, missing } from './received.js';
export type { MissingMessages, MissingOptions, ReceivedOptions } from './received.js';
