import type { SchedulerLike } from 'rxjs';

/** How near the time of day a scheduler's time must be to be taken for it, in milliseconds. Virtual time is decades away. */
const TIME_OF_DAY = 60_000;

/**
 * The time by which a scheduler's timers go, in milliseconds since any fixed moment: what deadlines are counted in.
 *
 * `asyncScheduler` tells the time of day, and that is set: by years when a device without a clock of its own first reaches a
 * time server. Set forward, everything under way would be overdue at once; set back, nothing would be for as long.
 */
export function steadyNow(scheduler: SchedulerLike): () => number {
  return () => {
    const now = scheduler.now();
    // eslint-disable-next-line no-restricted-globals -- the one place that tells a scheduler's time from the time of day
    return Math.abs(now - Date.now()) < TIME_OF_DAY ? performance.now() : now;
  };
}
