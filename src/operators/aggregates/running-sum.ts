/**
 * A sum that keeps what rounding takes away (Neumaier's form of Kahan's): a thousand readings of 0.1 are 100, and a large value does not swallow
 * small ones.
 *
 * Source: A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, ZAMM 54 (1974).
 */
export class RunningSum {
  n = 0;
  #sum = 0;
  #lost = 0;

  add(value: number): this {
    this.n++;
    this.#take(value);
    return this;
  }

  merged(other: RunningSum): RunningSum {
    const both = new RunningSum();
    both.n = this.n + other.n;
    both.#sum = this.#sum;
    both.#lost = this.#lost + other.#lost;
    both.#take(other.#sum);
    return both;
  }

  get total(): number {
    // With an infinity in it, what was lost is no number.
    return Number.isFinite(this.#sum) ? this.#sum + this.#lost : this.#sum;
  }

  #take(value: number): void {
    const sum = this.#sum + value;
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }
}
