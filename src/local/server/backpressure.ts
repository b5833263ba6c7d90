import type { Clock } from '../../shared/clock.js';

/**
 * Holds up those who publish while somebody who reads has more waiting than it can take: the broker then does not read from its clients,
 * and what they send waits with them. It is let go as soon as nobody is full any more.
 */
export class Backpressure {
  readonly #full = new Set<object>();
  #held: (() => void)[] = [];

  /** Whether anybody is held up now. */
  get isOn(): boolean {
    return this.#full.size > 0;
  }

  /** Notes of one way out whether too much waits on it. */
  set(who: object, isFull: boolean): void {
    if (isFull) this.#full.add(who);
    else if (this.#full.delete(who) && this.#full.size === 0) for (const goOn of this.#held.splice(0)) goOn();
  }

  /** Goes on at once, or when nobody is full any more. */
  pass(goOn: () => void): void {
    if (this.isOn) this.#held.push(goOn);
    else goOn();
  }
}

/**
 * One way out and its part in the backpressure. It is full from so many bytes on, until no more than half as many wait, or until it has
 * taken nothing for too long.
 */
export class Fullness {
  readonly #backpressure: Backpressure;
  readonly #clock: Clock;
  readonly #fullBytes: number;
  readonly #timeout: number;
  /** While it is full: calls off the wait for it to take something. */
  #cancel: (() => void) | undefined;
  /** It has taken nothing for the timeout: nobody is held up for it until it does. */
  #isDeaf = false;

  constructor(backpressure: Backpressure, clock: Clock, fullBytes: number, timeout: number) {
    this.#backpressure = backpressure;
    this.#clock = clock;
    this.#fullBytes = fullBytes;
    this.#timeout = timeout;
  }

  /** So many bytes wait now, since something was added. */
  added(bytes: number): void {
    if (this.#cancel === undefined && !this.#isDeaf && bytes > this.#fullBytes) this.#begin();
  }

  /** It has taken something, and so many bytes still wait. */
  taken(bytes: number): void {
    this.#isDeaf = false;
    if (this.#cancel === undefined) return;
    this.#cancel();
    if (bytes > this.#fullBytes / 2) this.#begin();
    else this.end();
  }

  /** Holds up nobody any more. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#backpressure.set(this, false);
  }

  #begin(): void {
    this.#backpressure.set(this, true);
    this.#cancel = this.#clock.after(this.#timeout, () => {
      this.#isDeaf = true;
      this.end();
    });
  }
}
