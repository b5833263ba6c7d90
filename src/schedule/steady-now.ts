import type { SchedulerLike } from 'rxjs';

/** How near the time of day a scheduler's time must be to be taken for it, in milliseconds. Virtual time is decades away. */
const TIME_OF_DAY = 60_000;

/** By how many milliseconds two clocks may drift apart before it is asked again whether one is the time of day. */
const UNSET = 1_000;

/* eslint-disable no-restricted-globals -- the one place that tells a scheduler's time from the time of day */
let lastDate: DateConstructor | undefined;
let isGenuine = true;

/** Whether `Date` is Node's own: test runners put another in its place, and their time stands still until it is moved. */
const hasGenuineDate = (): boolean => {
  if (Date !== lastDate) {
    lastDate = Date;
    isGenuine = Function.prototype.toString.call(Date) === 'function Date() { [native code] }';
  }
  return isGenuine;
};

const isNow = (time: number): boolean => hasGenuineDate() && Math.abs(time - Date.now()) < TIME_OF_DAY;

/** Whether a scheduler's timers wait in real time: `asyncScheduler`, where no test has put another time in its place. */
export const isRealTime = (scheduler: SchedulerLike): boolean => isNow(scheduler.now());

/**
 * The time by which a scheduler's timers go, in milliseconds since any fixed moment: what deadlines are counted in.
 *
 * `asyncScheduler` tells the time of day, and that is set: by years when a device without a clock of its own first reaches a
 * time server. Set forward, everything under way would be overdue at once; set back, nothing would be for as long.
 */
export function steadyNow(scheduler: SchedulerLike): () => number {
  /** How far the two clocks were apart when the scheduler's was last seen to be the time of day. Spares reading a third one each time. */
  let apart = Number.NaN;
  return () => {
    const now = scheduler.now();
    const steady = performance.now();
    if (Math.abs(now - steady - apart) < UNSET && hasGenuineDate()) return steady;
    const isTimeOfDay = isNow(now);
    apart = isTimeOfDay ? now - steady : Number.NaN;
    return isTimeOfDay ? steady : now;
  };
}
/* eslint-enable no-restricted-globals */
