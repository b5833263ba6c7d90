/** The device's connection to its broker: up unless something holds it down. */
export class Link {
  readonly #reasons = new Set<string>();
  readonly #listeners = new Set<(up: boolean) => void>();
  #everUp: boolean;

  /** `heldBy`: what else holds it down from the beginning. */
  constructor(online: boolean, heldBy: readonly string[] = []) {
    if (!online) this.#reasons.add('offline');
    for (const reason of heldBy) this.#reasons.add(reason);
    this.#everUp = this.isUp;
  }

  get isUp(): boolean {
    return this.#reasons.size === 0;
  }

  /** Before the first connection the classic nucleus withholds replies to subscribe; later it fails them at once. */
  get wasEverUp(): boolean {
    return this.#everUp;
  }

  /** Holds the link down for a reason, or takes that reason away. */
  set(reason: string, down: boolean): void {
    const before = this.isUp;
    if (down) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    const { isUp } = this;
    if (isUp === before) return;
    if (isUp) this.#everUp = true;
    for (const listener of [...this.#listeners]) listener(isUp);
  }

  onChange(listener: (up: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
