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
