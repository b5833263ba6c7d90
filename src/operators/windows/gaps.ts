interface Gap {
  readonly from: number;
  until: number;
}

/** The most gaps remembered. */
const LIMIT = 1_000;

/** When messages may be missing: from each gap to the next value. Several gaps without a value between them are one. */
export class Gaps {
  private readonly gaps: Gap[] = [];
  private open: Gap | undefined;

  begin(at: number): void {
    if (this.open !== undefined) return;
    this.open = { from: at, until: Infinity };
    this.gaps.push(this.open);
    if (this.gaps.length > LIMIT) this.gaps.shift();
  }

  /** A value came. */
  end(at: number): void {
    if (this.open === undefined) return;
    this.open.until = Math.max(this.open.from, at);
    this.open = undefined;
  }

  /** How many fell into a window that was open up to a time. */
  within(start: number, openUntil: number): number {
    let n = 0;
    for (const { from, until } of this.gaps) if (from < openUntil && until >= start) n++;
    return n;
  }
}
