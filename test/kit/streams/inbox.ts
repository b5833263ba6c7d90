/** What arrives by callbacks, to be taken one after the other. */
export class Inbox<A> {
  readonly #arrived: A[] = [];
  #wake = (): void => undefined;

  readonly put = (one: A): void => {
    this.#arrived.push(one);
    this.#wake();
  };

  /** Resolves with the next, as soon as there is one. One at a time. */
  async next(): Promise<A> {
    for (;;) {
      const one = this.#arrived.shift();
      if (one !== undefined) return one;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }
}
