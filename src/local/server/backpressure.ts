/**
 * Holds up those who publish while somebody who reads has more waiting than it can take: the broker then does not read from its clients, and what they
 * send waits with them. It is let go as soon as nobody is full any more.
 */
export class Backpressure {
  readonly #full = new Set<object>();
  #held: (() => void)[] = [];

  /** Whether anybody is held up now. */
  get isOn(): boolean {
    return this.#full.size > 0;
  }

  /** Says of one way out whether too much waits on it. */
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
