import { channel } from 'node:diagnostics_channel';
import { asyncScheduler, concat, map, type Observable, type SchedulerLike } from 'rxjs';
import type { Decoder } from '../codec/codec.js';
import { checkPositiveTime } from '../shared/check-argument.js';
import { every, waiting } from '../schedule/clock.js';
import { LedgerAccount, type OutboxAccount, type StageAccount, type StageKind } from './account.js';
import type { StageDeclaration } from './declaration.js';
import { endingAs, Feed, type FeedAccount, feedBeingSubscribed } from '../stream/feed.js';

/** What a ledger knows at one moment. */
export interface LedgerSnapshot {
  readonly stages: readonly StageAccount[];
  readonly feeds: readonly FeedAccount[];
  /** What the outboxes that were opened hold, as each was last seen. */
  readonly outboxes: readonly OutboxAccount[];
}

/** What is published on the diagnostics channels `greengrass-rx:stage:start`, `:overflow` and `:end`. */
export interface StageEvent {
  readonly account: StageAccount;
}

/** How many names a ledger tells apart. Further names share one account, so that names made from data cannot fill the memory. */
const MAX_NAMES = 1_000;
const OTHERS = '(other stages)';

const started = channel('greengrass-rx:stage:start');
const overflowed = channel('greengrass-rx:stage:overflow');
const ended = channel('greengrass-rx:stage:end');

/**
 * Counts what goes through stages. Stages of one operator and name share one account, over all their subscriptions; a stage without a
 * name has the name of its operator, such as `publishTo`.
 */
export class Ledger {
  readonly #accounts = new Map<string, LedgerAccount>();
  readonly #feeds = new Map<string, Feed>();
  readonly #outboxes = new Map<string, OutboxAccount>();

  /** All accounts and feeds as they are now, and all outboxes as they were last seen. */
  snapshot(): LedgerSnapshot {
    return {
      stages: [...this.#accounts.values()].map(account => account.snapshot()),
      feeds: [...this.#feeds.values()].filter(feed => feed.known).map(feed => feed.snapshot()),
      outboxes: [...this.#outboxes.values()],
    };
  }

  /** @internal What went into each stage, by kind and name, also into those that no other stage is known to feed. */
  feeds(): ReadonlyMap<string, FeedAccount> {
    return new Map([...this.#feeds].map(([key, feed]) => [key, feed.snapshot()]));
  }

  /** A snapshot at once and every `milliseconds`. Never completes; costs nothing while nobody subscribes. */
  observe(milliseconds: number, scheduler: SchedulerLike = asyncScheduler): Observable<LedgerSnapshot> {
    checkPositiveTime(milliseconds, 'The time between two snapshots');
    return concat(waiting(0, scheduler), every(milliseconds, scheduler)).pipe(map(() => this.snapshot()));
  }

  /** @internal A stage is being subscribed; `declaration` has its options. */
  open(kind: StageKind, wanted: string = kind, declaration: StageDeclaration = {}): LedgerEntry {
    if (recording !== undefined && recording !== this) return recording.open(kind, wanted, declaration);
    const name = this.#accounts.has(`${kind} ${wanted}`) || this.#accounts.size < MAX_NAMES ? wanted : OTHERS;
    const key = `${kind} ${name}`;
    return new LedgerEntry(
      entryOf(this.#accounts, key, () => new LedgerAccount(kind, name)),
      entryOf(this.#feeds, key, () => new Feed(name)),
    );
  }

  /** @internal Where a dry run notes who reads the messages of a subscription that several share. */
  readonly onShared: ((reading: SharedReading) => void) | undefined = undefined;

  /**
   * @internal Takes the present account of an outbox' file. If there are too many files, the one that was updated longest ago is forgotten.
   */
  outbox(account: OutboxAccount): void {
    if (recording !== undefined && recording !== this) {
      recording.outbox(account);
      return;
    }
    const outboxes = this.#outboxes;
    outboxes.delete(account.path);
    outboxes.set(account.path, account);
    for (const oldest of outboxes.keys()) {
      if (outboxes.size <= MAX_NAMES) break;
      outboxes.delete(oldest);
    }
  }
}

function entryOf<A>(entries: Map<string, A>, key: string, make: () => A): A {
  const existing = entries.get(key);
  if (existing !== undefined) return existing;
  const made = make();
  entries.set(key, made);
  return made;
}

/** One subscription of a stage, as its ledger sees it. */
export class LedgerEntry {
  readonly account: LedgerAccount;
  /** From whatever feeds this stage into it. */
  readonly into: Feed;
  /** From this stage into the next, where that one is subscribing to it. */
  readonly out: Feed | undefined;

  constructor(account: LedgerAccount, into: Feed) {
    this.account = account;
    this.into = into;
    this.out = feedBeingSubscribed();
    this.out?.from.add(account.name);
    account.active++;
    if (started.hasSubscribers) started.publish({ account: account.snapshot() } satisfies StageEvent);
  }

  /** A value has come. Returns its bytes. What `sizeOf` throws is thrown on, and the value is counted as failed. */
  receive<A>(value: A, sizeOf: (value: A) => number): number {
    this.into.received++;
    let bytes: number;
    try {
      bytes = sizeOf(value);
    } catch (error) {
      this.account.receive(0);
      this.account.failAtOnce(0);
      throw error;
    }
    this.account.receive(bytes);
    return bytes;
  }

  /** A result goes on into the next stage, where there is one. */
  send(): void {
    if (this.out !== undefined) this.out.sent++;
  }

  /** Completes what comes after this stage; a dry run notes what else ends with it. */
  complete(destination: { readonly complete: () => void }): void {
    if (recording === undefined) destination.complete();
    else endingAs(this.account.name, () => destination.complete());
  }

  overflow(): void {
    if (overflowed.hasSubscribers) overflowed.publish({ account: this.account.snapshot() } satisfies StageEvent);
  }

  close(): void {
    this.account.active--;
    if (ended.hasSubscribers) ended.publish({ account: this.account.snapshot() } satisfies StageEvent);
  }
}

/** While it is set, this ledger counts instead of all others. */
let recording: Ledger | undefined;

/**
 * Does the work, which must be synchronous, and lets `ledger` count every stage that is subscribed meanwhile, whatever ledger the stage was
 * given: what a dry run does must not be in the process' own accounts.
 *
 * @internal
 */
export function recordedBy<A>(ledger: Ledger, work: () => A): A {
  const outer = recording;
  recording = ledger;
  try {
    return work();
  } finally {
    recording = outer;
  }
}

/** How one of those who share a subscription reads its messages. */
export interface SharedReading {
  readonly isLocal: boolean;
  readonly filter: string;
  readonly codec: Decoder<unknown>;
}

/** @internal Tells a dry run, which sends no messages by which it could be seen, how they are read. */
export function noteShared(reading: SharedReading): void {
  recording?.onShared?.(reading);
}

/** @internal Whether a dry run is recording. What only a dry run wants to know is told only then. */
export function isRecording(): boolean {
  return recording !== undefined;
}

/** The ledger of every stage that was not given another. */
export const ledger: Ledger = new Ledger();
