import type { Clock } from '../shared/clock.js';
import type { SilenceWatch } from '../ports/mqtt-proxy.js';

/** What a silence timer needs of its subscription. */
export interface SilenceContext {
  readonly clock: Clock;
  readonly publishCanary: (topicName: string) => void;
}

/**
 * Watches one active subscription for silence. Twice in `maximum` milliseconds it looks whether anything has come since the last time, so
 * that a message only has to set a flag.
 */
export class SilenceTimer {
  readonly #watch: SilenceWatch;
  readonly #context: SilenceContext;
  readonly #onSilence: () => void;
  #heard = false;
  #quietHalves = 0;
  #cancel: () => void;

  constructor(watch: SilenceWatch, context: SilenceContext, onSilence: () => void) {
    this.#watch = watch;
    this.#context = context;
    this.#onSilence = onSilence;
    this.#cancel = this.#lookLater();
  }

  /** Notes a message. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#cancel();
  }

  #lookLater(): () => void {
    return this.#context.clock.after(this.#watch.maximum / 2, () => {
      this.#look();
    });
  }

  #look(): void {
    this.#quietHalves = this.#heard ? 0 : this.#quietHalves + 1;
    this.#heard = false;
    if (this.#quietHalves === 2) {
      this.#onSilence();
      return;
    }
    this.#cancel = this.#lookLater();
    const { canaryTopicName } = this.#watch;
    if (this.#quietHalves === 1 && canaryTopicName !== undefined) this.#context.publishCanary(canaryTopicName);
  }
}
