export { openOutbox } from './open-outbox.js';
export type { Outbox, OutboxDepth, OutboxOptions } from './open-outbox.js';
export type { CommitOptions } from './group-commit.js';
export { storeIn } from './store-in.js';
export type { Stored, StoreFailure, StoreInOptions } from './store-in.js';
export type { LostRange, StoreCounts } from './store.js';
