export type { Amount, StageAccount } from './account.js';
export type { BufferPolicy } from './buffer-policy.js';
export type { EdgeAccount } from './edge.js';
export { Ledger, ledger, type LedgerSnapshot, type StageEvent } from './ledger.js';
export type { FailedPublish, Published, PublishFailure, PublishOutcome } from './publish-outcome.js';
export { publishTo, type PublishPort, type PublishTo, type PublishToOptions } from './publish-to.js';
export type { Stage, StageOptions } from './stage.js';
