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
  /** How many had been taken by then, including this one. */
  readonly nth: number;
}

/** Messages that may be kept at once: their ids are in memory. */
export const MAX_KEPT = 10_000;

/** What names a message to who receives it. */
export function idOf({ epoch, stream, number }: { readonly epoch: string; readonly stream: string; readonly number: number }): string {
  return `${epoch} ${number} ${stream}`;
}

/**
 * Messages that were taken and are not deleted until they are confirmed, or were taken long enough ago. All wait equally long, so the first
 * is due first.
 */
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
    // Without its payload: only its id is needed.
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

interface Sample {
  /** How many messages had been taken when it was sent. */
  readonly taken: number;
  /** When it counts as lost. */
  readonly until: number;
}

/** Milliseconds until a sample that was refused is followed by another. */
const AGAIN = 1_000;

/** Which small messages are sent to be seen back, and what each says of the messages that were taken before it. */
export class Samples {
  readonly #every: number;
  readonly #within: number;
  readonly #id: string;
  /** Those that are out, by their text, in the order they were sent in. */
  readonly #out = new Map<string, Sample>();
  #nth = 0;
  #taken = 0;
  /** How many of them a sample has been sent for. */
  #covered = 0;
  #waitsSince = 0;
  #pausedUntil = 0;

  /**
   * @param every messages to a sample.
   * @param within milliseconds in which a sample has to come back. Messages wait for a sample half as long at most.
   */
  constructor(every: number, within: number, id: string) {
    this.#every = every;
    this.#within = within;
    this.#id = id;
  }

  /** So many messages have been taken. */
  taken(count: number, now: number): void {
    if (this.#taken === this.#covered) this.#waitsSince = now;
    this.#taken = count;
  }

  /** Milliseconds until the next sample is due; 0: now. `Infinity`: none is needed. */
  wait(now: number): number {
    const waiting = this.#taken - this.#covered;
    if (waiting === 0) return Infinity;
    return Math.max(0, waiting >= this.#every ? 0 : this.#waitsSince + this.#within / 2 - now, this.#pausedUntil - now);
  }

  /** What was taken waits for a sample no longer. Returns whether that changes anything. */
  hurry(): boolean {
    if (this.#taken === this.#covered || this.#waitsSince === -Infinity) return false;
    this.#waitsSince = -Infinity;
    return true;
  }

  /** The text of the next, which is being sent. */
  next(now: number): string {
    const text = `${this.#id} ${++this.#nth}`;
    this.#out.set(text, { taken: this.#taken, until: now + this.#within });
    this.#covered = this.#taken;
    return text;
  }

  /** It was not sent. */
  refused(text: string, now: number): void {
    if (!this.#out.delete(text)) return;
    this.#covered = Math.max(0, ...[...this.#out.values()].map(({ taken }) => taken));
    this.#waitsSince = -Infinity;
    this.#pausedUntil = now + AGAIN;
  }

  /** How many had been taken when this sample was sent: all of them have reached the cloud. `undefined`: no such sample is out. */
  cameBack(text: string): number | undefined {
    const found = this.#out.get(text);
    if (found === undefined) return undefined;
    // Those before it are of no use any more.
    for (const sent of this.#out.keys()) {
      this.#out.delete(sent);
      if (sent === text) break;
    }
    return found.taken;
  }

  /** When the first that is out counts as lost. `Infinity`: none is out. */
  get dueAt(): number {
    for (const { until } of this.#out.values()) return until;
    return Infinity;
  }

  /** How many had been taken when the last sample was sent that did not come back in time. `undefined`: there is none. */
  overdue(now: number): number | undefined {
    let taken: number | undefined;
    for (const [text, sample] of this.#out) {
      if (sample.until > now) break;
      this.#out.delete(text);
      taken = sample.taken;
    }
    return taken;
  }

  /** What was taken is not waited for any more. */
  clear(): void {
    this.#out.clear();
    this.#covered = this.#taken;
  }
}
