import type { Clock } from '../../ipc/clock.js';

/** Retained messages that have an expiry; more are kept without one, until the broker ends. */
const MAX_TOPICS = 10_000;

/** When retained messages expire: MQTT 5 has the broker remove them then, and say of the others how long they have left. */
export class RetainedExpiry {
  readonly #clock: Clock;
  readonly #onExpired: (topicName: string) => void;
  readonly #expiries = new Map<string, { readonly at: number; readonly cancel: () => void }>();

  constructor(clock: Clock, onExpired: (topicName: string) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** A message is retained now, with this expiry or none, in place of any of before. */
  set(topicName: string, seconds: number | undefined): void {
    this.#expiries.get(topicName)?.cancel();
    this.#expiries.delete(topicName);
    if (seconds === undefined || this.#expiries.size >= MAX_TOPICS) return;
    const ms = seconds * 1000;
    const cancel = this.#clock.after(ms, () => {
      this.#expiries.delete(topicName);
      this.#onExpired(topicName);
    });
    this.#expiries.set(topicName, { at: this.#clock.now() + ms, cancel });
  }

  /** Whole seconds that a retained message has left, at least one; `undefined` if it does not expire. */
  secondsLeft(topicName: string): number | undefined {
    const expiry = this.#expiries.get(topicName);
    return expiry && Math.max(1, Math.ceil((expiry.at - this.#clock.now()) / 1000));
  }

  close(): void {
    for (const { cancel } of this.#expiries.values()) cancel();
    this.#expiries.clear();
  }
}
