import type { Either } from 'fp-ts/lib/Either.js';
import type { Subscriber } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import { type Feed, resumeSubscribing, suspendSubscribing } from '../stream/feed.js';
import { isTerminalError } from '../stream/observable-either.js';
import type { BoundedBuffer } from './bounded-buffer.js';
import { type Job, type JobOwner, JobsInOrder, type Turns } from './job.js';
import type { LedgerEntry } from './ledger.js';
import { type Ending, StageEnding, StageOutput } from './stage-output.js';

/** What a {@link WorkQueue} is made of. */
export interface WorkQueueParts<A, E, B> {
  readonly destination: Subscriber<Either<E | Overflowed, B>>;
  /** How many pieces of work run at once. */
  readonly inFlight: number;
  readonly ordered: boolean;
  readonly buffer: BoundedBuffer<A>;
  readonly entry: LedgerEntry;
  /** Makes the work for a value, which is begun then. */
  readonly job: (owner: JobOwner<Either<E, B>>, bytes: number, value: A) => Job<Either<E, B>>;
  /** How the stage ends when it must. Left out: what is inside is given up, and counted as discarded. */
  readonly ending?: Ending<A, E> | undefined;
  /** The stage may be given another value without anything waiting. Called whenever that becomes true again. */
  readonly onRoom?: (() => void) | undefined;
}

/**
 * The engine of every stage: takes values in, lets those for which there is no room wait in the buffer, works on a few at a time, and emits
 * the results.
 */
export class WorkQueue<A, E, B> implements JobOwner<Either<E, B>>, Turns<Either<E, B>> {
  /** Called once, when the stage has ended for whatever reason. */
  onEnd: (() => void) | undefined;
  /** Called once, when the stage takes no more values though it has not ended yet. */
  onLeave: (() => void) | undefined;
  /** Called once, when the source has completed and something is still inside. */
  onSourceCompleted: (() => void) | undefined;
  readonly #ordered: boolean;
  readonly #buffer: BoundedBuffer<A>;
  readonly #entry: LedgerEntry;
  readonly #job: WorkQueueParts<A, E, B>['job'];
  readonly #onRoom: (() => void) | undefined;
  readonly #jobs: JobsInOrder<Either<E, B>>;
  readonly #output: StageOutput<A, E, B>;
  readonly #ending: StageEnding<A, E, B> | undefined;
  #inFlight: number;
  #mostInFlight: number;
  #sourceCompleted = false;
  #refilling = false;

  constructor(parts: WorkQueueParts<A, E, B>) {
    const { destination, inFlight, ordered, buffer, entry, job, ending, onRoom } = parts;
    this.#inFlight = inFlight;
    this.#mostInFlight = inFlight;
    this.#ordered = ordered;
    this.#buffer = buffer;
    this.#entry = entry;
    this.#job = job;
    this.#onRoom = onRoom;
    this.#jobs = new JobsInOrder(inFlight + buffer.messages);
    this.#output = new StageOutput(destination, buffer, entry, () => this.#release());
    const jobs = this.#jobs;
    const output = this.#output;
    if (ending !== undefined)
      this.#ending = new StageEnding(ending, { buffer, account: entry.account, jobs, output, onLeave: () => this.onLeave?.() });
  }

  /** Whether a value given now would be worked on at once. */
  get hasRoom(): boolean {
    return !this.isOver() && this.#jobs.running < this.#inFlight && this.#buffer.length === 0;
  }

  /** The feed into this stage. */
  get feed(): Feed {
    return this.#entry.into;
  }

  /**
   * Whether the stage takes no more values. A method, so that the compiler does not take it for unchanged: what is called in between may
   * end the stage.
   */
  isOver(): boolean {
    return this.hasEnded() || this.isEnding();
  }

  hasEnded(): boolean {
    return this.#output.hasEnded();
  }

  isEnding(): boolean {
    return this.#ending?.hasBegun() === true;
  }

  /** Changes how many pieces of work run at once. More than that may run until enough of them have ended. */
  resize(inFlight: number): void {
    this.#inFlight = inFlight;
    this.#jobs.widenBy(inFlight - this.#mostInFlight);
    this.#mostInFlight = Math.max(inFlight, this.#mostInFlight);
    this.#refill();
  }

  /** Everything that only waits to try again fails now. */
  giveUpWaiting(): void {
    this.#jobs.giveUp(undefined, false, this);
  }

  receive(value: A): void {
    if (this.isOver()) return;
    const outer = suspendSubscribing();
    try {
      this.#take(value);
    } finally {
      resumeSubscribing(outer);
    }
  }

  /** The source has no more values. */
  complete(): void {
    if (this.#sourceCompleted || this.isOver()) return;
    this.#sourceCompleted = true;
    if (!this.#refilling) this.#completeWhenEmpty();
    if (!this.hasEnded()) this.onSourceCompleted?.();
  }

  error(error: unknown): void {
    this.#output.error(error);
  }

  /** A piece of work has a result. */
  result(job: Job<Either<E, B>>, result: Either<E, B>): void {
    if (this.hasEnded()) return;
    // At once, even if it is not its turn: nothing more may begin.
    if (this.#ending !== undefined && result._tag === 'Left' && isTerminalError(result.left)) {
      job.failed();
      this.#ending.begin(result.left);
      return;
    }
    if (!this.#ordered || this.#jobs.isTurnOf(job)) this.emit(job, result);
    else if (!this.#jobs.hold(job, result)) this.#cannotHold(job, result);
  }

  /** A piece of work is done. */
  finish(job: Job<Either<E, B>>): void {
    if (this.hasEnded()) return;
    job.done = true;
    if (!this.#ordered) this.retire(job);
    else if (!this.#jobs.promote(this)) return;
    this.#refill();
  }

  #take(value: A): void {
    let bytes: number;
    try {
      bytes = this.#entry.receive(value, this.#buffer.sizeOf);
    } catch (error) {
      this.error(error);
      return;
    }
    if (!this.hasEnded() && this.#jobs.running < this.#inFlight && this.#buffer.length === 0) {
      this.#entry.account.admit(bytes);
      this.#start(value, bytes);
      return;
    }
    let taken: boolean;
    try {
      taken = this.#buffer.offer(value, bytes);
    } catch (error) {
      this.error(error);
      return;
    }
    this.#ending?.refuseSpared();
    if (!taken) this.#failBecauseFull();
  }

  #failBecauseFull(): void {
    if (this.isOver()) return;
    const overflow = this.#output.takeFatalOverflow();
    if (this.#ending === undefined) {
      this.#output.fail(overflow);
      return;
    }
    this.#ending.beginAtOnce(overflow);
    this.#refill();
  }

  #start(value: A, bytes: number): void {
    const job = this.#job(this, bytes, value);
    this.#jobs.add(job);
    job.begin();
  }

  /** A result came before its turn, and as many are held as may be. */
  #cannotHold(job: Job<Either<E, B>>, result: Either<E, B>): void {
    // A fallback gets it out of its turn: better than not at all.
    if (this.#buffer.spares && result._tag === 'Left') {
      this.emit(job, result);
      return;
    }
    job.outcome = 'dropped';
    if (this.#buffer.onFull !== 'fail') return;
    this.retire(job);
    job.stop();
    this.#failBecauseFull();
  }

  /** Hands a result on, in its turn. */
  emit(job: Job<Either<E, B>>, result: Either<E, B>): void {
    this.#output.reportOverflow();
    if (this.hasEnded()) return;
    if (result._tag === 'Left') {
      job.failed();
      if (isTerminalError(result.left)) {
        this.#output.fail(result.left);
        return;
      }
    }
    this.#output.next(result);
  }

  /** Removes a piece of work that is done, and counts it. */
  retire(job: Job<Either<E, B>>): void {
    this.#jobs.remove(job);
    const { account } = this.#entry;
    if (job.outcome === 'emitted') account.emit(1, job.bytes);
    else if (job.outcome === 'failed') account.fail(job.bytes);
    else {
      // Counts as one lost value, however many of its results were dropped.
      account.evict(job.bytes);
      this.#buffer.count(job.bytes, 'messages');
    }
  }

  /** A loop instead of recursion: a million waiting values whose work is synchronous must not fill the call stack. */
  #refill(): void {
    if (this.#refilling || this.hasEnded()) return;
    this.#refilling = true;
    while (!this.isOver() && this.#jobs.running < this.#inFlight && this.#buffer.length > 0) {
      const bytes = this.#buffer.headBytes();
      this.#start(this.#buffer.shift(), bytes);
    }
    this.#refilling = false;
    if (this.hasEnded()) return;
    if (this.isEnding()) this.#ending?.endWhenIdle();
    else if (this.#sourceCompleted) this.#completeWhenEmpty();
    else if (this.#onRoom !== undefined && this.hasRoom) this.#onRoom();
  }

  #completeWhenEmpty(): void {
    if (this.#jobs.running === 0 && this.#buffer.length === 0) this.#output.complete();
  }

  /** The stage has ended: what is under way is given up. */
  #release(): void {
    this.#ending?.stop();
    const { account } = this.#entry;
    for (let { first } = this.#jobs; first !== undefined; { first } = this.#jobs) {
      this.#jobs.remove(first);
      if (first.outcome === 'failed') account.fail(first.bytes);
      else account.discard(1, first.bytes);
      first.stop();
    }
    this.onEnd?.();
  }
}
