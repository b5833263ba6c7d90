import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { asyncScheduler, BehaviorSubject, Observable, Subject, type SchedulerLike, type Subscription } from 'rxjs';
import { left, right } from 'fp-ts/lib/Either.js';
import { OutboxUnavailable } from '../errors/errors.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { AgeClock } from './age-clock.js';
import { GroupCommit, type CommitOptions } from './group-commit.js';
import type { MarkWith } from './mark.js';
import { memoryStore } from './memory-store.js';
import { sqliteStore } from './sqlite/sqlite-store.js';
import type { Moment, Opened, Store, StoreCounts, StoreNews } from './store.js';

/** How an outbox keeps messages. */
export interface OutboxOptions {
  /**
   * The file; beside it are its write-ahead log (`-wal`) and its mark (`-mark`). One outbox a file. Default `outbox.sqlite` in the working
   * folder, which Greengrass sets to the component's own work folder. `':memory:'`: no file; what it holds ends with the process.
   */
  readonly path?: string | undefined;
  /** Bytes on the disk, all files together. From 1 MiB on. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds after which a message is not worth sending any more. Default: never. */
  readonly maxAge?: number | undefined;
  /**
   * What gives way when it is full:
   * - `dropOldest` (default): the message that was stored first.
   * - `refuse`: nothing; new messages become `Left(Overflowed)`.
   * - `latestPerKey`: a message that a newer one of its key has overtaken; where there is none, the oldest.
   */
  readonly onFull?: 'dropOldest' | 'refuse' | 'latestPerKey' | undefined;
  /**
   * How each message tells its receiver when it was stored, whether it is replayed, and its id:
   * - `members` (default): as MQTT 5 user properties, which Greengrass Lite does not carry.
   * - `wrap`: as a JSON object around the payload.
   * - a function: as it likes.
   */
  readonly mark?: MarkWith | undefined;
  /** How many messages share one sync of the disk. */
  readonly commit?: CommitOptions | undefined;
  /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** What waits in an outbox. */
export interface OutboxDepth {
  readonly messages: number;
  /** Bytes of topics and payloads. */
  readonly bytes: number;
  /** Milliseconds since the oldest was stored; 0 when nothing waits. */
  readonly age: number;
  /** What became of all that was ever stored in this file: `stored = forwarded + expired + dropped + setAside + damaged + inside`. */
  readonly counts: StoreCounts;
}

/** A store for messages that survives the process and the power. See {@link openOutbox}. */
export interface Outbox extends AsyncDisposable {
  /** The file. */
  readonly path: string;
  /** How its messages are marked. */
  readonly mark: MarkWith;
  /** What waits, from now on and at each change. Opens nothing: before the first stage has, nothing waits. Never completes before `close`. */
  readonly depth$: Observable<OutboxDepth>;
  /** Commits what waits and closes the file. Stages and forwarders that go on get `Left(OutboxUnavailable)`. */
  readonly close: () => Promise<void>;
  /** @internal Opens the file, or shares it; closed a second after the last has let it go. */
  readonly use: () => ObservableEither<OutboxUnavailable<'message'>, OpenOutbox>;
}

/** @internal An outbox whose file is open. */
export interface OpenOutbox {
  readonly store: Store;
  readonly opened: Opened;
  readonly commits: GroupCommit;
  readonly now: () => Moment;
  /** Takes what a store's answer says of its depth. */
  readonly news: (news: StoreNews) => void;
  /** What the store last said of its depth. */
  readonly latest: () => StoreNews;
  /** Emits when messages have been stored. */
  readonly stored$: Observable<void>;
  /** The place that the next message gets, as far as is known here. */
  readonly nextPlace: () => number;
  /** Claims the one place there is for a forwarder. `undefined`: it is taken. Else the function lets it go. */
  readonly claimForwarding: () => (() => void) | undefined;
}

/** Milliseconds a file stays open when nobody uses it: between two stages that follow each other it need not be opened twice. */
const LINGER = 1_000;
const SMALLEST = 1 << 20;

/** Keeps messages until they have been sent. */
export const openOutbox = (options: OutboxOptions = {}): Outbox => {
  const {
    path = 'outbox.sqlite',
    maxBytes = 64 << 20,
    maxAge = Infinity,
    onFull = 'dropOldest',
    mark = 'members',
    commit = {},
    scheduler = asyncScheduler,
  } = options;
  if (!(maxBytes >= SMALLEST)) throw new RangeError(`maxBytes must be a number of bytes from ${SMALLEST} on, not ${maxBytes}.`);
  if (!(maxAge > 0)) throw new RangeError(`maxAge must be a number of milliseconds above 0, not ${maxAge}.`);
  const { messages = 100, within = 100 } = commit;
  if (!(messages >= 1)) throw new RangeError(`commit.messages must be a number from 1 on, not ${messages}.`);
  if (!(within >= 0)) throw new RangeError(`commit.within must be a number of milliseconds from 0 on, not ${within}.`);
  const settings = { maxBytes, maxAge, onFull };
  const file = path === ':memory:' ? path : resolve(path);
  const make = (): Store =>
    path === ':memory:' ? memoryStore(settings, randomUUID) : sqliteStore({ ...settings, path: file }, randomUUID);
  return new FileOutbox(file, mark, make, { messages, within }, scheduler);
};

class FileOutbox implements Outbox {
  readonly path: string;
  readonly mark: MarkWith;
  readonly depth$: Observable<OutboxDepth>;
  private readonly make: () => Store;
  private readonly commit: { readonly messages: number; readonly within: number };
  private readonly scheduler: SchedulerLike;
  private readonly clock: AgeClock;
  private readonly depth: BehaviorSubject<StoreNews>;
  private open:
    { readonly store: Store; readonly answer$: BehaviorSubject<OpenOutbox | OutboxUnavailable<'message'> | undefined> } | undefined;
  private users = 0;
  private lingering: Subscription | undefined;
  private closed = false;

  constructor(
    path: string,
    mark: MarkWith,
    make: () => Store,
    commit: { readonly messages: number; readonly within: number },
    scheduler: SchedulerLike,
  ) {
    this.path = path;
    this.mark = mark;
    this.make = make;
    this.commit = commit;
    this.scheduler = scheduler;
    this.clock = new AgeClock(scheduler);
    this.depth = new BehaviorSubject<StoreNews>(NOTHING);
    this.depth$ = new Observable(destination =>
      this.depth.subscribe({
        next: ({ depth: { messages, bytes, oldest }, counts }) =>
          destination.next({ messages, bytes, counts, age: oldest === undefined ? 0 : Math.max(0, this.scheduler.now() - oldest) }),
        complete: () => destination.complete(),
      }),
    );
  }

  use(): ObservableEither<OutboxUnavailable<'message'>, OpenOutbox> {
    return new Observable(destination => {
      if (this.closed) {
        destination.next(left(new OutboxUnavailable('message', this.path, 'closed')));
        destination.complete();
        return undefined;
      }
      this.users++;
      this.lingering?.unsubscribe();
      this.open ??= this.start();
      const answers = this.open.answer$.subscribe(answer => {
        if (answer !== undefined) destination.next(answer instanceof OutboxUnavailable ? left(answer) : right(answer));
      });
      return () => {
        answers.unsubscribe();
        if (--this.users === 0 && !this.closed) this.lingering = this.scheduler.schedule(() => void this.letGo(), LINGER);
      };
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.lingering?.unsubscribe();
    await this.letGo();
    this.depth.complete();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private start() {
    const store = this.make();
    const answer$ = new BehaviorSubject<OpenOutbox | OutboxUnavailable<'message'> | undefined>(undefined);
    store.open(this.clock.now()).subscribe(answer => {
      if (answer._tag === 'Left') {
        answer$.next(answer.left);
        return;
      }
      const opened = answer.right;
      this.clock.resume(opened.age, opened.timeOfDay);
      const now = (): Moment => this.clock.now();
      const news = (latest: StoreNews): void => this.depth.next(latest);
      news(opened);
      let { nextPlace } = opened;
      let forwarding = false;
      const stored$ = new Subject<void>();
      const commits = new GroupCommit(store, this.commit, now, this.scheduler, put => {
        nextPlace = put.place + put.taken;
        news(put);
        stored$.next();
      });
      const claimForwarding = (): (() => void) | undefined => {
        if (forwarding) return undefined;
        forwarding = true;
        return () => {
          forwarding = false;
        };
      };
      answer$.next({
        store,
        opened,
        now,
        news,
        commits,
        stored$,
        claimForwarding,
        latest: () => this.depth.value,
        nextPlace: () => nextPlace,
      });
    });
    return { store, answer$ };
  }

  private letGo(): Promise<void> {
    const { open } = this;
    this.open = undefined;
    if (open === undefined) return Promise.resolve();
    const { answer$, store } = open;
    const answer = answer$.value;
    if (answer !== undefined && !(answer instanceof OutboxUnavailable)) answer.commits.flush();
    if (this.closed) answer$.next(new OutboxUnavailable('message', this.path, 'closed'));
    return new Promise(done => store.close().subscribe({ complete: done }));
  }
}

const NOTHING: StoreNews = {
  depth: { messages: 0, bytes: 0, oldest: undefined },
  counts: { stored: 0, forwarded: 0, expired: 0, dropped: 0, setAside: 0, damaged: 0, inside: 0 },
};
