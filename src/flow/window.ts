import { type Either, left } from 'fp-ts/lib/Either.js';
import type { SchedulerLike, Subscriber, Subscription } from 'rxjs';
import { Overflowed } from '../errors/errors.js';
import { isTerminalError } from '../stream/kind.js';
import { reportUnhandled } from '../stream/unhandled.js';
import { type Edge, resumeSubscribing, suspendSubscribing } from '../stream/edge.js';
import type { Entrance } from './entrance.js';
import type { Job, JobOwner } from './job.js';
import type { LedgerEntry } from './ledger.js';

/** What a {@link Window} is made of. */
export interface WindowParts<A, E, B> {
  readonly destination: Subscriber<Either<E | Overflowed, B>>;
  /** How many pieces of work run at once. */
  readonly width: number;
  readonly ordered: boolean;
  readonly entrance: Entrance<A>;
  readonly entry: LedgerEntry;
  /** Makes the work for a value, which is begun then. */
  readonly job: (owner: JobOwner<Either<E, B>>, bytes: number, value: A) => Job<Either<E, B>>;
  /** How the stage ends when it must. Left out: what is inside is given up, and counted as discarded. */
  readonly ending?: Ending<A, E> | undefined;
  /** The stage may be given another value without anything waiting. Called whenever that becomes true again. */
  readonly onRoom?: (() => void) | undefined;
}

/** How a stage ends with a terminal failure so that nothing inside is lost without a word: every value has an outcome before it. */
export interface Ending<A, E> {
  /** The failure of a value that waits for its turn, of which `waiting` are left. */
  readonly refuse: (value: A, cause: E | Overflowed, waiting: number) => E;
  /** The clock. */
  readonly scheduler: SchedulerLike;
}

/**
 * The engine of every stage: takes values in, lets those wait at the entrance for which there is no room, works on a
 * few at a time, and hands on the results; in front of them, what was dropped since the last one.
 */
export class Window<A, E, B> implements JobOwner<Either<E, B>> {
  /** Called once, when the stage has ended for whatever reason. */
  onEnd: (() => void) | undefined;
  /** Called once, when the stage takes no more values though it has not ended yet. */
  onLeave: (() => void) | undefined;
  /** Called once, when the source has completed and something is still inside. */
  onSourceCompleted: (() => void) | undefined;
  private readonly destination: Subscriber<Either<E | Overflowed, B>>;
  private readonly ordered: boolean;
  private readonly entrance: Entrance<A>;
  private readonly entry: LedgerEntry;
  private readonly job: WindowParts<A, E, B>['job'];
  private readonly ending: Ending<A, E> | undefined;
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
  /** What the stage ends with once everything inside has its outcome. */
  private lastWords: E | Overflowed | undefined;
  private patience: Subscription | undefined;
  private refusing = false;

  constructor(parts: WindowParts<A, E, B>) {
    this.destination = parts.destination;
    this.width = parts.width;
    this.ordered = parts.ordered;
    this.entrance = parts.entrance;
    this.entry = parts.entry;
    this.job = parts.job;
    this.ending = parts.ending;
    this.onRoom = parts.onRoom;
    this.mayHold = parts.width + parts.entrance.messages;
    this.destination.add(() => this.stop());
  }

  /** Whether a value given now would be worked on at once. */
  get hasRoom(): boolean {
    return !this.isOver() && this.running < this.width && this.entrance.length === 0;
  }

  /** What leads into this stage. */
  get edge(): Edge {
    return this.entry.into;
  }

  /** Whether the stage takes nothing more. A method, since what is called in between may end it. */
  isOver(): boolean {
    return this.ended || this.isEnding();
  }

  private hasEnded(): boolean {
    return this.ended;
  }

  isEnding(): boolean {
    return this.lastWords !== undefined;
  }

  /** Changes how many pieces of work run at once. More than that may run until enough of them have ended. */
  resize(width: number): void {
    this.width = width;
    this.refill();
  }

  /** What only waits to try again has its last result now. */
  giveUpWaiting(): void {
    this.giveUp(false);
  }

  receive(value: A): void {
    if (this.isOver()) return;
    const outer = suspendSubscribing();
    try {
      this.take(value);
    } finally {
      resumeSubscribing(outer);
    }
  }

  /** The source has no more values. */
  complete(): void {
    if (this.sourceCompleted || this.isOver()) return;
    this.sourceCompleted = true;
    if (!this.refilling) this.completeWhenEmpty();
    if (!this.ended) this.onSourceCompleted?.();
  }

  /** A defect, of the source or of a piece of work: passed on at once, as RxJS operators do. */
  error(error: unknown): void {
    if (this.ended) return;
    this.reportOverflow();
    this.end(() => this.destination.error(error));
  }

  /** A piece of work has a result. */
  result(job: Job<Either<E, B>>, result: Either<E, B>): void {
    if (this.ended) return;
    // At once, also where its turn has not come: nothing more may begin.
    if (this.ending !== undefined && result._tag === 'Left' && isTerminalError(result.left)) {
      job.failed();
      this.beginEnding(result.left, this.ending);
      return;
    }
    // What is held goes out first, even while it is on its way out.
    if (!this.ordered || (job === this.first && job.held === undefined)) this.emit(job, result);
    else this.hold(job, result);
  }

  /** A piece of work is done. */
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
    this.refuseSpared();
    if (!taken) this.failBecauseFull();
  }

  /** What gave way is refused value for value, for a fallback to take. */
  private refuseSpared(): void {
    const { entrance, ending } = this;
    if (ending === undefined) return;
    for (const value of entrance.takeSpared()) {
      if (this.ended) return;
      const overflow = new Overflowed('gap', 1, 0, entrance.onFull);
      this.destination.next(left(ending.refuse(value, overflow, entrance.length)));
    }
  }

  private failBecauseFull(): void {
    if (this.isOver()) return;
    const overflow = this.entrance.takeFatalOverflow();
    this.entry.overflow();
    if (this.ending !== undefined) {
      // At once: nobody knows when what is under way is answered, and who chose this policy wants to hear of it now.
      this.leave(overflow);
      this.giveUp(true);
      this.refill();
      return;
    }
    this.end(() => {
      this.destination.next(left(overflow));
      this.destination.complete();
    });
  }

  private start(value: A, bytes: number): void {
    const job = this.job(this, bytes, value);
    job.before = this.last;
    if (this.last === undefined) this.first = job;
    else this.last.after = job;
    this.last = job;
    this.running++;
    job.begin();
  }

  /** Takes nothing more, and gives up what only waits to try again. */
  private leave(lastWords: E | Overflowed): void {
    this.lastWords = lastWords;
    this.onLeave?.();
    this.giveUp(false);
  }

  /**
   * The proxy has failed for good. It tells so, in this very moment, all publishes under way, those that were sent and those that were not;
   * of what has heard nothing then, nothing more is to be learnt.
   */
  private beginEnding(error: E, { scheduler }: Ending<A, E>): void {
    this.leave(error);
    if (this.ended) return;
    this.patience = scheduler.schedule(() => this.giveUp(true));
  }

  private giveUp(last: boolean): void {
    const jobs: Job<Either<E, B>>[] = [];
    for (let job = this.first; job !== undefined; job = job.after) jobs.push(job);
    for (const job of jobs) {
      if (this.ended) return;
      job.giveUp(this.lastWords, last);
    }
  }

  /** Nothing is under way any more: what waits is refused, and the stage ends. */
  private refuseAll(error: E | Overflowed, { refuse }: Ending<A, E>): void {
    if (this.refusing) return;
    this.refusing = true;
    while (this.entrance.length > 0) {
      this.reportOverflow();
      if (this.ended) return;
      const bytes = this.entrance.headBytes();
      const waiting = this.entrance.length;
      const value = this.entrance.shift();
      this.entry.account.fail(bytes);
      this.destination.next(left(refuse(value, error, waiting)));
      if (this.hasEnded()) return;
    }
    this.reportOverflow();
    this.endWith(error);
  }

  private endWith(error: E | Overflowed): void {
    this.end(() => {
      this.destination.next(left(error));
      this.destination.complete();
      reportUnhandled(error);
    });
  }

  private hold(job: Job<Either<E, B>>, result: Either<E, B>): void {
    if (this.held >= this.mayHold) {
      // A fallback takes it out of its turn rather than not at all.
      if (this.entrance.spares && result._tag === 'Left') {
        this.emit(job, result);
        return;
      }
      job.outcome = 'dropped';
      if (this.entrance.onFull !== 'fail') return;
      this.retire(job);
      job.stop();
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
    for (let job = this.first; job !== undefined && !this.hasEnded(); job = this.first) {
      const { held } = job;
      if (held !== undefined) {
        // Grows meanwhile, if a result comes while one is handed on.
        for (const result of held) {
          this.held--;
          this.emit(job, result);
          if (this.hasEnded()) break;
        }
        job.held = undefined;
      }
      if (!job.done || this.hasEnded()) break;
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
    if (isTerminalError(result.left)) this.endWith(result.left);
    else this.destination.next(result);
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
    if (this.hasEnded()) return;
    if (this.lastWords !== undefined && this.ending !== undefined) {
      if (this.running === 0) this.refuseAll(this.lastWords, this.ending);
    } else if (this.sourceCompleted) this.completeWhenEmpty();
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
    this.patience?.unsubscribe();
    const { account } = this.entry;
    for (let job = this.first; job !== undefined; job = this.first) {
      this.unlink(job);
      if (job.outcome === 'failed') account.fail(job.bytes);
      else account.discard(1, job.bytes);
      job.stop();
    }
    this.entrance.discard();
    this.onEnd?.();
    this.entry.close();
    lastWords();
  }
}
