import type { Moment, StoreSettings } from '../../src/outbox/store.js';

export const at = (age: number): Moment => ({ timeOfDay: 1_700_000_000_000 + age, age });

export const SETTINGS: StoreSettings = { maxBytes: 8 << 20, maxAge: Infinity, onFull: 'dropOldest' };

/** Everything, from the first place on. */
export const ALL = { from: 0, before: Number.MAX_SAFE_INTEGER, messages: 1_000, bytes: 1 << 20 } as const;
