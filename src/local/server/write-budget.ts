/**
 * Bytes that all connections together may have waiting: each has a bound of its own, and many slow ones must not add up to
 * more than the process has.
 */
export class WriteBudget {
  readonly limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get exceeded(): boolean {
    return this.#bytes > this.limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}
