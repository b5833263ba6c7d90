import type { SchedulerLike } from 'rxjs';
import { TimestampRefused } from '../../errors/errors.js';
import { schedulerClock } from '../../schedule/clock.js';
import type { Clocked, WindowClock } from './window-clock.js';
import type { EventTime } from './window-options.js';
import { atOnce } from '../../shared/at-once.js';

/** The latest time there is (ECMAScript, Time Values and Time Range). Beyond 2^53, adding one to a number may leave it as it is, and windows had no end. */
const LATEST_TIME = 8.64e15;

/**
 * Windows go by the time values carry: the watermark is the latest of all of them less `outOfOrder`. The only timer is that of `idleAfter`: one, and none
 * while nothing is open.
 */
export function eventClock<A>(scheduler: SchedulerLike, windows: Clocked<A>, time: EventTime<A>): WindowClock<A> {
  const { timestamp, maxAhead = Infinity, outOfOrder = 0, idleAfter } = time;
  const clock = schedulerClock(scheduler);
  let latest = -Infinity;
  let lastArrival = 0;
  let cancelTimer: (() => void) | undefined;

  const look = (at: number): void => {
    cancelTimer = undefined;
    const left = lastArrival + (idleAfter ?? Infinity) - at;
    // A timer may fire a little early.
    if (left > 1) cancelTimer = clock.after(left, look);
    else windows.run(() => windows.close('idle'));
  };

  return {
    now: () => latest - outOfOrder,
    at: (value, key) => {
      if (idleAfter !== undefined) lastArrival = clock.now();
      const at: unknown = atOnce(timestamp(value), 'timestamp');
      // By its type alone it is a number: `null` would be 1970, and a text would be put behind another with every `+`.
      const isTime = typeof at === 'number' && Math.abs(at) <= LATEST_TIME;
      if (!isTime || at - scheduler.now() > maxAhead) {
        windows.refuse(new TimestampRefused(value, key, at, isTime ? 'ahead' : 'not-a-time'));
        return undefined;
      }
      if (at > latest) {
        latest = at;
        if (windows.due() <= at - outOfOrder) windows.advance(at - outOfOrder);
      }
      return at;
    },
    gapAt: () => latest,
    wait: () => {
      if (idleAfter !== undefined && windows.due() < Infinity) cancelTimer ??= clock.after(idleAfter, look);
    },
    stop: () => cancelTimer?.(),
  };
}
