import { asyncScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { schedulerClock } from '../../src/schedule/clock.js';
import { noteArrival } from '../../src/shared/when-quiet.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the clock of a scheduler', () => {
  it('has the scheduler’s time, and calls back in it once', () => {
    const time = new VirtualTime();
    const clock = schedulerClock(time);
    const callback = vi.fn();
    clock.after(10, callback);
    time.advance(9);
    expect([clock.now(), callback.mock.calls.length]).toEqual([9, 0]);
    time.advance(91);
    expect([clock.now(), callback.mock.calls]).toEqual([100, [[10]]]);
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

  it('never calls back after Infinity, and sets no timer for it', () => {
    const schedule = vi.spyOn(asyncScheduler, 'schedule');
    schedulerClock(asyncScheduler).after(Infinity, () => undefined)();
    expect(schedule).not.toHaveBeenCalled();
  });

  // A timer of Node that is set for longer fires after 1 ms.
  it.each([2_147_483_648, 30 * 86_400_000, 365 * 86_400_000])('waits in pieces for %d ms, and not a moment less', milliseconds => {
    const time = new VirtualTime();
    const longest: number[] = [];
    const schedule = time.schedule.bind(time);
    vi.spyOn(time, 'schedule').mockImplementation((work, delay = 0, state) => {
      longest.push(delay);
      return schedule(work, delay, state);
    });
    const callback = vi.fn();
    schedulerClock(time).after(milliseconds, callback);
    time.advance(milliseconds - 1);
    expect(callback).not.toHaveBeenCalled();
    time.advance(1);
    expect(callback.mock.calls).toEqual([[milliseconds]]);
    expect(Math.max(...longest)).toBeLessThanOrEqual(2_147_483_647);
  });

  it('takes a long call back in any of its pieces', () => {
    const time = new VirtualTime();
    const cancel = schedulerClock(time).after(1e10, () => undefined);
    time.advance(3e9);
    expect(time.timers).toBe(1);
    cancel();
    expect(time.timers).toBe(0);
  });

  describe('in real time', () => {
    /** Makes the timer fire, as the event loop would after it was blocked. */
    const fired = (): { readonly told: number[]; readonly cancel: () => void } => {
      const time = new VirtualTime();
      time.now = () => asyncScheduler.now();
      const told: number[] = [];
      const cancel = schedulerClock(time).after(10, at => told.push(at));
      time.advance(10);
      return { told, cancel };
    };

    it('reads what has arrived before it calls back, with the time from before the reading', async () => {
      const before = performance.now();
      const { told } = fired();
      const after = performance.now();
      expect(told).toEqual([]);
      while (told.length === 0) await turn();
      expect(told[0]).toBeGreaterThanOrEqual(before);
      expect(told[0]).toBeLessThanOrEqual(after);
    });

    it('goes on reading while more comes, but not for ever', async () => {
      const { told } = fired();
      let turns = 0;
      for (; told.length === 0; turns++) {
        noteArrival();
        await turn();
      }
      expect(turns).toBeGreaterThan(50);
      expect(turns).toBeLessThan(200);
    });

    it('takes a call back while it reads', async () => {
      const { told, cancel } = fired();
      cancel();
      for (let i = 0; i < 10; i++) await turn();
      expect(told).toEqual([]);
    });

    it('waits for nothing where a test has put another time in the place of real time', () => {
      const told: number[] = [];
      new TestScheduler(() => undefined).run(({ flush }) => {
        schedulerClock(asyncScheduler).after(10, at => told.push(at));
        flush();
        expect(told).toEqual([10]);
      });
    });
  });
});
