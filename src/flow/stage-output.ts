import { type Either, left } from 'fp-ts/lib/Either.js';
import type { Subscriber } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import { reportUnhandled } from '../stream/unhandled.js';
import type { BoundedBuffer } from './bounded-buffer.js';
import type { LedgerEntry } from './ledger.js';

/** The way out of a stage: its results, in front of them what was dropped since the last one, and its end, after which nothing comes. */
export class StageOutput<A, E, B> {
  readonly #destination: Subscriber<Either<E | Overflowed, B>>;
  readonly #buffer: BoundedBuffer<A>;
  readonly #entry: LedgerEntry;
  readonly #release: () => void;
  #ended = false;

  /** @param release Lets go of what is inside. Called once, before the last word goes out; what waits has been given up then. */
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
    // Unsubscribed: what is inside is given up.
    destination.add(() => this.#end(() => undefined));
  }

  /** A method, since what is called in between may end it. */
  hasEnded(): boolean {
    return this.#ended;
  }

  /** Hands a result on. */
  next(result: Either<E | Overflowed, B>): void {
    if (result._tag === 'Right') this.#entry.send();
    this.#destination.next(result);
  }

  /** Tells what was dropped since the last time, if anything was. */
  reportOverflow(): void {
    const overflow = this.#buffer.takeOverflow();
    if (overflow === undefined) return;
    this.#entry.overflow();
    this.#destination.next(left(overflow));
  }

  /** What ends a stage whose policy is `fail`. */
  takeFatalOverflow(): Overflowed<'terminal'> {
    const overflow = this.#buffer.takeFatalOverflow();
    this.#entry.overflow();
    return overflow;
  }

  complete(): void {
    this.reportOverflow();
    this.#end(() => this.#destination.complete());
  }

  /** A defect, of the source or of a piece of work: passed on at once, as RxJS operators do. */
  error(error: unknown): void {
    if (this.#ended) return;
    this.reportOverflow();
    this.#end(() => this.#destination.error(error));
  }

  /** Ends with a terminal failure, and tells of it where nobody deals with it. */
  fail(error: E | Overflowed): void {
    this.#end(() => {
      this.#destination.next(left(error));
      this.#destination.complete();
      reportUnhandled(error);
    });
  }

  #end(lastWords: () => void): void {
    // What was reported just before, a dropped value, may have made the subscriber leave.
    if (this.#ended) return;
    this.#ended = true;
    this.#buffer.discard();
    this.#release();
    this.#entry.close();
    lastWords();
  }
}
