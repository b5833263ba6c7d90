import type { SchedulerLike, Unsubscribable } from 'rxjs';
import { steadyNow, wait } from '../schedule/clock.js';

/** Milliseconds over which it is counted how many are accepted, and the least of them that a rate is reckoned from. */
const COUNTED = 500;
const LEAST = 100;
/** The count is this much too low by chance, at most. */
const DOUBT = 1.1;
/** Publishes that the nucleus is given time to be rid of after a refusal: half of the ten it keeps. */
const LET_GO = 5;
/** Publishes that may begin at once after a time without: the nucleus has been rid of as many meanwhile. */
const AT_ONCE = 8;
/** What is left of the rate after a refusal. */
const DECREASE = 0.95;
/** What the rate gains in a second, of itself: near where it was last refused, and where it was not for long. */
const INCREASE = 0.02;
const PROBING = 0.5;
const PROBES_AFTER = 10_000;
/** Milliseconds between two looks, at least: what may be sent until then goes together. */
const TOGETHER = 5;
/** A rate from which on nothing is held up. */
const UNLIMITED = 10_000;

/**
 * How fast a stage publishes to a nucleus that refuses what it has no room for. Greengrass Lite answers each publish at once, and keeps ten until the broker
 * has acknowledged them: no window of answers says how many those are, but its refusals do.
 *
 * Nothing is held up until the first. From then on there is a rate: each refusal takes a twentieth off it, or all that is more than was accepted of late, after
 * a pause in which half of the ten are acknowledged; while it is what holds publishes up it grows a little, to the next. The ten even that out, so the broker
 * is never without work.
 */
export class PublishPace {
  readonly #scheduler: SchedulerLike;
  readonly #now: () => number;
  readonly #onOpen: (isOpen: boolean) => void;
  /** Publishes a second. */
  #rate = Infinity;
  #isProbing = true;
  /** Publishes that may begin now; below 0 where tries anew have taken more, or the nucleus is given time. */
  #tokens = 1;
  #filledAt: number;
  #decreasedAt = -Infinity;
  #pausedUntil = -Infinity;
  #acceptedAt = -Infinity;
  /** How many were accepted since a moment, and in how long before it. */
  #accepted = 0;
  #countedSince: number;
  #before = { accepted: 0, milliseconds: 0 };
  #timer: Unsubscribable | undefined;

  /** @param onOpen the stage may begin publishes, or may not. */
  constructor(scheduler: SchedulerLike, onOpen: (isOpen: boolean) => void) {
    this.#scheduler = scheduler;
    this.#now = steadyNow(scheduler);
    this.#onOpen = onOpen;
    this.#filledAt = this.#countedSince = this.#now();
  }

  /** A try is being sent. Gives the moment, for {@link refused}. */
  sent(): number {
    const at = this.#now();
    if (this.#rate !== Infinity) {
      this.#fill(at);
      this.#tokens--;
      this.#hold();
    }
    return at;
  }

  accepted(): void {
    const at = this.#now();
    // After a time without any it is counted anew.
    if (at - this.#acceptedAt > 2 * COUNTED) {
      this.#before = { accepted: 0, milliseconds: 0 };
      this.#accepted = 0;
      this.#countedSince = at;
    }
    this.#acceptedAt = at;
    this.#count(at);
    this.#accepted++;
  }

  /** The nucleus had no room for a try. */
  refused(sentAt: number): void {
    const at = this.#now();
    // Of those that were on their way together, or came in the pause, the first has said it. Where none is accepted any more, the device is offline.
    if (sentAt <= this.#pausedUntil || at - this.#acceptedAt > COUNTED) return;
    this.#count(at);
    const { accepted, milliseconds } = this.#before;
    const measured = ((accepted + this.#accepted) / Math.max(LEAST, milliseconds + at - this.#countedSince)) * 1_000;
    this.#isProbing = this.#rate === Infinity;
    this.#rate = Math.max(1, Math.min(this.#rate * DECREASE, measured * DOUBT));
    this.#decreasedAt = this.#filledAt = at;
    this.#pausedUntil = at + ((LET_GO + 1) / this.#rate) * 1_000;
    this.#tokens = -LET_GO;
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    this.#hold();
  }

  stop(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  /** Nothing begins before there is a token for it. One timer. */
  #hold(): void {
    if (this.#tokens >= 1 || this.#timer !== undefined) return;
    const since = this.#now();
    this.#onOpen(false);
    this.#timer = wait(Math.max(TOGETHER, ((1 - this.#tokens) / this.#rate) * 1_000), this.#scheduler, () => {
      this.#timer = undefined;
      const at = this.#now();
      this.#fill(at);
      this.#grow(at, (at - since) / 1_000);
      if (this.#tokens >= 1 || this.#rate === Infinity) this.#onOpen(true);
      else this.#hold();
    });
  }

  #fill(at: number): void {
    const gained = ((at - this.#filledAt) / 1_000) * this.#rate;
    this.#tokens = Math.min(AT_ONCE, this.#tokens + gained);
    this.#filledAt = at;
  }

  #grow(at: number, seconds: number): void {
    this.#isProbing ||= at - this.#decreasedAt > PROBES_AFTER;
    this.#rate += this.#rate * (this.#isProbing ? PROBING : INCREASE) * seconds;
    if (this.#rate > UNLIMITED) this.#rate = Infinity;
  }

  #count(at: number): void {
    const milliseconds = at - this.#countedSince;
    if (milliseconds < COUNTED) return;
    this.#before = { accepted: this.#accepted, milliseconds };
    this.#accepted = 0;
    this.#countedSince = at;
  }
}
