import type { SchedulerLike } from 'rxjs';
import { schedulerClock, type SchedulerClock } from '../schedule/scheduler-clock.js';

/** Something that must happen within the time all others of its kind have as well. */
interface Deadline {
  readonly due: number;
  readonly expire: () => void;
  before: Deadline | undefined;
  after: Deadline | undefined;
}

/**
 * Deadlines of one length with one timer for all: they fall due in the order they were set, so only the first one has to
 * be waited for. Setting and clearing is O(1) and allocates one small object.
 */
export class Deadlines {
  private readonly milliseconds: number;
  private readonly clock: SchedulerClock;
  private first: Deadline | undefined;
  private last: Deadline | undefined;
  private cancelTimer: (() => void) | undefined;

  constructor(milliseconds: number, scheduler: SchedulerLike) {
    this.milliseconds = milliseconds;
    this.clock = schedulerClock(scheduler);
  }

  /** `expire` is called in time, unless what is returned is called before. */
  set(expire: () => void): () => void {
    if (this.milliseconds === Infinity) return () => undefined;
    const deadline: Deadline = { due: this.clock.now() + this.milliseconds, expire, before: this.last, after: undefined };
    if (this.last === undefined) this.first = deadline;
    else this.last.after = deadline;
    this.last = deadline;
    this.cancelTimer ??= this.wait(deadline.due, this.milliseconds);
    return () => this.clear(deadline);
  }

  /** Ends the timer. No deadline expires afterwards. */
  stop(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.first = this.last = undefined;
  }

  private wait(due: number, milliseconds: number): () => void {
    // What the timer was set for is due when it fires, even if it fires a little early.
    return this.clock.after(milliseconds, at => this.expire(Math.max(due, at)));
  }

  private expire(now: number): void {
    const { cancelTimer } = this;
    for (let deadline = this.first; deadline !== undefined && deadline.due <= now; deadline = this.first) {
      this.clear(deadline);
      deadline.expire();
    }
    // Unless it was stopped meanwhile, and another set.
    if (this.cancelTimer !== cancelTimer) return;
    // The timer is left to run when the last deadline is cleared: setting and ending one for each value costs more.
    this.cancelTimer = this.first === undefined ? undefined : this.wait(this.first.due, Math.max(0, this.first.due - this.clock.now()));
  }

  private clear(deadline: Deadline): void {
    if (deadline.before === undefined) {
      if (this.first !== deadline) return;
      this.first = deadline.after;
    } else deadline.before.after = deadline.after;
    if (deadline.after === undefined) this.last = deadline.before;
    else deadline.after.before = deadline.before;
    deadline.before = deadline.after = undefined;
  }
}
