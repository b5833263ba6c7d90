import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import {
  BehaviorSubject,
  filter,
  firstValueFrom,
  Observable,
  of,
  type SchedulerLike,
  Subject,
  type Subscription,
  switchMap,
  take,
  takeUntil,
} from 'rxjs';
import { OutboxUnavailable } from '../errors/errors.js';
import type { Ledger } from '../flow/ledger.js';
import type { Profile, PublishRequest } from '../ports/mqtt-proxy.js';
import { waiting } from '../schedule/clock.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { GroupCommit } from './group-commit.js';
import type { MarkWith } from './mark.js';
import { onlyOne } from './memory-store.js';
import type { DeleteWhen, OpenOutbox, Outbox, OutboxDepth } from './outbox.js';
import { AgeClock, type Moment, type Opened, type Store, type StoreNews, type StoreSettings } from './store.js';
import { virtualDisk } from './virtual-disk.js';

/** Milliseconds a file stays open when nobody uses it: between two stages that follow each other it need not be opened twice. */
const LINGER = 1_000;
/** Milliseconds until a file is asked for again that another process had open, or that had no room. */
const REOPEN = 1_000;
/** Milliseconds that a disk has to answer when a file is closed. */
const CLOSING = 10_000;

const NOTHING: StoreNews = {
  depth: { messages: 0, bytes: 0, oldest: undefined },
  counts: { stored: 0, forwarded: 0, expired: 0, dropped: 0, setAside: 0, damaged: 0, inside: 0 },
};

/** What {@link FileOutbox} is made of. */
export interface OutboxParts extends Pick<Outbox, 'path' | 'mark' | 'tellOldest' | 'topics' | 'deleteWhen' | 'profile'> {
  readonly make: () => Store;
  /** Its bounds, and whether what it holds outlives the process: for where it is on a virtual disk. */
  readonly settings: StoreSettings;
  readonly isInMemory: boolean;
  readonly commit: { readonly messages: number; readonly within: number };
  readonly scheduler: SchedulerLike;
  /** Is told what the file says at each change. */
  readonly ledger: Ledger;
  /** Whether the file stays open until `close`, though nobody uses it. */
  readonly staysOpen: boolean;
}

type Answer = Either<OutboxUnavailable<'message'>, OpenOutbox>;

/** The file behind an outbox: opened by the first that uses it, closed after the last. */
export class FileOutbox implements Outbox {
  readonly path: string;
  readonly mark: MarkWith;
  readonly tellOldest: boolean;
  readonly maxAge: number;
  readonly topics: readonly string[] | undefined;
  readonly deleteWhen: DeleteWhen;
  readonly profile: Profile | undefined;
  readonly depth$: Observable<OutboxDepth>;
  atLargest: ((request: PublishRequest) => PublishRequest) | undefined;
  readonly #parts: OutboxParts;
  readonly #clock: AgeClock;
  readonly #depth = new BehaviorSubject<StoreNews>(NOTHING);
  readonly #answer$ = new BehaviorSubject<Answer | undefined>(undefined);
  /** A file is opened again only when it has been closed: it would be found busy. */
  readonly #state$ = new BehaviorSubject<'closed' | 'open' | 'closing'>('closed');
  #store: Store | undefined;
  #users = 0;
  #lingering: Subscription | undefined;
  #reopening: Subscription | undefined;
  #closed = false;
  readonly #isTwin: boolean;

  /** @param isTwin whether it stands for another on a virtual disk. */
  constructor(parts: OutboxParts, isTwin = false) {
    this.#parts = parts;
    this.#isTwin = isTwin;
    ({ path: this.path, mark: this.mark, tellOldest: this.tellOldest } = parts);
    ({ topics: this.topics, deleteWhen: this.deleteWhen, profile: this.profile } = parts);
    this.maxAge = parts.settings.maxAge;
    this.#clock = new AgeClock(parts.scheduler);
    this.depth$ = new Observable(destination =>
      this.#here().#depth.subscribe({
        next: ({ depth: { messages, bytes, oldest }, counts }) =>
          destination.next({ messages, bytes, counts, age: oldest === undefined ? 0 : Math.max(0, parts.scheduler.now() - oldest) }),
        complete: () => destination.complete(),
      }),
    );
  }

  use(): ObservableEither<OutboxUnavailable<'message'>, OpenOutbox> {
    return new Observable(destination => {
      const here = this.#here();
      if (here !== this) return here.use().subscribe(destination);
      if (this.#closed) {
        destination.next(left(new OutboxUnavailable('message', this.path, 'closed')));
        destination.complete();
        return undefined;
      }
      this.#users++;
      this.#lingering?.unsubscribe();
      const answers = this.#answer$.pipe(filter(answer => answer !== undefined)).subscribe(destination);
      this.#start();
      return () => {
        answers.unsubscribe();
        if (--this.#users > 0 || this.#closed) return;
        this.#reopening?.unsubscribe();
        if (this.#parts.staysOpen) return;
        this.#lingering = this.#parts.scheduler.schedule(() => this.#letGo(), LINGER);
      };
    });
  }

  /**
   * What waits for others to share its commit is stored now. Settles when that has been told. Where the disk does not answer within so many
   * milliseconds it is closed, so that all has its outcome.
   */
  async commit(within: number): Promise<void> {
    if (this.#store === undefined) return;
    const told$ = this.#answer$.pipe(
      filter(answer => answer !== undefined),
      take(1),
      switchMap(answer => {
        if (isLeft(answer)) return of(answer);
        const { commits, store, now } = answer.right;
        commits.flush();
        // Answered after what was asked before.
        return store.settle([], now());
      }),
      takeUntil(waiting(within, this.#parts.scheduler)),
    );
    if ((await firstValueFrom(told$, { defaultValue: undefined })) === undefined) await this.close(0);
  }

  async close(within: number = CLOSING): Promise<void> {
    this.#closed = true;
    this.#lingering?.unsubscribe();
    this.#reopening?.unsubscribe();
    this.#letGo(within);
    await new Promise<void>(done => this.#whenClosed(done));
    this.#depth.complete();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Itself, or what stands for it in a marble test or a dry run. */
  #here(): FileOutbox {
    const disk = virtualDisk();
    if (disk === undefined || this.#isTwin) return this;
    const parts = this.#parts;
    const make = (): Store => disk.store(parts.isInMemory ? undefined : parts.path, parts.settings);
    return disk.twinOf<FileOutbox>(this, () => new FileOutbox({ ...parts, make: parts.isInMemory ? onlyOne(make) : make }, true));
  }

  #start(): void {
    if (this.#state$.value === 'open') return;
    this.#whenClosed(() => {
      if (this.#closed || this.#users === 0 || this.#state$.value === 'open') return;
      this.#state$.next('open');
      const store = this.#parts.make();
      this.#store = store;
      store.open(this.#clock.now()).subscribe(answer => this.#onOpened(store, answer));
    });
  }

  #onOpened(store: Store, answer: Either<OutboxUnavailable<'message'>, Opened>): void {
    // Closed meanwhile.
    if (this.#store !== store) return;
    if (isLeft(answer)) {
      this.#letGo();
      if (!this.#closed) this.#answer$.next(answer);
      if (answer.left.retryable && this.#users > 0) this.#reopening = this.#parts.scheduler.schedule(() => this.#start(), REOPEN);
      return;
    }
    this.#clock.resume(answer.right.age, answer.right.timeOfDay);
    this.#answer$.next(right(this.#opened(store, answer.right)));
  }

  #opened(store: Store, opened: Opened): OpenOutbox {
    const { commit, scheduler, profile, ledger } = this.#parts;
    const now = (): Moment => this.#clock.now();
    const news = (latest: StoreNews): void => {
      const { messages, bytes, oldest } = latest.depth;
      ledger.outbox({ path: this.path, ...latest.counts, inside: { messages, bytes }, oldest });
      this.#depth.next(latest);
    };
    news(opened);
    let { nextPlace, lostToDamage } = opened;
    let forwarding = false;
    const stored$ = new Subject<number>();
    const commits = new GroupCommit(store, commit, now, scheduler, put => {
      nextPlace = put.place + put.taken;
      news(put);
      stored$.next(put.dropped);
    });
    const claimForwarding = (): (() => void) | undefined => {
      if (forwarding) return undefined;
      forwarding = true;
      return () => void (forwarding = false);
    };
    return {
      store,
      opened,
      now,
      news,
      commits,
      stored$,
      claimForwarding,
      profile,
      latest: () => this.#depth.value,
      nextPlace: () => nextPlace,
      takeDamage: () => {
        const damage = lostToDamage;
        lostToDamage = 0;
        return damage;
      },
    };
  }

  #letGo(within = CLOSING): void {
    const store = this.#store;
    this.#store = undefined;
    const answer = this.#answer$.value;
    if (store !== undefined && answer !== undefined && !isLeft(answer)) answer.right.commits.flush();
    // Who still uses it hands back what it has, while that can be noted; who waits for a file that cannot be opened waits no longer.
    if (this.#closed) this.#answer$.next(left(new OutboxUnavailable('message', this.path, 'closed')));
    else if (store !== undefined) this.#answer$.next(undefined);
    if (store === undefined) return;
    this.#state$.next('closing');
    const closed$ = store.close().pipe(takeUntil(waiting(within, this.#parts.scheduler)));
    closed$.subscribe({ complete: () => this.#state$.next('closed') });
  }

  #whenClosed(then: () => void): void {
    this.#state$
      .pipe(
        filter(state => state !== 'closing'),
        take(1),
      )
      .subscribe(then);
  }
}
