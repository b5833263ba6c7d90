import type { SchedulerLike } from 'rxjs';
import { steadyNow } from '../schedule/clock.js';
import type { Moment } from './store.js';

/**
 * The clock that ages are counted in: goes on with the time that passes while a process runs, whatever the time of day is set to, and over
 * the time between two runs by what the time of day says, where that is later than before.
 *
 * A device without a battery starts in 1970 and is set forward by decades when it first reaches a time server: counted by the time of day,
 * all that it had stored would be too old at that moment.
 */
export class AgeClock {
  readonly #scheduler: SchedulerLike;
  readonly #steady: () => number;
  #offset: number;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
    this.#steady = steadyNow(scheduler);
    this.#offset = -this.#steady();
  }

  /** Goes on from the age and the time of day that a file was last written at. */
  resume(age: number, timeOfDay: number): void {
    this.#offset = age + Math.max(0, this.#scheduler.now() - timeOfDay) - this.#steady();
  }

  now(): Moment {
    return { timeOfDay: this.#scheduler.now(), age: this.#steady() + this.#offset };
  }
}
