import type { SchedulerLike } from 'rxjs';
import type { OutboxUnavailable } from '../errors/errors.js';
import { steadyNow } from '../schedule/clock.js';
import type { OutboxAccount } from '../flow/account.js';
import type { ObservableEither } from '../stream/observable-either.js';

/** The beginning of 2025. Before it there was no Node that an outbox runs in: a clock that shows an earlier time has not been set. */
const SET_SINCE = 1_735_689_600_000;

/**
 * The clock that ages are counted in. While a process runs it goes on with the time that passes, whatever the time of day is set to. Over
 * the time between two runs it goes on by the difference of the times of day, if that is positive.
 *
 * A device without a battery starts in 1970 and is set forward by decades when it first reaches a time server: counted by the time of day,
 * all that it had stored would be too old at that moment. So it would be at the next start, if the power went before that: from a time
 * that nobody had set to one that somebody has, no time counts as passed.
 */
export class AgeClock {
  readonly #scheduler: SchedulerLike;
  readonly #steady: () => number;
  #offset: number;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
    this.#steady = steadyNow(scheduler);
    this.#offset = -this.#steady();
  }

  /** Goes on from the age and the time of day that a file was last written at. */
  resume(age: number, timeOfDay: number): void {
    const now = this.#scheduler.now();
    const passed = timeOfDay < SET_SINCE && now >= SET_SINCE ? 0 : Math.max(0, now - timeOfDay);
    this.#offset = age + passed - this.#steady();
  }

  now(): Moment {
    return { timeOfDay: this.#scheduler.now(), age: this.#steady() + this.#offset };
  }
}

/** When something is done with a store: the time of day, and the outbox' own clock, which no time server sets. Both in milliseconds. */
export interface Moment {
  readonly timeOfDay: number;
  /** What age is counted in. Goes on from where the file left off; see `AgeClock`. */
  readonly age: number;
}

/** A message to be stored. */
export interface RecordToStore {
  /** The numbers of a stream have no gaps but those that are told. */
  readonly stream: string;
  /** What keeps its order. */
  readonly key: string;
  /** The higher goes first. */
  readonly priority: number;
  /** When the message was made, as time of day in milliseconds. */
  readonly storedAt: number;
  /** Milliseconds from now after which it is too old to be sent; `undefined`: as long as the store keeps it. */
  readonly expiresIn: number | undefined;
  readonly topicName: string;
  readonly qos: '0' | '1';
  readonly payload: Uint8Array;
  /** JSON of the MQTT 5 members; empty where there are none. */
  readonly members: string;
}

/** Messages of a stream that will not come, from the first number to the last, both included. */
export interface LostRange {
  readonly first: number;
  readonly last: number;
}

/** Ranges one message tells at most; more wait for the next. */
export const MAX_RANGES = 16;

/** A message as it was stored. */
export interface StoredRecord extends Omit<RecordToStore, 'expiresIn'> {
  /** When its numbers began; see {@link Opened}. */
  readonly epoch: string;
  /** Its place in the outbox, over all streams. */
  readonly place: number;
  /** Its number in its stream, from 1 on. */
  readonly number: number;
  /** How often it was handed out before. */
  readonly attempts: number;
  /** It had been handed out when the process ended, and may be what ended it: send it alone, having said so with `sending`. */
  readonly suspect: boolean;
  /** What of its stream will never come and has not been told yet. */
  readonly lost: readonly LostRange[];
}

/** What waits. */
export interface StoreDepth {
  readonly messages: number;
  /** Bytes of payload and topic. */
  readonly bytes: number;
  /** When the oldest was stored, as time of day in milliseconds. `undefined`: nothing waits. */
  readonly oldest: number | undefined;
}

/** What became of all that was ever stored in a file. `stored = forwarded + expired + dropped + setAside + damaged + inside`. */
export interface StoreCounts extends Omit<OutboxAccount, 'path' | 'inside' | 'oldest'> {
  /** Stored, and none of these yet. */
  readonly inside: number;
}

/** What every answer of a store tells besides. */
export interface StoreNews {
  readonly depth: StoreDepth;
  readonly counts: StoreCounts;
}

/** What a store says when it has been opened. */
export interface Opened extends StoreNews {
  /** Made with the file: numbers start over with it. */
  readonly epoch: string;
  /** Messages that were lost to damage since it was last open: they had been stored, and are not there any more. */
  readonly lostToDamage: number;
  /** Where the file that was damaged has been moved. */
  readonly movedTo: string | undefined;
  /** The place that the next message gets. */
  readonly nextPlace: number;
  /** The age the outbox' clock had reached. */
  readonly age: number;
  /** The time of day at that age. */
  readonly timeOfDay: number;
}

/** What was stored. */
export interface Put extends StoreNews {
  /** How many of the messages, from the first on, were taken. Fewer than were given: there was no room, and nothing gives way. */
  readonly taken: number;
  /** The place of the first; the others follow it. */
  readonly place: number;
  /** The number each has in its stream. */
  readonly numbers: readonly number[];
  /** How many others gave way. */
  readonly dropped: number;
  readonly droppedBytes: number;
}

/** What to hand out. */
export interface TakeRequest {
  /** Places from here on. */
  readonly from: number;
  /** Places before this one. */
  readonly before: number;
  readonly messages: number;
  readonly bytes: number;
}

/** What was handed out: nobody else gets it, until it is settled or the process ends. */
export interface Taken extends StoreNews {
  readonly records: readonly StoredRecord[];
  /** Messages that were too old, found on the way. */
  readonly expired: number;
  /** Messages whose stored form was damaged, found on the way. */
  readonly damaged: number;
  /** Messages set aside on the way, since sending them, alone, ended the process twice in a row. */
  readonly setAside: number;
}

/** What became of a message that was handed out. */
export interface Fate {
  readonly place: number;
  /**
   * - `forwarded`: it is done, and deleted.
   * - `sent`: the nucleus took it, and it stays until it is confirmed.
   * - `sending`: a suspect is about to be sent, alone.
   * - `survived`: that suspect was refused, or has had no answer for a while. If the process ends now, it was not what ended it.
   * - `released`: nobody knows whether it was sent; it is handed out again, with one attempt more.
   * - `handedBack`: not sent; it is handed out again.
   * - `setAside`: it will never be sent.
   */
  readonly fate: 'forwarded' | 'sent' | 'sending' | 'survived' | 'released' | 'handedBack' | 'setAside';
  readonly reason?: string | undefined;
}

/** The bounds of a store. Plain data: it is sent to the worker. */
export interface StoreSettings {
  /** Bytes on the disk, all files together; in memory, of topics and payloads. */
  readonly maxBytes: number;
  /** Milliseconds on the outbox' clock. `Infinity`: no limit. */
  readonly maxAge: number;
  /** What gives way when it is full. */
  readonly onFull: 'dropOldest' | 'refuse' | 'latestPerKey';
}

/** Where messages are kept. Each Observable answers once and completes; answers come in the order of the calls. */
export interface Store {
  readonly open: (now: Moment) => ObservableEither<OutboxUnavailable<'message'>, Opened>;
  /** Answers once the messages are where no power cut takes them. */
  readonly put: (records: readonly RecordToStore[], now: Moment) => ObservableEither<OutboxUnavailable<'message'>, Put>;
  readonly take: (request: TakeRequest, now: Moment) => ObservableEither<OutboxUnavailable<'message'>, Taken>;
  readonly settle: (fates: readonly Fate[], now: Moment) => ObservableEither<OutboxUnavailable<'message'>, StoreNews>;
  /**
   * Never fails: what cannot be closed is let go. Who unsubscribes before the answer waits no longer: all that was asked is answered as
   * `sync-failed`.
   */
  readonly close: () => ObservableEither<never, void>;
}
