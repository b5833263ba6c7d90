import { type Either, left } from 'fp-ts/lib/Either.js';
import type { SchedulerLike, Subscriber, Subscription } from 'rxjs';
import { Overflowed } from '../errors/errors.js';
import { reportUnhandled } from '../stream/unhandled.js';
import type { LedgerAccount } from './account.js';
import type { BoundedBuffer } from './bounded-buffer.js';
import type { JobsInOrder } from './job.js';
import type { LedgerEntry } from './ledger.js';

/** The output of a stage: its results, each after a report of what was dropped before it, and its end, after which nothing is emitted. */
export class StageOutput<A, E, B> {
  readonly #destination: Subscriber<Either<E | Overflowed, B>>;
  readonly #buffer: BoundedBuffer<A>;
  readonly #entry: LedgerEntry;
  readonly #release: () => void;
  #ended = false;

  /** @param release Gives up what is under way. Called once, before the last element is emitted; what waits has been given up by then. */
  constructor(
    destination: Subscriber<Either<E | Overflowed, B>>,
    buffer: BoundedBuffer<A>,
    entry: LedgerEntry,
    release: () => void = () => undefined,
  ) {
    this.#destination = destination;
    this.#buffer = buffer;
    this.#entry = entry;
    this.#release = release;
    // When it is unsubscribed, what is inside is given up.
    destination.add(() => this.#end(() => undefined));
  }

  /** A method, so that the compiler does not take it for unchanged: what is called in between may end the stage. */
  hasEnded(): boolean {
    return this.#ended;
  }

  /** Hands a result on. */
  next(result: Either<E | Overflowed, B>): void {
    if (result._tag === 'Right') this.#entry.send();
    this.#destination.next(result);
  }

  /** Reports what was dropped since the last time, if anything was. */
  reportOverflow(): void {
    const overflow = this.#buffer.takeOverflow();
    if (overflow === undefined) return;
    this.#entry.overflow();
    this.#destination.next(left(overflow));
  }

  /** The failure that ends a stage whose policy is `fail`. */
  takeFatalOverflow(): Overflowed<'terminal'> {
    const overflow = this.#buffer.takeFatalOverflow();
    this.#entry.overflow();
    return overflow;
  }

  complete(): void {
    this.reportOverflow();
    this.#end(() => this.#entry.complete(this.#destination));
  }

  /** A defect, of the source or of a piece of work: passed on at once, as RxJS operators do. */
  error(error: unknown): void {
    if (this.#ended) return;
    this.reportOverflow();
    this.#end(() => this.#destination.error(error));
  }

  /** Ends with a terminal failure, and reports it if nobody deals with it. */
  fail(error: E | Overflowed): void {
    this.#end(() => {
      this.#destination.next(left(error));
      this.#entry.complete(this.#destination);
      reportUnhandled(error);
    });
  }

  #end(lastWords: () => void): void {
    // The subscriber may have left at the report of dropped values just before.
    if (this.#ended) return;
    this.#ended = true;
    this.#buffer.discard();
    this.#release();
    this.#entry.close();
    lastWords();
  }
}

/** How a stage ends with a terminal failure so that every value inside has an outcome before it. */
export interface Ending<A, E> {
  /** The failure of a value that waits for its turn, of which `waiting` are left. */
  readonly refuse: (value: A, cause: E | Overflowed, waiting: number) => E;
  /** The clock. */
  readonly scheduler: SchedulerLike;
}

/** What a {@link StageEnding} works with. */
interface EndingParts<A, E, B> {
  readonly buffer: BoundedBuffer<A>;
  readonly account: LedgerAccount;
  readonly jobs: JobsInOrder<Either<E, B>>;
  readonly output: StageOutput<A, E, B>;
  /** The stage takes nothing more. */
  readonly onLeave: () => void;
}

/**
 * Ends a stage that is to end with a terminal failure: first what is under way gets its outcome, then what waits, and then the failure is
 * emitted.
 */
export class StageEnding<A, E, B> {
  readonly #ending: Ending<A, E>;
  readonly #parts: EndingParts<A, E, B>;
  /** The failure that is emitted once everything inside has its outcome. */
  #lastWords: E | Overflowed | undefined;
  #patience: Subscription | undefined;
  #refusing = false;

  constructor(ending: Ending<A, E>, parts: EndingParts<A, E, B>) {
    this.#ending = ending;
    this.#parts = parts;
  }

  hasBegun(): boolean {
    return this.#lastWords !== undefined;
  }

  /**
   * The proxy has failed for good. It tells all publishes under way in this same moment, whether they were sent or not. For those that have
   * heard nothing by then, no outcome will come any more.
   */
  begin(error: E): void {
    this.#leave(error);
    if (this.#parts.output.hasEnded()) return;
    this.#patience = this.#ending.scheduler.schedule(() => this.#giveUp(true));
  }

  /**
   * Ends the stage at once: nobody knows when what is under way will be answered, and whoever chose the policy `fail` wants to hear of it
   * now.
   */
  beginAtOnce(overflow: Overflowed): void {
    this.#leave(overflow);
    this.#giveUp(true);
  }

  /** The stage has ended. */
  stop(): void {
    this.#patience?.unsubscribe();
  }

  /** Emits a failure for each dropped value, for a fallback to take. */
  refuseSpared(): void {
    const { buffer, output } = this.#parts;
    for (const { value, bound } of buffer.takeSpared()) {
      if (output.hasEnded()) return;
      const overflow = new Overflowed('gap', 1, 0, buffer.onFull, [bound]);
      output.next(left(this.#ending.refuse(value, overflow, buffer.length)));
    }
  }

  /** If the end has begun and nothing is under way any more, refuses what waits and ends the stage. */
  endWhenIdle(): void {
    const { buffer, account, jobs, output } = this.#parts;
    const error = this.#lastWords;
    if (error === undefined || jobs.running > 0 || this.#refusing) return;
    this.#refusing = true;
    while (buffer.length > 0) {
      output.reportOverflow();
      if (output.hasEnded()) return;
      const bytes = buffer.headBytes();
      const waiting = buffer.length;
      const value = buffer.shift();
      account.fail(bytes);
      output.next(left(this.#ending.refuse(value, error, waiting)));
      if (output.hasEnded()) return;
    }
    output.reportOverflow();
    output.fail(error);
  }

  /** Stops taking values, and gives up what only waits to try again. */
  #leave(lastWords: E | Overflowed): void {
    this.#lastWords = lastWords;
    this.#parts.onLeave();
    this.#giveUp(false);
  }

  #giveUp(last: boolean): void {
    this.#parts.jobs.giveUp(this.#lastWords, last, this.#parts.output);
  }
}
