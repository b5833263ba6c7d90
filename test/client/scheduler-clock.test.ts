import { asyncScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { schedulerClock } from '../../src/client/scheduler-clock.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

describe('the clock of a scheduler', () => {
  it('has the scheduler’s time, and calls back in it once', () => {
    const time = new VirtualTime();
    const clock = schedulerClock(time);
    const callback = vi.fn();
    clock.after(10, callback);
    time.advance(9);
    expect([clock.now(), callback.mock.calls.length]).toEqual([9, 0]);
    time.advance(91);
    expect([clock.now(), callback.mock.calls.length]).toEqual([100, 1]);
    expect(time.timers).toBe(0);
  });

  it('takes a call back', () => {
    const time = new VirtualTime();
    const callback = vi.fn();
    schedulerClock(time).after(10, callback)();
    time.advance(10);
    expect(callback).not.toHaveBeenCalled();
    expect(time.timers).toBe(0);
  });

  // A timer of Node that is set for longer fires after 1 ms.
  it.each([Infinity, 2_147_483_648])('sets no timer for %d ms', milliseconds => {
    const schedule = vi.spyOn(asyncScheduler, 'schedule');
    schedulerClock(asyncScheduler).after(milliseconds, () => undefined)();
    expect(schedule).not.toHaveBeenCalled();
    schedule.mockRestore();
  });
});
