import { type Either, left } from 'fp-ts/lib/Either.js';
import type { SchedulerLike, Subscription } from 'rxjs';
import { Overflowed } from '../errors/errors.js';
import type { LedgerAccount } from './account.js';
import type { BoundedBuffer } from './bounded-buffer.js';
import type { JobsInOrder } from './jobs-in-order.js';
import type { StageOutput } from './stage-output.js';

/** How a stage ends with a terminal failure so that nothing inside is lost without a word: every value has an outcome before it. */
export interface Ending<A, E> {
  /** The failure of a value that waits for its turn, of which `waiting` are left. */
  readonly refuse: (value: A, cause: E | Overflowed, waiting: number) => E;
  /** The clock. */
  readonly scheduler: SchedulerLike;
}

/** What a {@link StageEnding} sees to the end. */
export interface EndingParts<A, E, B> {
  readonly buffer: BoundedBuffer<A>;
  readonly account: LedgerAccount;
  readonly jobs: JobsInOrder<Either<E, B>>;
  readonly output: StageOutput<A, E, B>;
  /** The stage takes nothing more. */
  readonly onLeave: () => void;
}

/** Sees a stage to its end once that is settled: what is under way has its outcome, then what waits, then comes the failure it ends with. */
export class StageEnding<A, E, B> {
  readonly #ending: Ending<A, E>;
  readonly #parts: EndingParts<A, E, B>;
  /** What the stage ends with once everything inside has its outcome. */
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
   * The proxy has failed for good. It tells so, in this very moment, all publishes under way, those that were sent and those that were not;
   * of what has heard nothing then, nothing more is to be learnt.
   */
  begin(error: E): void {
    this.#leave(error);
    if (this.#parts.output.hasEnded()) return;
    this.#patience = this.#ending.scheduler.schedule(() => this.#giveUp(true));
  }

  /** At once: nobody knows when what is under way is answered, and who chose that the stage fails when it is full wants to hear of it now. */
  beginAtOnce(overflow: Overflowed): void {
    this.#leave(overflow);
    this.#giveUp(true);
  }

  /** The stage has ended. */
  stop(): void {
    this.#patience?.unsubscribe();
  }

  /** What gave way is refused value for value, for a fallback to take. */
  refuseSpared(): void {
    const { buffer, output } = this.#parts;
    for (const value of buffer.takeSpared()) {
      if (output.hasEnded()) return;
      const overflow = new Overflowed('gap', 1, 0, buffer.onFull);
      output.next(left(this.#ending.refuse(value, overflow, buffer.length)));
    }
  }

  /** If it has begun and nothing is under way any more: what waits is refused, and the stage ends. */
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

  /** Takes nothing more, and gives up what only waits to try again. */
  #leave(lastWords: E | Overflowed): void {
    this.#lastWords = lastWords;
    this.#parts.onLeave();
    this.#giveUp(false);
  }

  #giveUp(last: boolean): void {
    this.#parts.jobs.giveUp(this.#lastWords, last, this.#parts.output);
  }
}
