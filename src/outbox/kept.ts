import type { StoredRecord } from './store.js';

/** A message that the nucleus took, and that is not deleted yet. */
export interface KeptMessage {
  readonly record: StoredRecord;
  /** When it has been kept long enough, or waited for long enough. */
  readonly until: number;
}

/** Messages that may be kept at once: their ids are in memory. */
export const MOST_KEPT = 10_000;

/** What names a message to who receives it. */
export const idOf = ({ epoch, stream, number }: { readonly epoch: string; readonly stream: string; readonly number: number }): string =>
  `${epoch} ${number} ${stream}`;

/** Messages that were taken and not deleted: until they are confirmed, or long enough ago. All wait equally long, so the first is due first. */
export class Kept {
  private readonly messages = new Map<string, KeptMessage>();
  private readonly time: number;

  constructor(time: number) {
    this.time = time;
  }

  get size(): number {
    return this.messages.size;
  }

  /** When the first is due. */
  get next(): number | undefined {
    for (const { until } of this.messages.values()) return until;
    return undefined;
  }

  add(record: StoredRecord, now: number): void {
    // Of those waited for only the id is needed.
    this.messages.set(idOf(record), { record: { ...record, payload: NO_BYTES }, until: now + this.time });
  }

  /** It has been seen. `undefined`: none of these. */
  take(id: string): KeptMessage | undefined {
    const found = this.messages.get(id);
    this.messages.delete(id);
    return found;
  }

  /** Those whose time has come. */
  due(now: number): readonly KeptMessage[] {
    const due: KeptMessage[] = [];
    for (const [id, message] of this.messages) {
      if (message.until > now) break;
      this.messages.delete(id);
      due.push(message);
    }
    return due;
  }

  /** All of them. */
  clear(): readonly KeptMessage[] {
    const all = [...this.messages.values()];
    this.messages.clear();
    return all;
  }
}

const NO_BYTES = new Uint8Array(0);
