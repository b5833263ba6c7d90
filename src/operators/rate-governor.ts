import { type Either, right } from 'fp-ts/lib/Either.js';
import type { Observable, SchedulerLike, Subscriber, Subscription } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import type { BoundedBuffer } from '../flow/bounded-buffer.js';
import type { LedgerEntry } from '../flow/ledger.js';
import { StageOutput } from '../flow/stage-output.js';
import { wait } from '../schedule/clock.js';
import { atOnce, checkPositive, checkShare, checkTime } from '../shared/check-argument.js';
import { type Feed, resumeSubscribing, suspendSubscribing } from '../stream/feed.js';
import { hook } from '../stream/hook.js';

/**
 * A fraction of a token: the error of sums of fractions. Without it, a timer for the last billionth of a token would fire for ever at one
 * instant.
 */
const ROUNDING = 1e-6;

/**
 * Tokens are added at a rate, up to a number that may be saved up, and are spent on what passes. In any period, no more are spent than are
 * added in it and had been saved up before.
 *
 * What costs more than can be saved up passes when the bucket is full, and leaves a debt, which has to be paid off before anything else
 * passes.
 */
export class TokenBucket {
  readonly #perMillisecond: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, capacity: number, now: number) {
    this.#perMillisecond = perSecond / 1_000;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#filledAt = now;
  }

  /** Adds the tokens up to `now`, at a share of the rate from 0 to 1. To be called before that share changes. */
  fill(now: number, share: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#filledAt) * this.#perMillisecond * share);
    this.#filledAt = now;
  }

  /** Milliseconds until `cost` can be spent; 0: now. */
  wait(cost: number, share: number): number {
    const missing = Math.min(cost, this.#capacity) - this.#tokens;
    return missing <= ROUNDING ? 0 : missing / (this.#perMillisecond * share);
  }

  spend(cost: number): void {
    this.#tokens -= cost;
  }
}

/** What a {@link RateGovernor} is made of. */
interface GovernorParts<A> {
  readonly destination: Subscriber<Either<Overflowed, A>>;
  readonly buffer: BoundedBuffer<A>;
  readonly entry: LedgerEntry;
  readonly messages: TokenBucket | undefined;
  readonly bytes: TokenBucket | undefined;
  readonly adapted: AdaptedShare | undefined;
  readonly now: () => number;
  readonly scheduler: SchedulerLike;
}

/**
 * The engine of `governRate`: lets a value pass when both buckets have the tokens for it, and otherwise puts it into the buffer, which may
 * have no room at all. One timer waits for the value whose turn is next.
 */
export class RateGovernor<A> {
  readonly #parts: GovernorParts<A>;
  readonly #output: StageOutput<A, never, A>;
  #timer: Subscription | undefined;
  #sourceCompleted = false;
  /** Values that have left the buffer and are not emitted yet. */
  #inHand = 0;

  constructor(parts: GovernorParts<A>) {
    this.#parts = parts;
    this.#output = new StageOutput(parts.destination, parts.buffer, parts.entry, () => this.#timer?.unsubscribe());
  }

  /** The feed into this stage. */
  get feed(): Feed {
    return this.#parts.entry.into;
  }

  receive(value: A): void {
    if (this.#isOver()) return;
    const outer = suspendSubscribing();
    try {
      this.#take(value);
    } catch (error) {
      this.error(error);
    } finally {
      resumeSubscribing(outer);
    }
  }

  /** What became of a message that has passed. */
  hear(outcome: Either<unknown, unknown>): void {
    const { adapted } = this.#parts;
    if (this.#isOver() || adapted === undefined) return;
    try {
      const now = this.#fill();
      adapted.set(adapted.after(outcome, now));
    } catch (error) {
      this.error(error);
    }
  }

  /** The source has no more values. */
  complete(): void {
    this.#sourceCompleted = true;
    this.#completeWhenEmpty();
  }

  error(error: unknown): void {
    this.#output.error(error);
  }

  #take(value: A): void {
    const { entry, buffer } = this.#parts;
    const bytes = entry.receive(value, buffer.sizeOf);
    if (buffer.length === 0 && this.#spend(bytes) === 0) {
      entry.account.admit(bytes);
      this.#emit(value, bytes);
    } else if (buffer.offer(value, bytes)) {
      this.#waitForTurn();
    } else {
      this.#output.fail(this.#output.takeFatalOverflow());
    }
  }

  #release(): void {
    this.#timer = undefined;
    const { buffer } = this.#parts;
    while (!this.#isOver() && buffer.length > 0) {
      const bytes = buffer.headBytes();
      const wait = this.#spend(bytes);
      if (wait > 0) break;
      this.#emit(buffer.shift(), bytes);
    }
    this.#waitForTurn();
    this.#completeWhenEmpty();
  }

  #waitForTurn(): void {
    const { buffer, scheduler } = this.#parts;
    if (this.#isOver() || this.#timer !== undefined || buffer.length === 0) return;
    this.#timer = wait(this.#wait(buffer.headBytes()), scheduler, () => this.#release());
  }

  /** Spends a value's tokens if they are there and returns 0, or returns the milliseconds until they are. */
  #spend(bytes: number): number {
    const { messages, bytes: byteTokens } = this.#parts;
    this.#fill();
    const wait = this.#wait(bytes);
    if (wait > 0) return wait;
    messages?.spend(1);
    byteTokens?.spend(bytes);
    return 0;
  }

  #wait(bytes: number): number {
    const { messages, bytes: byteTokens } = this.#parts;
    return Math.max(messages?.wait(1, this.#share) ?? 0, byteTokens?.wait(bytes, this.#share) ?? 0);
  }

  #fill(): number {
    const now = this.#parts.now();
    this.#parts.messages?.fill(now, this.#share);
    this.#parts.bytes?.fill(now, this.#share);
    return now;
  }

  get #share(): number {
    return this.#parts.adapted?.share ?? 1;
  }

  #emit(value: A, bytes: number): void {
    const { account } = this.#parts.entry;
    // A subscriber may make the source complete at this report, and must get the value all the same.
    this.#inHand++;
    this.#output.reportOverflow();
    this.#inHand--;
    if (this.#isOver()) {
      account.discard(1, bytes);
      return;
    }
    account.emit(1, bytes);
    this.#output.next(right(value));
    this.#completeWhenEmpty();
  }

  #completeWhenEmpty(): void {
    if (!this.#sourceCompleted || this.#isOver() || this.#inHand > 0 || this.#parts.buffer.length > 0) return;
    this.#output.complete();
  }

  /** A method, so that the compiler does not take it for unchanged: what is called in between may end the stage. */
  #isOver(): boolean {
    return this.#output.hasEnded();
  }
}

/** How a rate follows what becomes of the messages: additive increase, multiplicative decrease, as in TCP. */
export interface AdaptOptions {
  /** What became of the messages: the outcomes of `publishTo`, fed back through a `Subject`. */
  readonly outcome$: Observable<Either<unknown, unknown>>;
  /** Whether an error says that a buffer on the way to the cloud is full. Default {@link isWayFull}. */
  readonly isFull?: ((error: unknown) => boolean) | undefined;
  /** When a buffer on the way is full, the rate is multiplied by this, above 0 and below 1. Default 0.5. */
  readonly decrease?: number | undefined;
  /**
   * The share of the full rate that is added for each second in which messages are taken. Default 0.05: from half to full in ten seconds.
   */
  readonly increase?: number | undefined;
  /** The smallest share of the full rate, above 0. Default 0.01. */
  readonly least?: number | undefined;
  /** Milliseconds after a decrease in which further errors cause no other. Default 1 000. */
  readonly once?: number | undefined;
  /** Is told the share of the full rate, from `least` to 1, whenever it changes. */
  readonly onShare?: ((share: number) => void) | undefined;
}

/** The longest time since the last outcome that one success counts for, in milliseconds. */
const MAX_STEP = 1_000;

/**
 * Whether an error says that the nucleus' spool (classic), its queue (Lite) or the proxy's buffer is full. An `Overflowed` does not count:
 * it may come from the governed stage itself, which would then go slower because it is too slow.
 */
export function isWayFull(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { _tag, reason, retryable } = error as { readonly _tag?: unknown; readonly reason?: unknown; readonly retryable?: unknown };
  if (_tag === 'ServiceFault') return reason === 'SpoolFull' || (reason === 'PublishFailed' && retryable === true);
  return _tag === 'TooManyPublishes';
}

/** A share of the full rate, from `least` to 1. */
export class AdaptedShare {
  share = 1;
  readonly #isFull: (error: unknown) => boolean;
  readonly #decrease: number;
  readonly #increasePerMillisecond: number;
  readonly #least: number;
  readonly #once: number;
  readonly #onShare: ((share: number) => void) | undefined;
  #lastDecrease = -Infinity;
  #lastOutcome: number;

  constructor(options: Omit<AdaptOptions, 'outcome$'>, now: number) {
    const { isFull = isWayFull, decrease = 0.5, increase = 0.05, least = 0.01, once = 1_000, onShare } = options;
    checkShare(decrease, 'adapt.decrease');
    if (decrease === 1) throw new RangeError('adapt.decrease must be below 1: with 1 the rate would never go down.');
    checkPositive(increase, 'adapt.increase');
    checkShare(least, 'adapt.least');
    checkTime(once, 'adapt.once');
    this.#isFull = isFull;
    this.#decrease = decrease;
    this.#increasePerMillisecond = increase / 1_000;
    this.#least = least;
    this.#once = once;
    this.#onShare = hook('adapt.onShare', onShare);
    this.#lastOutcome = now;
  }

  /** The share after another outcome. */
  after(outcome: Either<unknown, unknown>, now: number): number {
    if (outcome._tag === 'Left') return atOnce(this.#isFull(outcome.left), 'adapt.isFull') ? this.#goDown(now) : this.share;
    const step = Math.min(now - this.#lastOutcome, MAX_STEP);
    this.#lastOutcome = now;
    return Math.min(1, this.share + step * this.#increasePerMillisecond);
  }

  set(share: number): void {
    if (share === this.share) return;
    this.share = share;
    this.#onShare?.(share);
  }

  /** Several messages are in flight when a buffer becomes full, and each of them fails: that counts as one event. */
  #goDown(now: number): number {
    this.#lastOutcome = now;
    if (now - this.#lastDecrease < this.#once) return this.share;
    this.#lastDecrease = now;
    return Math.max(this.#least, this.share * this.#decrease);
  }
}
