import type { StoredRecord } from './store.js';

/** A message that the nucleus took, and that is not deleted yet. */
export interface KeptMessage {
  readonly record: StoredRecord;
  /** Whether its receiver was told that it is replayed. */
  readonly replayed: boolean;
  /** When it was taken. */
  readonly since: number;
  /** When it has been kept long enough, or waited for long enough. */
  readonly until: number;
  /** How many had been taken by then, itself among them. */
  readonly nth: number;
}

/** Messages that may be kept at once: their ids are in memory. */
export const MOST_KEPT = 10_000;

/** What names a message to who receives it. */
export function idOf({ epoch, stream, number }: { readonly epoch: string; readonly stream: string; readonly number: number }): string {
  return `${epoch} ${number} ${stream}`;
}

/** Messages that were taken and not deleted: until they are confirmed, or long enough ago. All wait equally long, so the first is due first. */
export class Kept {
  readonly #messages = new Map<string, KeptMessage>();
  readonly #time: number;
  #taken = 0;

  /** @param time milliseconds that each is kept. `Infinity`: until something else says so. */
  constructor(time: number) {
    this.#time = time;
  }

  /** How many have been taken so far. */
  get taken(): number {
    return this.#taken;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** When the first is due. */
  get next(): number | undefined {
    for (const { until } of this.#messages.values()) return until;
    return undefined;
  }

  add(record: StoredRecord, replayed: boolean, now: number): void {
    // Of those waited for only the id is needed.
    const nth = ++this.#taken;
    this.#messages.set(idOf(record), { record: { ...record, payload: NO_BYTES }, replayed, since: now, until: now + this.#time, nth });
  }

  /** It has been seen. `undefined`: none of these. */
  take(id: string): KeptMessage | undefined {
    const found = this.#messages.get(id);
    this.#messages.delete(id);
    return found;
  }

  /** Those whose time has come. */
  due(now: number): readonly KeptMessage[] {
    return this.#takeWhile(({ until }) => until <= now);
  }

  /** All that had been taken when so many had. */
  takeUpTo(taken: number): readonly KeptMessage[] {
    return this.#takeWhile(({ nth }) => nth <= taken);
  }

  /** All of them. */
  clear(): readonly KeptMessage[] {
    const all = [...this.#messages.values()];
    this.#messages.clear();
    return all;
  }

  #takeWhile(isMeant: (message: KeptMessage) => boolean): readonly KeptMessage[] {
    const taken: KeptMessage[] = [];
    for (const [id, message] of this.#messages) {
      if (!isMeant(message)) break;
      this.#messages.delete(id);
      taken.push(message);
    }
    return taken;
  }
}

const NO_BYTES = new Uint8Array(0);
