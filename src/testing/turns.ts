import type { Clock } from '../ipc/clock.js';
import { VirtualTimeStopped } from './virtual-time.js';

/**
 * More in one instant is an endless loop: virtual time would stand still for ever. They take about a second, so that it is told
 * before the test's own limit of time, five seconds in vitest and Jest, which would not say why.
 */
const MOST_TURNS = 100_000;

/**
 * What would happen in later turns of an event loop, in order and within the same instant of virtual time. All that one thing sets
 * off (a handshake, a request, its answer) is done before anything else that is due in this instant.
 */
export class Turns {
  readonly #clock: Clock;
  #tasks: (() => void)[] = [];
  #due = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  later(task: () => void): void {
    this.#tasks.push(task);
    if (this.#due) return;
    this.#due = true;
    this.#clock.after(0, this.run);
  }

  /** Does all that is due, and what follows from that. */
  readonly run = (): void => {
    this.#due = true;
    let done = 0;
    try {
      while (this.#tasks.length > 0) {
        const tasks = this.#tasks;
        this.#tasks = [];
        for (const [i, task] of tasks.entries()) {
          try {
            task();
          } catch (error) {
            this.#tasks = [...tasks.slice(i + 1), ...this.#tasks];
            throw error;
          }
        }
        done += tasks.length;
        if (done > MOST_TURNS) {
          this.#tasks = [];
          throw new VirtualTimeStopped(
            done,
            this.#clock.now(),
            `More than ${MOST_TURNS} messages passed at ${this.#clock.now()} ms and time stood still. Does something publish to a topic it subscribes to?`,
          );
        }
      }
    } finally {
      this.#due = false;
      if (this.#tasks.length > 0) this.later(() => undefined);
    }
  };
}
