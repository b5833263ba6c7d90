import { isLeft } from 'fp-ts/lib/Either.js';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { OutboxUnavailable } from '../errors/errors.js';
import { wait } from '../schedule/clock.js';
import type { Lane, Lanes } from './lanes.js';
import type { OpenOutbox } from './outbox.js';
import type { Fate, StoredRecord, Taken } from './store.js';

/** Messages of a lane that are read ahead. */
const AHEAD = 64;
const AHEAD_BYTES = 256 * 1024;
/** Milliseconds until a store is asked again, or told again, that had no room for it. */
const AGAIN = 1_000;

/** What is read ahead from the store into the lanes. */
export class ReadAhead {
  readonly #open: OpenOutbox;
  readonly #lanes: Lanes;
  readonly #scheduler: SchedulerLike;
  readonly #onTaken: (taken: Taken) => void;
  readonly #onFailed: (error: OutboxUnavailable<'message'>) => void;
  #waiting: Subscription | undefined;
  #ended = false;

  constructor(
    open: OpenOutbox,
    lanes: Lanes,
    scheduler: SchedulerLike,
    onTaken: (taken: Taken) => void,
    onFailed: (error: OutboxUnavailable<'message'>) => void,
  ) {
    this.#open = open;
    this.#lanes = lanes;
    this.#scheduler = scheduler;
    this.#onTaken = onTaken;
    this.#onFailed = onFailed;
  }

  /** Asks for more where a lane has room for it. */
  fill(): void {
    for (const lane of this.#lanes.all) if (!this.#ended && !lane.asking && !lane.dry && lane.waiting.length <= AHEAD / 2) this.#ask(lane);
  }

  /** The store may have more than when it was last asked. */
  more(): void {
    for (const lane of this.#lanes.all) lane.dry = false;
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.unsubscribe();
  }

  #ask(lane: Lane): void {
    const open = this.#open;
    const { liveFrom } = this.#lanes;
    lane.asking = true;
    const place = lane.name === 'live' ? { from: liveFrom, before: Number.MAX_SAFE_INTEGER } : { from: 0, before: liveFrom };
    open.store.take({ ...place, messages: AHEAD, bytes: AHEAD_BYTES }, open.now()).subscribe(answer => {
      lane.asking = false;
      if (isLeft(answer)) this.#failed(lane, answer.left);
      else this.#took(lane, answer.right, liveFrom);
    });
  }

  #failed(lane: Lane, error: OutboxUnavailable<'message'>): void {
    if (this.#ended) return;
    if (!error.retryable) {
      this.#onFailed(error);
      return;
    }
    lane.dry = true;
    // One timer for both lanes, however long that lasts.
    this.#waiting ??= this.#scheduler.schedule(() => {
      this.#waiting = undefined;
      this.more();
      this.fill();
    }, AGAIN);
  }

  #took(lane: Lane, taken: Taken, askedFrom: number): void {
    const open = this.#open;
    const lanes = this.#lanes;
    const { records } = taken;
    open.news(taken);
    if (this.#ended) {
      // They came too late: others get them.
      if (records.length > 0)
        open.store
          .settle(
            records.map(({ place }) => ({ place, fate: 'handedBack' })),
            open.now(),
          )
          .subscribe();
      return;
    }
    // The connection may have been made anew meanwhile: then it is not this lane that had no more.
    lane.dry = records.length === 0 && askedFrom === lanes.liveFrom;
    for (const record of records) lanes.laneOf(record).waiting.push(record);
    this.#onTaken(taken);
    this.fill();
  }
}

/** Milliseconds within which the store is told what became of messages: they share a commit. */
const WITHIN = 50;
const TOGETHER = 100;

/** What became of messages, on its way to the store. */
export class Settling {
  readonly #open: OpenOutbox;
  readonly #scheduler: SchedulerLike;
  readonly #onSettled: () => void;
  readonly #onFailed: (error: OutboxUnavailable<'message'>) => void;
  #fates: Fate[] = [];
  /** Who waits for them to be known. */
  #thens: (() => void)[] = [];
  #timer: Subscription | undefined;
  #underWay = 0;

  constructor(open: OpenOutbox, scheduler: SchedulerLike, onSettled: () => void, onFailed: (error: OutboxUnavailable<'message'>) => void) {
    this.#open = open;
    this.#scheduler = scheduler;
    this.#onSettled = onSettled;
    this.#onFailed = onFailed;
  }

  /** Whether the store knows all. */
  get isDone(): boolean {
    return this.#fates.length === 0 && this.#underWay === 0;
  }

  add(fate: Fate): void {
    this.#fates.push(fate);
    if (this.#fates.length >= TOGETHER) this.flush();
    else this.#wait(WITHIN);
  }

  /** At once, and not before what was told before. `then`: it is known, however long that took. */
  tell(fates: readonly Fate[], then: () => void): void {
    this.#fates.push(...fates);
    this.#thens.push(then);
    this.flush();
  }

  flush(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    const fates = this.#fates;
    const thens = this.#thens;
    if (fates.length === 0) return;
    this.#fates = [];
    this.#thens = [];
    this.#underWay++;
    this.#open.store.settle(fates, this.#open.now()).subscribe(answer => {
      this.#underWay--;
      if (isLeft(answer)) {
        if (!answer.left.retryable) {
          this.#onFailed(answer.left);
          return;
        }
        this.#fates.unshift(...fates);
        this.#thens.unshift(...thens);
        this.#wait(AGAIN);
        return;
      }
      this.#open.news(answer.right);
      for (const then of thens) then();
      this.#onSettled();
    });
  }

  /** The last that is told; nobody waits for the answer. */
  end(fates: readonly Fate[]): void {
    this.#timer?.unsubscribe();
    const all = [...this.#fates, ...fates];
    this.#fates = [];
    if (all.length === 0) return;
    this.#open.store.settle(all, this.#open.now()).subscribe(answer => {
      if (!isLeft(answer)) this.#open.news(answer.right);
    });
  }

  #wait(milliseconds: number): void {
    this.#timer ??= this.#scheduler.schedule(() => {
      this.#timer = undefined;
      this.flush();
    }, milliseconds);
  }
}

/** Milliseconds after which a message that was sent is not what ends the process, though it has no answer yet. */
const SURVIVED = 1_000;

/**
 * A message that may be what ended the process is sent alone, and the file says so until it has been survived. An end of the process until
 * then is held against it, so the store hears of that at once: the message may wait for long, as it was refused, or as the nucleus hangs.
 */
export class Alone {
  readonly #settling: Settling;
  readonly #scheduler: SchedulerLike;
  #isSending = false;
  #timer: Subscription | undefined;

  constructor(settling: Settling, scheduler: SchedulerLike) {
    this.#settling = settling;
    this.#scheduler = scheduler;
  }

  /** Nothing else may be sent meanwhile. */
  get isSending(): boolean {
    return this.#isSending;
  }

  send(record: StoredRecord, publish: () => void): void {
    this.#isSending = true;
    this.#settling.tell([{ place: record.place, fate: 'sending' }], () => {
      if (!this.#isSending) return;
      this.#timer = wait(SURVIVED, this.#scheduler, () => this.survived(record));
      publish();
    });
  }

  /** It has its answer, or is not waited for any more. */
  answered(): void {
    this.#isSending = false;
    this.#timer?.unsubscribe();
  }

  /** It was not taken, and the process is still there. */
  survived({ place }: StoredRecord): void {
    this.#settling.add({ place, fate: 'survived' });
    this.#settling.flush();
  }
}
