/** What is to be done at a frame. */
export interface Timed {
  readonly at: number;
  /** Among those of one frame, the one that was set first is done first. */
  readonly nth: number;
}

/** A binary heap: the earliest is at hand, and adding one costs a logarithm. RxJS' own queue is sorted anew for every timer. */
export class TimerHeap<T extends Timed> {
  #all: T[] = [];

  get size(): number {
    return this.#all.length;
  }

  get earliest(): T | undefined {
    return this.#all[0];
  }

  add(one: T): void {
    const all = this.#all;
    let i = all.push(one) - 1;
    while (i > 0) {
      const above = (i - 1) >> 1;
      const parent = all[above];
      if (parent === undefined || isBefore(parent, one)) break;
      all[i] = parent;
      i = above;
    }
    all[i] = one;
  }

  takeEarliest(): T | undefined {
    const [earliest] = this.#all;
    const last = this.#all.pop();
    if (last !== undefined && last !== earliest) this.#sink(last);
    return earliest;
  }

  clear(): void {
    this.#all = [];
  }

  /** Puts one in the place of the first and lets it sink to where it belongs. */
  #sink(one: T): void {
    const all = this.#all;
    let i = 0;
    for (;;) {
      const [left, right] = [all[2 * i + 1], all[2 * i + 2]];
      if (left === undefined) break;
      const [child, at] = right !== undefined && isBefore(right, left) ? [right, 2 * i + 2] : [left, 2 * i + 1];
      if (isBefore(one, child)) break;
      all[i] = child;
      i = at;
    }
    all[i] = one;
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.at < b.at || (a.at === b.at && a.nth < b.nth);
}
