import type { SchedulerLike } from 'rxjs';
import { type Linked, List } from '../shared/list.js';
import { schedulerClock, type SchedulerClock } from '../schedule/clock.js';

/** Something that must happen within the time all others of its kind have as well. */
interface Deadline extends Linked<Deadline> {
  readonly due: number;
  readonly expire: () => void;
}

/**
 * Deadlines of one length with one timer for all: they fall due in the order they were set, so only the first one has to
 * be waited for. Setting and clearing is O(1) and allocates one small object.
 */
export class Deadlines {
  readonly #milliseconds: number;
  readonly #clock: SchedulerClock;
  readonly #waiting: List<Deadline> = new List();
  #cancelTimer: (() => void) | undefined;

  constructor(milliseconds: number, scheduler: SchedulerLike) {
    this.#milliseconds = milliseconds;
    this.#clock = schedulerClock(scheduler);
  }

  /** `expire` is called in time, unless what is returned is called before. */
  set(expire: () => void): () => void {
    if (this.#milliseconds === Infinity) return () => undefined;
    const deadline: Deadline = { due: this.#clock.now() + this.#milliseconds, expire, before: undefined, after: undefined };
    this.#waiting.append(deadline);
    this.#cancelTimer ??= this.#wait(deadline.due, this.#milliseconds);
    return () => this.#waiting.delete(deadline);
  }

  /** Ends the timer. No deadline expires afterwards. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#waiting.clear();
  }

  #wait(due: number, milliseconds: number): () => void {
    // What the timer was set for is due when it fires, even if it fires a little early.
    return this.#clock.after(milliseconds, at => this.#expire(Math.max(due, at)));
  }

  #expire(now: number): void {
    const cancelTimer = this.#cancelTimer;
    const waiting = this.#waiting;
    for (let deadline = waiting.first; deadline !== undefined && deadline.due <= now; deadline = waiting.first) {
      waiting.delete(deadline);
      deadline.expire();
    }
    // Unless it was stopped meanwhile, and another set.
    if (this.#cancelTimer !== cancelTimer) return;
    // The timer is left to run when the last deadline is cleared: setting and ending one for each value costs more.
    this.#cancelTimer =
      waiting.first === undefined ? undefined : this.#wait(waiting.first.due, Math.max(0, waiting.first.due - this.#clock.now()));
  }
}
