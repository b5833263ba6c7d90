/** The streams of one connection that are open, with what is to be done when they end. */
export class OpenStreams {
  readonly #closers = new Map<number, readonly (() => void)[]>();

  /** Keeps a stream open. One that is kept twice, which Lite allows, has both to do at its end. */
  keep(streamId: number, onClose: () => void = nothing): void {
    const others = this.#closers.get(streamId);
    this.#closers.set(streamId, others === undefined ? [onClose] : [...others, onClose]);
  }

  has(streamId: number): boolean {
    return this.#closers.has(streamId);
  }

  /** `false` for a stream that is not open. */
  close(streamId: number): boolean {
    const closers = this.#closers.get(streamId);
    if (closers === undefined) return false;
    this.#closers.delete(streamId);
    for (const close of closers) close();
    return true;
  }

  /** Ends what was kept first, as Lite does with a stream that several subscriptions share; the others go on. */
  closeOne(streamId: number): void {
    const [close, ...others] = this.#closers.get(streamId) ?? [];
    if (others.length === 0) this.#closers.delete(streamId);
    else this.#closers.set(streamId, others);
    close?.();
  }

  closeAll(): void {
    for (const streamId of [...this.#closers.keys()]) this.close(streamId);
  }
}

function nothing(): void {
  return;
}
