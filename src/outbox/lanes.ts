import type { StoredRecord } from './store.js';

/** Messages handed out by the store and not sent yet, in their order. */
export interface Lane {
  readonly name: 'live' | 'backlog';
  waiting: StoredRecord[];
  /** The store is being asked. */
  asking: boolean;
  /** The store had no more when it was last asked. */
  dry: boolean;
}

/** What goes next. */
export interface Turn {
  readonly lane: Lane;
  readonly index: number;
  readonly record: StoredRecord;
}

/** The live lane and the backlog: whose turn is next, and which keys have a message under way. */
export class Lanes {
  readonly live: Lane = { name: 'live', waiting: [], asking: false, dry: false };
  readonly backlog: Lane = { name: 'backlog', waiting: [], asking: false, dry: false };
  /** From this place on it is live; with `inTurn` all is in one lane. */
  liveFrom = 0;
  /** Before this place it waited for a connection. */
  replayedBefore = 0;
  readonly #share: number | 'inTurn';
  readonly #underWay = new Map<number, StoredRecord>();
  /** Turns the backlog has earned. */
  #credit = 0;

  constructor(share: number | 'inTurn') {
    this.#share = share;
  }

  get all(): readonly Lane[] {
    return [this.live, this.backlog];
  }

  /** Whether anything waits to be sent. */
  get isWaiting(): boolean {
    return this.live.waiting.length + this.backlog.waiting.length > 0;
  }

  /** How many are being sent. */
  get sending(): number {
    return this.#underWay.size;
  }

  /** The connection is up again: what is stored before `nextPlace` waited. */
  split(nextPlace: number): void {
    this.replayedBefore = nextPlace;
    if (this.#share === 'inTurn') return;
    this.liveFrom = nextPlace;
    const { live, backlog } = this;
    const moved = live.waiting.filter(({ place }) => place < nextPlace);
    live.waiting = live.waiting.filter(({ place }) => place >= nextPlace);
    backlog.waiting = [...backlog.waiting, ...moved].sort(inOrder);
    backlog.dry = false;
  }

  laneOf({ place }: StoredRecord): Lane {
    return place < this.liveFrom ? this.backlog : this.live;
  }

  /** The backlog when it has earned it, else what is live. */
  next(): Turn | undefined {
    const busy = new Set<string>();
    for (const record of this.#underWay.values()) busy.add(keyIn(this.laneOf(record), record.key));
    const turns = this.#credit >= 1 - 1e-9 ? [this.backlog, this.live] : this.all;
    for (const lane of turns) {
      const index = lane.waiting.findIndex(({ key }) => !busy.has(keyIn(lane, key)));
      const record = lane.waiting[index];
      if (record !== undefined) return { lane, index, record };
    }
    return undefined;
  }

  /** It is being sent. */
  take({ lane, index, record }: Turn): void {
    lane.waiting.splice(index, 1);
    this.#underWay.set(record.place, record);
    if (lane === this.backlog) this.#credit = Math.max(0, this.#credit - 1);
    else if (this.#share !== 'inTurn' && this.backlog.waiting.length > 0) this.#credit += (1 - this.#share) / this.#share;
  }

  /** It is not under way any more, and the next of its key may be. */
  leave({ place }: StoredRecord): void {
    this.#underWay.delete(place);
  }

  /** It was not sent: it is the first of its key again, since no other of that key was under way. */
  giveBack(record: StoredRecord): void {
    this.leave(record);
    const lane = this.laneOf(record);
    const at = lane.waiting.findIndex(other => inOrder(record, other) < 0);
    lane.waiting.splice(at < 0 ? lane.waiting.length : at, 0, record);
  }

  /** All that has been handed out, for the end: what is being sent, and what waits. */
  clear(): { readonly sending: readonly StoredRecord[]; readonly waiting: readonly StoredRecord[] } {
    const all = { sending: [...this.#underWay.values()], waiting: this.all.flatMap(({ waiting }) => waiting) };
    this.#underWay.clear();
    for (const lane of this.all) lane.waiting = [];
    return all;
  }
}

function inOrder(a: StoredRecord, b: StoredRecord): number {
  return b.priority - a.priority || a.place - b.place;
}

function keyIn(lane: Lane, key: string): string {
  return `${lane.name} ${key}`;
}
