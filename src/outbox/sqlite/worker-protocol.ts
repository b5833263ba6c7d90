import type { Fate, Moment, Opened, Put, StoreNews, StoreSettings, Taken, TakeRequest } from '../store.js';

/** How the store in the worker is set up. */
export interface WorkerSettings extends StoreSettings {
  /** The database; beside it are its WAL (`-wal`) and the mark (`-mark`). */
  readonly path: string;
  /** What tells this run of the machine from others: a number below 2^31. 0: not known, as on Windows. */
  readonly boot: number;
  /** The folder that is synced where a name in it has changed. `undefined`: none can be, as on Windows. */
  readonly syncedFolder: string | undefined;
}

/** Messages side by side: one buffer and two lists cross to the worker, instead of an object for each message. */
export interface PackedRecords {
  readonly messages: number;
  /** For each: stream, key, topic name, members. */
  readonly texts: readonly string[];
  /** For each: priority, stored at, expires in (NaN: never), qos, bytes of payload. */
  readonly numbers: Float64Array;
  /** All payloads, one after the other. */
  readonly payloads: Uint8Array;
}

/** Messages on their way out, side by side. */
export interface PackedStored {
  readonly messages: number;
  /** For each: epoch, stream, key, topic name, members. */
  readonly texts: readonly string[];
  /** For each: place, number, priority, stored at, qos, attempts, suspect, bytes of payload. */
  readonly numbers: Float64Array;
  readonly payloads: Uint8Array;
  /** For each: first and last of each range that is lost. */
  readonly lost: readonly (readonly number[])[];
}

/** What the worker is asked. */
export type WorkerRequest =
  | { readonly id: number; readonly op: 'open'; readonly now: Moment; readonly epoch: string }
  | { readonly id: number; readonly op: 'put'; readonly now: Moment; readonly records: PackedRecords }
  | { readonly id: number; readonly op: 'take'; readonly now: Moment; readonly take: TakeRequest }
  | { readonly id: number; readonly op: 'settle'; readonly now: Moment; readonly fates: readonly Fate[] }
  | { readonly id: number; readonly op: 'close' };

/** What the worker found wrong. */
export interface WorkerFailure {
  readonly reason: 'disk-full' | 'read-only' | 'busy' | 'damaged' | 'unreadable' | 'sync-failed' | 'needs-newer-node' | 'unusable';
  readonly message: string;
}

/** What is answered to each kind of request, beside the depth and the counts. */
export interface WorkerResults {
  readonly open: Omit<Opened, keyof StoreNews>;
  readonly put: Omit<Put, keyof StoreNews>;
  readonly take: Omit<Taken, keyof StoreNews | 'records'> & { readonly records: PackedStored };
  readonly settle: object;
  readonly close: object;
}

/** One answer. */
export type WorkerAnswer =
  | { readonly id: number; readonly failure: WorkerFailure }
  | ({ readonly id: number; readonly failure: undefined; readonly result: WorkerResults[keyof WorkerResults] } & StoreNews);
