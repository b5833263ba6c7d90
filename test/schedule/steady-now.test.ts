import { asyncScheduler, VirtualTimeScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { steadyNow } from '../../src/schedule/steady-now.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('steadyNow', () => {
  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('goes on as before when the time of day is set %s', (_, step) => {
    const now = steadyNow(asyncScheduler);
    const before = now();
    const timeOfDay = Date.now;
    vi.spyOn(Date, 'now').mockImplementation(() => timeOfDay() + step);
    expect(now() - before).toBeGreaterThanOrEqual(0);
    expect(now() - before).toBeLessThan(60_000);
  });

  it('asks what the time of day is only when a clock was set, and again each time it is', () => {
    const now = steadyNow({ now: () => clock, schedule: asyncScheduler.schedule.bind(asyncScheduler) });
    let clock = Date.now();
    const asked = vi.spyOn(Date, 'now').mockImplementation(() => clock);
    for (const [step, times] of [
      [0, 1],
      [1, 0],
      [3_600_000, 1],
      [1, 0],
      [-3_600_000, 1],
    ] as const) {
      clock += step;
      asked.mockClear();
      const [before, steady, after] = [performance.now(), now(), performance.now()];
      expect(steady).toBeGreaterThan(before - 1_000);
      expect(steady).toBeLessThan(after + 1_000);
      expect(asked).toHaveBeenCalledTimes(times);
    }
  });

  it('is virtual where the scheduler is', () => {
    expect(steadyNow(new VirtualTimeScheduler())()).toBe(0);
    const now = steadyNow(asyncScheduler);
    new TestScheduler(() => undefined).run(({ flush }) => {
      const times: number[] = [];
      for (const wait of [0, 10, 86_400_000]) asyncScheduler.schedule(() => times.push(now()), wait);
      flush();
      expect(times).toEqual([0, 10, 86_400_000]);
    });
  });
});
