import { left, right, type Either } from 'fp-ts/lib/Either.js';
import type { SchedulerLike, Subscription } from 'rxjs';
import { Overflowed, type OutboxUnavailable } from '../errors/errors.js';
import { wait } from '../schedule/clock.js';
import type { Moment, Put, RecordToStore, Store } from './store.js';

/** What one message's commit was. */
export interface Committed {
  readonly number: number;
  /** Others that gave way for the messages it was committed with. Told once: with the first of them. */
  readonly gaveWay: { readonly messages: number; readonly bytes: number };
}

/** Why one message was not stored: the file, or there was no room and nothing gives way. */
export type CommitFailure = OutboxUnavailable<'message'> | Overflowed<'gap'>;

/** How many messages share a commit. */
export interface CommitOptions {
  /** As soon as so many wait. Default 100. */
  readonly messages?: number | undefined;
  /** And so many milliseconds after the first of them at the latest. Default 100. */
  readonly within?: number | undefined;
}

/** A message on its way to the disk. */
export interface ToCommit {
  readonly record: RecordToStore;
  /** Called once, when the message is on the disk or is known not to be. */
  readonly onCommitted: (answer: Either<CommitFailure, Committed>) => void;
  /** Nobody waits for it any more: it is not stored, unless it has gone to the store. */
  readonly isGivenUp: () => boolean;
  /** Its stage gets no more values: waiting for others would be in vain. */
  readonly isLast: () => boolean;
}

/** Bytes that go to the store in one commit: the WAL grows by as much. */
export const MAX_COMMIT_BYTES: number = 1 << 20;

/**
 * Messages of all stages on their way into one store: a commit is a sync of the disk, of which a device has some hundreds a second, so they
 * share one. A message whose stage has been unsubscribed before it went to the store is not stored.
 */
export class GroupCommit {
  readonly #store: Store;
  readonly #now: () => Moment;
  readonly #scheduler: SchedulerLike;
  readonly #messages: number;
  readonly #within: number;
  readonly #onPut: (put: Put) => void;
  #waiting: ToCommit[] = [];
  #bytes = 0;
  #timer: Subscription | undefined;
  /** Milliseconds that the timer was set to. */
  #timerWithin = 0;

  constructor(
    store: Store,
    commit: { readonly messages: number; readonly within: number },
    now: () => Moment,
    scheduler: SchedulerLike,
    onPut: (put: Put) => void,
  ) {
    this.#store = store;
    this.#messages = commit.messages;
    this.#within = commit.within;
    this.#now = now;
    this.#scheduler = scheduler;
    this.#onPut = onPut;
  }

  add(message: ToCommit): void {
    this.#waiting.push(message);
    this.#bytes += message.record.payload.length;
    if (this.#waiting.length >= this.#messages || this.#bytes >= MAX_COMMIT_BYTES) this.flush();
    else this.#flushWithin(message.isLast() ? 0 : this.#within);
  }

  /** Nothing more is to be waited for: what waits goes to the store now, together with what other stages hurry at this moment. */
  hurry(): void {
    if (this.#waiting.length > 0) this.#flushWithin(0);
  }

  /** What waits goes to the store now. */
  flush(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    const group = this.#waiting.filter(message => !message.isGivenUp());
    this.#waiting = [];
    this.#bytes = 0;
    if (group.length === 0) return;
    this.#store
      .put(
        group.map(({ record }) => record),
        this.#now(),
      )
      .subscribe(answer => {
        if (answer._tag === 'Left') {
          for (const { onCommitted } of group) onCommitted(answer);
          return;
        }
        const { taken, numbers, dropped, droppedBytes } = answer.right;
        this.#onPut(answer.right);
        group.forEach(({ record, onCommitted }, i) => {
          const number = numbers[i];
          if (i >= taken || number === undefined)
            onCommitted(left(new Overflowed('gap', 1, record.payload.length, 'dropNewest', ['outbox'])));
          else onCommitted(right({ number, gaveWay: i === 0 ? { messages: dropped, bytes: droppedBytes } : NONE }));
        });
      });
  }

  #flushWithin(milliseconds: number): void {
    if (this.#timer !== undefined && milliseconds >= this.#timerWithin) return;
    this.#timer?.unsubscribe();
    this.#timerWithin = milliseconds;
    this.#timer = wait(milliseconds, this.#scheduler, () => this.flush());
  }
}

const NONE = { messages: 0, bytes: 0 } as const;
