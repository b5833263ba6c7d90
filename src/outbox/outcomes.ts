import type { Forwarded, Telling } from './forwarded.js';
import type { Settling } from './hand-out.js';
import { Kept, MOST_KEPT } from './kept.js';
import type { DeleteWhen } from './outbox.js';
import type { StoredRecord } from './store.js';

/** How often a message that was not confirmed is sent before it is set aside. */
const MOST_UNCONFIRMED = 5;

/** What becomes of messages after they were sent: they are deleted, kept until they may be, sent again or set aside. */
export class Outcomes {
  readonly #deleteWhen: DeleteWhen;
  readonly #kept: Kept | undefined;
  readonly #settling: Settling;
  readonly #telling: Telling;
  readonly #now: () => number;
  readonly #onReleased: () => void;

  /** @param onReleased a message is handed out again. */
  constructor(
    deleteWhen: DeleteWhen,
    confirmWithin: number,
    settling: Settling,
    telling: Telling,
    now: () => number,
    onReleased: () => void,
  ) {
    this.#deleteWhen = deleteWhen;
    this.#kept = deleteWhen === 'accepted' ? undefined : new Kept(deleteWhen === 'confirmed' ? confirmWithin : deleteWhen.after);
    this.#settling = settling;
    this.#telling = telling;
    this.#now = now;
    this.#onReleased = onReleased;
  }

  /** Messages that were taken and are not deleted yet. */
  get undecided(): number {
    return this.#kept?.size ?? 0;
  }

  /** Whether so many more may be sent. */
  hasRoomFor(messages: number): boolean {
    return this.undecided + messages <= MOST_KEPT;
  }

  /** The nucleus took it. */
  taken(record: StoredRecord, by: Forwarded['by'], replayed: boolean): void {
    const { place } = record;
    if (this.#kept === undefined) this.#settling.add({ place, fate: 'forwarded' });
    else {
      this.#kept.add(record, replayed, this.#now());
      this.#settling.add({ place, fate: 'sent' });
    }
    if (this.#deleteWhen !== 'confirmed') this.#telling.forwarded(record, by, replayed);
  }

  /** It came back. */
  seen(id: string): void {
    const found = this.#kept?.take(id);
    if (found === undefined) return;
    this.#settling.add({ place: found.record.place, fate: 'forwarded' });
    this.#telling.forwarded(found.record, 'cloud', found.replayed);
  }

  /** Of what was taken a while ago: it is done with, or was not seen back and is sent again. Gives the milliseconds until the next. */
  settleDue(): number | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    for (const { record } of kept.due(this.#now())) {
      const { place } = record;
      if (this.#deleteWhen !== 'confirmed') this.#settling.add({ place, fate: 'forwarded' });
      else if (record.attempts + 1 < MOST_UNCONFIRMED) this.#release(place);
      else this.setAside(record, new Error(`It was sent ${MOST_UNCONFIRMED} times and not seen back on its topic.`));
    }
    return kept.next === undefined ? undefined : kept.next - this.#now();
  }

  /** What was taken just before the connection broke may not have come any further. */
  connectionBroke(): void {
    if (typeof this.#deleteWhen === 'object') for (const { record } of this.#kept?.clear() ?? []) this.#release(record.place);
  }

  setAside(record: StoredRecord, cause: Error): void {
    this.#settling.add({ place: record.place, fate: 'setAside', reason: cause.message });
    this.#telling.setAside(record, cause);
  }

  /** What is undecided at the end. */
  clear(): readonly StoredRecord[] {
    return (this.#kept?.clear() ?? []).map(({ record }) => record);
  }

  #release(place: number): void {
    this.#settling.tell([{ place, fate: 'released' }], this.#onReleased);
  }
}
