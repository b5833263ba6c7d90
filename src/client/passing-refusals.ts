import { type PublishError, Unauthorized } from '../errors/errors.js';
import type { Clock } from '../ipc/clock.js';

/** Topics that are remembered as allowed. */
const MAX_TOPICS = 256;

/**
 * Which publishes that Greengrass Lite calls unauthorized it may take in a moment: its configuration daemon, which has the policies, starts after the
 * components or is away for a while. Those on topics it took before, and all in the first moments of a connection.
 */
export class PassingRefusals {
  readonly #clock: Clock;
  readonly #patience: number;
  /** The order is that of the last success. */
  readonly #allowed = new Set<string>();
  #since = 0;
  #lite = false;

  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#patience = patience;
  }

  /** There is a connection. */
  begin(lite: boolean): void {
    this.#lite = lite;
    this.#since = this.#clock.now();
  }

  accepted(topicName: string): void {
    if (!this.#lite || this.#patience === 0) return;
    this.#allowed.delete(topicName);
    this.#allowed.add(topicName);
    if (this.#allowed.size <= MAX_TOPICS) return;
    const [oldest] = this.#allowed;
    if (oldest !== undefined) this.#allowed.delete(oldest);
  }

  /** The refusal of a publish, retryable if it may pass. */
  read(error: PublishError): PublishError {
    if (error._tag !== 'Unauthorized' || !this.#lite || this.#patience === 0) return error;
    const { operation, topicName, serverText } = error;
    const passes = this.#allowed.has(topicName) || this.#clock.now() - this.#since < this.#patience;
    return passes ? new Unauthorized('message', operation, topicName, serverText, true) : error;
  }
}
