import type { SchedulerLike, Unsubscribable } from 'rxjs';
import { steadyNow, wait } from '../schedule/clock.js';

/** Milliseconds over which accepted publishes are counted, and the fewest from which a rate is computed. */
const COUNTED = 500;
const LEAST = 100;
/** For so many milliseconds after the first refusal, they are counted from then on. */
const BEGINNING = 3_000;
/** By how much the count may be too low by chance. */
const DOUBT = 1.1;
/** What the nucleus keeps until the broker has acknowledged it. */
const KEPT = 10;
/** After a refusal the nucleus is given time to have this many publishes acknowledged: half of the ten that it keeps. */
const LET_GO = 5;
/** Publishes that may begin at once after a pause: meanwhile as many have been acknowledged. */
const AT_ONCE = 8;
/** A refusal multiplies the rate by this. */
const DECREASE = 0.95;
/**
 * By what part of itself the rate grows soon after a refusal: in a second, and for each publish at most, so that about a hundred publishes
 * lie between two refusals of a slow broker, too.
 */
const INCREASE = 0.02;
const INCREASE_A_PUBLISH = 0.0005;
/** By what part of itself it grows in a second when nothing has been refused for so many milliseconds. */
const PROBING = 0.5;
const PROBES_AFTER = 10_000;
/** The shortest wait, in milliseconds: what may be sent by then is sent together. */
const TOGETHER = 5;
/** From this rate on, nothing is held up any more. */
const UNLIMITED = 10_000;

/**
 * How many publishes may be under way where nothing was refused yet, by how many were accepted of late. All that are under way when the
 * nucleus has become full are refused, so there are few when it may be: after the ten that it keeps whatever the broker does, and some
 * more.
 */
function inFlightFor(accepted: number): number {
  if (accepted < 2 * KEPT) return Math.max(2, KEPT - accepted);
  return accepted < 4 * KEPT ? 4 : Infinity;
}

/**
 * How fast a stage publishes to a nucleus that refuses what it has no room for. Greengrass Lite answers each publish at once, and keeps ten
 * until the broker has acknowledged them. Its answers do not show how many those are; only its refusals do.
 *
 * Until the first refusal nothing is held up, but few are under way when the nucleus may be full. From then on there is a rate, and a
 * publish that was refused waits for its turn. A refusal lowers it by a twentieth, or to what was acknowledged lately if that is less, and
 * is followed by a pause in which half of the ten are acknowledged. While the rate holds publishes up it grows a little, until the next
 * refusal. The ten that the nucleus keeps even that out, so that the broker always has work.
 */
export class PublishPace {
  readonly #scheduler: SchedulerLike;
  readonly #now: () => number;
  readonly #onLimit: (most: number) => void;
  /** Publishes a second. */
  #rate = Infinity;
  #isProbing = true;
  #most = Infinity;
  /** Publishes that may begin now. Below 0 if retries have used more, or while the nucleus is given time. */
  #tokens = 1;
  #filledAt: number;
  #decreasedAt = -Infinity;
  #pausedUntil = -Infinity;
  #acceptedAt = -Infinity;
  /** How many were accepted since `countedSince`, and how many in the period before it. */
  #accepted = 0;
  #countedSince: number;
  #before = { accepted: 0, milliseconds: 0 };
  /** When the nucleus was full for the first time, and how many publishes were accepted since. */
  #fullAt = -Infinity;
  #acceptedSinceFull = 0;
  #timer: Unsubscribable | undefined;

  /** @param onLimit is told how many publishes the stage may have under way: 0 while they are held up. */
  constructor(scheduler: SchedulerLike, onLimit: (most: number) => void) {
    this.#scheduler = scheduler;
    this.#now = steadyNow(scheduler);
    this.#onLimit = onLimit;
    this.#filledAt = this.#countedSince = this.#now();
  }

  /** A try is being sent, for which a turn `isReserved` if {@link refused} gave it one. Returns the time, for {@link refused}. */
  sent(isReserved: boolean): number {
    const at = this.#now();
    if (this.#rate !== Infinity && !isReserved) {
      this.#fill(at);
      this.#tokens--;
      this.#hold();
    }
    return at;
  }

  accepted(): void {
    const at = this.#now();
    // After a time without any, counting starts over.
    if (at - this.#acceptedAt > 2 * COUNTED) {
      this.#before = { accepted: 0, milliseconds: 0 };
      this.#accepted = 0;
      this.#countedSince = at;
    }
    this.#acceptedAt = at;
    this.#count(at);
    this.#accepted++;
    this.#acceptedSinceFull++;
    if (this.#rate === Infinity) this.#limit(inFlightFor(this.#before.accepted + this.#accepted));
  }

  /** The nucleus had no room for a try. Returns the milliseconds until the turn that is reserved for the next one; `undefined`: none is. */
  refused(sentAt: number): number | undefined {
    const at = this.#now();
    // If none is accepted any more, the device is offline.
    if (at - this.#acceptedAt > COUNTED) return undefined;
    // Of several that were in flight together, or came during the pause, only the first refusal counts.
    if (sentAt > this.#pausedUntil) this.#slowDown(at);
    if (this.#rate === Infinity) return undefined;
    this.#fill(at);
    this.#tokens--;
    this.#hold();
    return (-this.#tokens / this.#rate) * 1_000;
  }

  #slowDown(at: number): void {
    this.#count(at);
    const measured = this.#measured(at);
    if (this.#rate === Infinity) {
      this.#fullAt = at;
      this.#acceptedSinceFull = 0;
    }
    this.#isProbing = this.#rate === Infinity;
    this.#rate = Math.max(1, Math.min(this.#rate * DECREASE, measured * DOUBT));
    this.#decreasedAt = this.#filledAt = at;
    this.#pausedUntil = at + ((LET_GO + 1) / this.#rate) * 1_000;
    this.#tokens = -LET_GO;
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  stop(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  /** Holds publishes up until there is a token. One timer. */
  #hold(): void {
    if (this.#tokens >= 1 || this.#timer !== undefined) return;
    const since = this.#now();
    this.#limit(0);
    this.#timer = wait(Math.max(TOGETHER, ((1 - this.#tokens) / this.#rate) * 1_000), this.#scheduler, () => {
      this.#timer = undefined;
      const at = this.#now();
      this.#fill(at);
      this.#grow(at, (at - since) / 1_000);
      if (this.#tokens >= 1 || this.#rate === Infinity) this.#limit(Infinity);
      else this.#hold();
    });
  }

  #limit(most: number): void {
    if (most === this.#most) return;
    this.#most = most;
    this.#onLimit(most);
  }

  #fill(at: number): void {
    const gained = ((at - this.#filledAt) / 1_000) * this.#rate;
    // The stage had nothing to publish: what was accepted since the first refusal does not show any more how fast the broker is.
    if (this.#tokens + gained > AT_ONCE) this.#fullAt = -Infinity;
    this.#tokens = Math.min(AT_ONCE, this.#tokens + gained);
    this.#filledAt = at;
  }

  #grow(at: number, seconds: number): void {
    this.#isProbing ||= at - this.#decreasedAt > PROBES_AFTER;
    this.#rate += this.#rate * (this.#isProbing ? PROBING : Math.min(INCREASE, INCREASE_A_PUBLISH * this.#rate)) * seconds;
    if (this.#rate > UNLIMITED) this.#rate = Infinity;
  }

  /**
   * How many publishes a second are acknowledged, as far as that is known. In the beginning they are counted from the first refusal, when
   * the nucleus was full: before it, the ten that it keeps were accepted without being acknowledged, and with a slow broker those are most
   * of the first second.
   */
  #measured(at: number): number {
    const { accepted, milliseconds } = this.#before;
    const ofLate = (accepted + this.#accepted) / Math.max(LEAST, milliseconds + at - this.#countedSince);
    const sinceFull = (this.#acceptedSinceFull + 1) / Math.max(LEAST, at - this.#fullAt);
    return (at - this.#fullAt > BEGINNING ? ofLate : Math.min(ofLate, sinceFull)) * 1_000;
  }

  #count(at: number): void {
    const milliseconds = at - this.#countedSince;
    if (milliseconds < COUNTED) return;
    this.#before = { accepted: this.#accepted, milliseconds };
    this.#accepted = 0;
    this.#countedSince = at;
  }
}
