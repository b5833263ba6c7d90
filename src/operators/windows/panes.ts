import type { Aggregate, AggregateState } from '../aggregates/aggregate.js';

/**
 * The greatest common divisor. For the length of windows and the step between them, it is the longest stretch that is always either wholly
 * in a window or not in it.
 */
export function gcd(length: number, step: number): number {
  return step === 0 ? length : gcd(step, length % step);
}

/** What is remembered of some values: the aggregate's state, their number, and their earliest and latest time. */
export class Cell<A> {
  readonly #aggregate: Aggregate<A, unknown>;
  #state: AggregateState;
  count = 0;
  first: number = Number.POSITIVE_INFINITY;
  last: number = Number.NEGATIVE_INFINITY;

  constructor(aggregate: Aggregate<A, unknown>, state: AggregateState = aggregate.empty()) {
    this.#aggregate = aggregate;
    this.#state = state;
  }

  add(value: A, at: number): void {
    this.#state = this.#aggregate.add(this.#state, value, at);
    this.count++;
    if (at < this.first) this.first = at;
    if (at > this.last) this.last = at;
  }

  /** A cell of the values of both. It shares nothing with either. */
  merged(later: Cell<A>): Cell<A> {
    const both = new Cell(this.#aggregate, this.#aggregate.merge(this.#state, later.#state));
    both.count = this.count + later.count;
    both.first = Math.min(this.first, later.first);
    both.last = Math.max(this.last, later.last);
    return both;
  }

  /** A cell of the same values. It shares nothing with this one. */
  copy(): Cell<A> {
    return this.merged(new Cell(this.#aggregate));
  }

  result<R>(aggregate: Aggregate<A, R>, start: number, end: number): R {
    return aggregate.result(this.#state, { start, end });
  }
}

/** The values of one stretch of time, which are all in the same windows. */
class Pane<A> extends Cell<A> {
  readonly index: number;

  constructor(aggregate: Aggregate<A, unknown>, index: number) {
    super(aggregate);
    this.index = index;
  }
}

/** The panes from one on to the end of the front, folded into one cell. */
interface Suffix<A> {
  readonly index: number;
  readonly cell: Cell<A>;
}

/** No panes, or an empty front. All keys share it: an array for each would be most of what a key takes. Never written to. */
const NONE: never[] = [];

/** The fold of a window's panes, as two stacks: see {@link Panes}. */
class Fold<A> {
  /** The top, the fold from the earliest pane, is the last element. */
  front: Suffix<A>[] = NONE;
  back: Cell<A> | undefined;
  /** The earliest pane of the back. */
  backFirst = Infinity;
  /** Panes before this one are in the front, those from here to `foldedTo` in the back. */
  backFrom = -Infinity;
  foldedTo = -Infinity;
}

/**
 * The panes of one key, in order, and the fold of those in a window.
 *
 * A window that moves on gains panes at its end and loses panes at its beginning, and a state cannot be subtracted from another. So the
 * fold is kept as two stacks, like a queue made of two stacks: the front has, for each of its panes, the fold from that pane to the end of
 * the front; the back has one fold of everything after that. Losing a pane takes one off the front, and gaining one merges it into the
 * back. When the front is used up, the back becomes the front. Each pane is merged twice, and once more for the result, however long the
 * window.
 *
 * Source: K. Tangwongsan, M. Hirzel, S. Schneider, Low-latency sliding-window aggregation in worst-case constant time, DEBS 2017
 * (two-stacks).
 */
export class Panes<A> {
  readonly #aggregate: Aggregate<A, unknown>;
  #panes: Pane<A>[] = NONE;
  /** How many at the beginning of `panes` are gone. They are cut off only now and then, since cutting moves all others. */
  #gone = 0;
  /** Windows of one pane need none: it would be a sixth of what a key takes. */
  #fold: Fold<A> | undefined;

  constructor(aggregate: Aggregate<A, unknown>) {
    this.#aggregate = aggregate;
  }

  get first(): number | undefined {
    return this.#panes[this.#gone]?.index;
  }

  get last(): number | undefined {
    return this.#panes[this.#panes.length - 1]?.index;
  }

  /** Adds a value to a pane, whichever it is. */
  add(index: number, value: A, at: number): void {
    const newest = this.#panes[this.#panes.length - 1];
    const pane = newest?.index === index ? newest : this.#paneAt(index);
    pane.add(value, at);
    if (this.#fold !== undefined && index < this.#fold.foldedTo) this.#addToFold(this.#fold, index, value, at);
  }

  /** The earliest pane that is not before `index`. */
  firstFrom(index: number): number | undefined {
    for (let i = this.#gone; i < this.#panes.length; i++) {
      const pane = this.#panes[i];
      if (pane !== undefined && pane.index >= index) return pane.index;
    }
    return undefined;
  }

  /** The fold of the panes of a window. From one call to the next, the window must not move back. */
  fold(from: number, to: number): Cell<A> | undefined {
    const fold = (this.#fold ??= new Fold());
    for (let i = this.#position(fold.foldedTo); i < this.#panes.length; i++) {
      const pane = this.#panes[i];
      if (pane === undefined || pane.index >= to) break;
      if (fold.back === undefined) fold.backFirst = pane.index;
      fold.back = fold.back?.merged(pane) ?? pane.copy();
    }
    fold.foldedTo = Math.max(fold.foldedTo, to);
    while ((fold.front[fold.front.length - 1]?.index ?? from) < from) fold.front.pop();
    if (fold.front.length === 0 && fold.backFirst < from) this.#turn(fold, from);
    const top = fold.front[fold.front.length - 1]?.cell;
    return top === undefined || fold.back === undefined ? (top ?? fold.back) : top.merged(fold.back);
  }

  /** The same for any window, with one merge for each pane. */
  refold(from: number, to: number): Cell<A> | undefined {
    let all: Cell<A> | undefined;
    for (let i = this.#gone; i < this.#panes.length; i++) {
      const pane = this.#panes[i];
      if (pane !== undefined && pane.index >= from && pane.index < to) all = all?.merged(pane) ?? pane;
    }
    return all;
  }

  /** Forgets the panes before `index`. */
  dropBefore(index: number): void {
    while ((this.first ?? index) < index) this.#gone++;
    if (this.#gone > 32 ? this.#gone > this.#panes.length / 2 : this.#gone === this.#panes.length) {
      this.#panes.splice(0, this.#gone);
      this.#gone = 0;
    }
  }

  /** A pane that is not the newest. It is made if there is none. */
  #paneAt(index: number): Pane<A> {
    const place = this.#position(index);
    const found = this.#panes[place];
    if (found?.index === index) return found;
    const pane = new Pane(this.#aggregate, index);
    // Most keys have one pane at a time, and `push` makes room for seventeen.
    if (this.#panes.length === 0) this.#panes = [pane];
    else if (place === this.#panes.length) this.#panes.push(pane);
    else this.#panes.splice(place, 0, pane);
    // The front has no fold that begins at this pane: it is made anew at the next window.
    if (this.#fold !== undefined && index < this.#fold.backFrom) this.#fold = undefined;
    return pane;
  }

  /** The position of the first pane that is not before `index`. */
  #position(index: number): number {
    let place = this.#panes.length;
    while (place > this.#gone && (this.#panes[place - 1]?.index ?? -Infinity) >= index) place--;
    return place;
  }

  #addToFold(fold: Fold<A>, index: number, value: A, at: number): void {
    if (index >= fold.backFrom) {
      fold.back ??= new Cell(this.#aggregate);
      fold.back.add(value, at);
      fold.backFirst = Math.min(fold.backFirst, index);
    } else for (const suffix of fold.front) if (suffix.index <= index) suffix.cell.add(value, at);
  }

  /** Makes the back the front. */
  #turn(fold: Fold<A>, from: number): void {
    const front: Suffix<A>[] = [];
    let cell: Cell<A> | undefined;
    for (let i = this.#position(fold.foldedTo) - 1; i >= this.#gone; i--) {
      const pane = this.#panes[i];
      if (pane === undefined || pane.index < from) break;
      cell = cell === undefined ? pane.copy() : pane.merged(cell);
      front.push({ index: pane.index, cell });
    }
    fold.front = front;
    fold.back = undefined;
    fold.backFirst = Infinity;
    fold.backFrom = fold.foldedTo;
  }
}
