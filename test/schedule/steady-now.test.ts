import { mock } from 'node:test';
import { asyncScheduler, concat, NEVER, of, VirtualTimeScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hysteresis } from '../../src/operators/index.js';
import { steadyMillisecond, steadyNow } from '../../src/schedule/clock.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('steadyNow', () => {
  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('goes on as before when the time of day is set %s', (_, step) => {
    const now = steadyNow(asyncScheduler);
    const steadily = performance.now();
    // However long a busy machine takes here.
    vi.spyOn(performance, 'now').mockImplementation(() => steadily);
    const before = now();
    const timeOfDay = Date.now() + step;
    vi.spyOn(Date, 'now').mockImplementation(() => timeOfDay);
    expect(now()).toBe(before);
  });

  it('asks what the time of day is only when a clock was set, and again each time it is', () => {
    const now = steadyNow({ now: () => clock, schedule: asyncScheduler.schedule.bind(asyncScheduler) });
    let clock = Date.now();
    const steadily = performance.now();
    // However long a busy machine takes here, the two clocks do not drift apart.
    vi.spyOn(performance, 'now').mockReturnValue(steadily);
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
      expect(now()).toBe(steadily);
      expect(asked).toHaveBeenCalledTimes(times);
    }
  });

  it('is the test’s time where its runner mocks Date with the timers, whatever that shows at first', () => {
    for (const start of [0, Date.now()]) {
      const alarms: string[] = [];
      mock.timers.enable({ apis: ['setInterval', 'Date'], now: start });
      try {
        const now = steadyNow(asyncScheduler);
        expect(now()).toBe(start);
        const subscription = concat(of(85), NEVER)
          .pipe(hysteresis({ key: 'single', value: celsius => celsius, set: 80, clear: 75, raiseAfter: 60_000 }))
          .subscribe(({ state }) => alarms.push(state));
        mock.timers.tick(59_999);
        expect([now() - start, alarms]).toEqual([59_999, []]);
        mock.timers.tick(1);
        expect(alarms).toEqual(['raised']);
        subscription.unsubscribe();
      } finally {
        mock.timers.reset();
      }
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

describe('steadyMillisecond', () => {
  it('reads the steady clock once in a millisecond of the other, however many values come in it', () => {
    let clock = Date.now();
    const now = steadyMillisecond({ now: () => clock, schedule: asyncScheduler.schedule.bind(asyncScheduler) });
    const first = now();
    const read = vi.spyOn(performance, 'now');
    expect([now(), now()]).toEqual([first, first]);
    expect(read).not.toHaveBeenCalled();
    clock++;
    expect(now()).toBeGreaterThanOrEqual(first);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('is the test’s time from the moment on in which its runner puts that in place of the clock', () => {
    const start = Date.now();
    let clock = start;
    const now = steadyMillisecond({ now: () => clock, schedule: asyncScheduler.schedule.bind(asyncScheduler) });
    expect(now()).toBeLessThan(start);
    mock.timers.enable({ apis: ['Date'], now: start });
    try {
      expect(now()).toBe(start);
      clock += 60_000;
      expect(now()).toBe(start + 60_000);
    } finally {
      mock.timers.reset();
    }
  });
});
