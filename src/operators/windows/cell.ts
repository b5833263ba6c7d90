import type { Aggregate, AggregateState } from '../aggregates/aggregate.js';

/** What is kept of some values: the aggregate's state, how many there were, and their earliest and latest time. */
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

  /** A cell of the values of both, which neither shares anything with. */
  merged(later: Cell<A>): Cell<A> {
    const both = new Cell(this.#aggregate, this.#aggregate.merge(this.#state, later.#state));
    both.count = this.count + later.count;
    both.first = Math.min(this.first, later.first);
    both.last = Math.max(this.last, later.last);
    return both;
  }

  /** A cell of the same values, which this one shares nothing with. */
  copy(): Cell<A> {
    return this.merged(new Cell(this.#aggregate));
  }

  result<R>(aggregate: Aggregate<A, R>, start: number, end: number): R {
    return aggregate.result(this.#state, { start, end });
  }
}
