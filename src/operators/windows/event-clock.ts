import type { SchedulerLike, Subscription } from 'rxjs';
import { TimestampRefused } from '../../errors/errors.js';
import { LONGEST_TIMER } from '../../schedule/longest-timer.js';
import { steadyNow } from '../../schedule/steady-now.js';
import type { Clocked, WindowClock } from './window-clock.js';
import type { EventTime } from './window-options.js';

/**
 * Windows go by the time values carry: the watermark is the latest of all of them less `outOfOrder`. The only timer is that of `idleAfter`: one, and none
 * while nothing is open.
 */
export const eventClock = <A>(scheduler: SchedulerLike, windows: Clocked<A>, time: EventTime<A>): WindowClock<A> => {
  const { timestamp, maxAhead = Infinity, outOfOrder = 0, idleAfter } = time;
  const steady = steadyNow(scheduler);
  let latest = -Infinity;
  let lastArrival = 0;
  let timer: Subscription | undefined;

  const rest = (milliseconds: number): Subscription => scheduler.schedule(look, Math.min(milliseconds, LONGEST_TIMER));
  const look = (): void => {
    timer = undefined;
    const left = lastArrival + (idleAfter ?? Infinity) - steady();
    // A timer may fire a little early.
    if (left > 1) timer = rest(left);
    else windows.run(() => windows.close('idle'));
  };

  return {
    now: () => latest - outOfOrder,
    at: (value, key) => {
      if (idleAfter !== undefined) lastArrival = steady();
      const at = timestamp(value);
      if (!Number.isFinite(at) || at - scheduler.now() > maxAhead) {
        windows.refuse(new TimestampRefused(value, key, at, Number.isFinite(at) ? 'ahead' : 'not-a-time'));
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
      if (idleAfter !== undefined && windows.due() < Infinity) timer ??= rest(idleAfter);
    },
    stop: () => timer?.unsubscribe(),
  };
};
