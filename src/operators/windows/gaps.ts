interface Gap {
  readonly from: number;
  until: number;
}

/** The most gaps remembered. */
const LIMIT = 1_000;

/** When messages may be missing: from each gap to the next value. Several gaps without a value between them are one. */
export class Gaps {
  readonly #gaps: Gap[] = [];
  #open: Gap | undefined;

  begin(at: number): void {
    if (this.#open !== undefined) return;
    this.#open = { from: at, until: Infinity };
    this.#gaps.push(this.#open);
    if (this.#gaps.length > LIMIT) this.#gaps.shift();
  }

  /** A value came. */
  end(at: number): void {
    if (this.#open === undefined) return;
    this.#open.until = Math.max(this.#open.from, at);
    this.#open = undefined;
  }

  /** Time begins anew: gaps that are over are in none of it, one that is not has been there since its beginning. */
  beginAnew(): void {
    const isOpen = this.#open !== undefined;
    this.#gaps.length = 0;
    this.#open = undefined;
    if (isOpen) this.begin(-Infinity);
  }

  /** How many fell into a window that was open up to a time. */
  within(start: number, openUntil: number): number {
    let n = 0;
    // From the latest on: gaps are in order, and all before one that is over are over.
    for (let i = this.#gaps.length - 1; i >= 0; i--) {
      const gap = this.#gaps[i];
      if (gap === undefined || gap.until < start) break;
      if (gap.from < openUntil) n++;
    }
    return n;
  }
}
