/** Of a token: what sums of fractions are wrong by. Without it a timer for the last billionth of a token would fire for ever at one instant. */
const ROUNDING = 1e-6;

/**
 * Tokens that come in at a rate, up to a number that may be saved up, and are spent on what passes. In any time, no more are spent than come in
 * meanwhile and had been saved up.
 *
 * What costs more than can be saved up passes when the bucket is full, and leaves a debt that is paid off before the next.
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

  /** What came in until `now`, at a share of the rate from 0 to 1. To be called before that share changes. */
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
