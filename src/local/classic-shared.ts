import type { ClassicSpool, SpoolLimits } from './classic-spool.js';
import type { ProfileContext } from './protocol.js';
import type { Subscription } from './subscription-table.js';

/** Limits of the classic nucleus that a device's configuration can change. */
export interface ClassicLimits {
  readonly spool: SpoolLimits;
  /** The largest payload, in bytes: 128 KiB. */
  readonly maxPayload: number;
}

/** A subscription of the classic nucleus, with the way to end it from this side. */
export interface ClassicSubscription extends Subscription {
  readonly terminate: (frame: Buffer) => void;
}

/** What the connections of a classic nucleus work with. */
export interface ClassicShared {
  readonly context: ProfileContext;
  readonly limits: ClassicLimits;
  readonly spool: ClassicSpool;
  readonly subscribe: (subscription: ClassicSubscription, qos: 0 | 1) => void;
  readonly unsubscribe: (subscription: ClassicSubscription) => void;
}
