import { type Either, left } from 'fp-ts/lib/Either.js';
import type { Observable, Subscriber } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import { isTerminalError } from '../stream/kind.js';
import { reportUnhandled } from '../stream/unhandled.js';
import { type Edge, resumeSubscribing, suspendSubscribing } from './edge.js';
import type { Entrance } from './entrance.js';
import { beginWork, Job, type JobOwner } from './job.js';
import type { LedgerEntry } from './ledger.js';

/** What a {@link Window} is made of. */
export interface WindowParts<A, E, B> {
  readonly destination: Subscriber<Either<E | Overflowed, B>>;
  /** How many pieces of work run at once. */
  readonly width: number;
  readonly ordered: boolean;
  readonly entrance: Entrance<A>;
  readonly entry: LedgerEntry;
  /** Starts the work for a value. Its results are made `Either`s. */
  readonly work: (value: A) => Observable<unknown>;
  /** The stage may be given another value without anything waiting. Called whenever that becomes true again. */
  readonly onRoom?: (() => void) | undefined;
}

/**
 * The engine of every stage: takes values in, lets those wait at the entrance for which there is no room, works on a
 * few at a time, and hands on the results; in front of them, what was dropped since the last one.
 */
export class Window<A, E, B> implements JobOwner<Either<E, B>> {
  /** Called once, when the stage has ended for whatever reason. */
  onEnd: (() => void) | undefined;
  private readonly destination: Subscriber<Either<E | Overflowed, B>>;
  private readonly ordered: boolean;
  private readonly entrance: Entrance<A>;
  private readonly entry: LedgerEntry;
  private readonly work: (value: A) => Observable<unknown>;
  private readonly onRoom: (() => void) | undefined;
  private readonly mayHold: number;
  private width: number;
  private first: Job<Either<E, B>> | undefined;
  private last: Job<Either<E, B>> | undefined;
  private running = 0;
  private held = 0;
  private sourceCompleted = false;
  private ended = false;
  private refilling = false;
  private promoting = false;

  constructor(parts: WindowParts<A, E, B>) {
    this.destination = parts.destination;
    this.width = parts.width;
    this.ordered = parts.ordered;
    this.entrance = parts.entrance;
    this.entry = parts.entry;
    this.work = parts.work;
    this.onRoom = parts.onRoom;
    this.mayHold = parts.width + parts.entrance.messages;
    this.destination.add(() => this.stop());
  }

  /** Whether a value given now would be worked on at once. */
  get hasRoom(): boolean {
    return !this.ended && this.running < this.width && this.entrance.length === 0;
  }

  /** What leads into this stage. */
  get edge(): Edge {
    return this.entry.into;
  }

  /** Whether the stage has ended. A method, since what is called in between may end it. */
  isOver(): boolean {
    return this.ended;
  }

  /** Changes how many pieces of work run at once. More than that may run until enough of them have ended. */
  resize(width: number): void {
    this.width = width;
    this.refill();
  }

  receive(value: A): void {
    if (this.ended) return;
    const outer = suspendSubscribing();
    try {
      this.take(value);
    } finally {
      resumeSubscribing(outer);
    }
  }

  /** The source has no more values. */
  complete(): void {
    if (this.sourceCompleted) return;
    this.sourceCompleted = true;
    if (!this.refilling) this.completeWhenEmpty();
  }

  /** A defect, of the source or of a piece of work: passed on at once, as RxJS operators do. */
  error(error: unknown): void {
    if (this.ended) return;
    this.reportOverflow();
    this.end(() => this.destination.error(error));
  }

  /** @internal A piece of work has a result. */
  result(job: Job<Either<E, B>>, result: Either<E, B>): void {
    if (this.ended) return;
    // What is held goes out first, even while it is on its way out.
    if (!this.ordered || (job === this.first && job.held === undefined)) this.emit(job, result);
    else this.hold(job, result);
  }

  /** @internal A piece of work is done. */
  finish(job: Job<Either<E, B>>): void {
    if (this.ended) return;
    job.done = true;
    if (!this.ordered) this.retire(job);
    else if (this.promoting) return;
    else this.promote();
    this.refill();
  }

  private take(value: A): void {
    const { account, into } = this.entry;
    into.received++;
    let bytes: number;
    try {
      bytes = this.entrance.sizeOf(value);
    } catch (error) {
      account.receive(0);
      account.failAtOnce(0);
      this.error(error);
      return;
    }
    account.receive(bytes);
    if (this.running < this.width && this.entrance.length === 0) {
      account.admit(bytes);
      this.start(value, bytes);
      return;
    }
    let taken: boolean;
    try {
      taken = this.entrance.offer(value, bytes);
    } catch (error) {
      this.error(error);
      return;
    }
    if (!taken) this.failBecauseFull();
  }

  private failBecauseFull(): void {
    if (this.ended) return;
    const overflow = this.entrance.takeFatalOverflow();
    this.entry.overflow();
    this.end(() => {
      this.destination.next(left(overflow));
      this.destination.complete();
    });
  }

  private start(value: A, bytes: number): void {
    const job = new Job<Either<E, B>>(this, bytes);
    job.before = this.last;
    if (this.last === undefined) this.first = job;
    else this.last.after = job;
    this.last = job;
    this.running++;
    let work: Observable<unknown>;
    try {
      work = this.work(value);
    } catch (error) {
      job.error(error);
      return;
    }
    // Making the work may have ended the stage: then there is nobody left who would stop it.
    if (!this.ended) beginWork(job, work);
  }

  private hold(job: Job<Either<E, B>>, result: Either<E, B>): void {
    if (this.held >= this.mayHold) {
      job.outcome = 'dropped';
      if (this.entrance.onFull !== 'fail') return;
      this.retire(job);
      job.subscriber?.unsubscribe();
      this.failBecauseFull();
      return;
    }
    this.held++;
    if (job.held === undefined) job.held = [result];
    else job.held.push(result);
  }

  /** Hands on what was held for its turn, from the oldest piece of work up to one that is not done. */
  private promote(): void {
    this.promoting = true;
    for (let job = this.first; job !== undefined && !this.isOver(); job = this.first) {
      const { held } = job;
      if (held !== undefined) {
        // Grows meanwhile, if a result comes while one is handed on.
        for (const result of held) {
          this.held--;
          this.emit(job, result);
          if (this.isOver()) break;
        }
        job.held = undefined;
      }
      if (!job.done || this.isOver()) break;
      this.retire(job);
    }
    this.promoting = false;
  }

  private emit(job: Job<Either<E, B>>, result: Either<E, B>): void {
    this.reportOverflow();
    if (this.ended) return;
    if (result._tag === 'Right') {
      if (this.entry.out !== undefined) this.entry.out.sent++;
      this.destination.next(result);
      return;
    }
    job.failed();
    if (isTerminalError(result.left)) {
      this.end(() => {
        this.destination.next(result);
        this.destination.complete();
        reportUnhandled(result.left);
      });
    } else {
      this.destination.next(result);
    }
  }

  private retire(job: Job<Either<E, B>>): void {
    this.unlink(job);
    const { account } = this.entry;
    if (job.outcome === 'emitted') account.emit(1, job.bytes);
    else if (job.outcome === 'failed') account.fail(job.bytes);
    else {
      // One value lost, however many of its results were.
      account.evict(job.bytes);
      this.entrance.count(job.bytes);
    }
  }

  private unlink(job: Job<Either<E, B>>): void {
    if (job.before === undefined) this.first = job.after;
    else job.before.after = job.after;
    if (job.after === undefined) this.last = job.before;
    else job.after.before = job.before;
    // A dead job that has grown old would keep every job after it alive until the next full collection.
    job.before = job.after = undefined;
    this.running--;
  }

  /** A loop, never a recursion: a million waiting values whose work is synchronous must not fill the call stack. */
  private refill(): void {
    if (this.refilling || this.ended) return;
    this.refilling = true;
    while (!this.isOver() && this.running < this.width && this.entrance.length > 0) {
      const bytes = this.entrance.headBytes();
      this.start(this.entrance.shift(), bytes);
    }
    this.refilling = false;
    if (this.sourceCompleted) this.completeWhenEmpty();
    else if (this.onRoom !== undefined && this.hasRoom) this.onRoom();
  }

  private completeWhenEmpty(): void {
    if (this.ended || this.running > 0 || this.entrance.length > 0) return;
    this.reportOverflow();
    this.end(() => this.destination.complete());
  }

  private reportOverflow(): void {
    const overflow = this.entrance.takeOverflow();
    if (overflow === undefined) return;
    this.entry.overflow();
    this.destination.next(left(overflow));
  }

  /** Unsubscribed: what is inside is given up. */
  private stop(): void {
    this.end(() => undefined);
  }

  private end(lastWords: () => void): void {
    // What was reported just before, a dropped value, may have made the subscriber leave.
    if (this.ended) return;
    this.ended = true;
    const { account } = this.entry;
    for (let job = this.first; job !== undefined; job = this.first) {
      this.unlink(job);
      if (job.outcome === 'failed') account.fail(job.bytes);
      else account.discard(1, job.bytes);
      job.subscriber?.unsubscribe();
    }
    this.entrance.discard();
    this.onEnd?.();
    this.entry.close();
    lastWords();
  }
}
