import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable } from 'rxjs';
import { atOnce, checkPositive, checkShare, checkTime } from '../shared/check-argument.js';
import { hook } from '../stream/hook.js';

/** How a rate follows what becomes of the messages: additive increase, multiplicative decrease, as in TCP. */
export interface AdaptOptions {
  /** What became of the messages: the outcomes of `publishTo`, fed back through a `Subject`. */
  readonly outcome$: Observable<Either<unknown, unknown>>;
  /** Whether an error says that the way to the cloud is full. Default {@link isWayFull}. */
  readonly isFull?: ((error: unknown) => boolean) | undefined;
  /** What the rate is multiplied by when the way is full, above 0 and below 1. Default 0.5. */
  readonly decrease?: number | undefined;
  /** The share of the full rate that is added for each second in which messages are taken. Default 0.05: from half to full in ten seconds. */
  readonly increase?: number | undefined;
  /** The smallest share of the full rate, above 0. Default 0.01. */
  readonly least?: number | undefined;
  /** Milliseconds after a decrease in which further errors count as the same one. Default 1 000. */
  readonly once?: number | undefined;
  /** Sees the share of the full rate, from `least` to 1, whenever it changes. */
  readonly onShare?: ((share: number) => void) | undefined;
}

/** The longest time without an outcome that one success adds for, in milliseconds. */
const LONGEST_STEP = 1_000;

/**
 * Whether an error says that the way to the cloud is full: the nucleus' spool (classic), its queue (Lite), or the proxy's buffer. An `Overflowed` does
 * not: it can be that of the governed stage itself, which would then go slower because it is too slow.
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
    const step = Math.min(now - this.#lastOutcome, LONGEST_STEP);
    this.#lastOutcome = now;
    return Math.min(1, this.share + step * this.#increasePerMillisecond);
  }

  set(share: number): void {
    if (share === this.share) return;
    this.share = share;
    this.#onShare?.(share);
  }

  /** Messages were under way when the way became full, and each of them fails: that is one event. */
  #goDown(now: number): number {
    this.#lastOutcome = now;
    if (now - this.#lastDecrease < this.#once) return this.share;
    this.#lastDecrease = now;
    return Math.max(this.#least, this.share * this.#decrease);
  }
}
