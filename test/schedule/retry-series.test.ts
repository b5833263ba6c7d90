import fc from 'fast-check';
import { pipe } from 'fp-ts/lib/function.js';
import { describe, expect, test } from 'vitest';
import { budgeted, exponential, fixed, fullJitter, limited, resetAfter, type RetryStep, startSeries } from '../../src/schedule/index.js';

/** A clock that stands until it is moved. */
function standingClock() {
  let time = 1_000_000;
  return { now: () => time, move: (milliseconds: number) => (time += milliseconds) };
}

describe('startSeries', () => {
  test('tells the schedule the attempt, the elapsed time and the wait before', () => {
    const clock = standingClock();
    const steps: Omit<RetryStep, 'random'>[] = [];
    const schedule = {
      delay: ({ random: _, ...step }: RetryStep) => {
        steps.push(step);
        return step.attempt * 10;
      },
      resetAfter: undefined,
    };
    const series = startSeries(schedule, clock);
    expect(series.attempt).toBe(0);
    expect(series.next()).toBe(10);
    clock.move(15);
    expect(series.next()).toBe(20);
    clock.move(25);
    expect(series.next()).toBe(30);
    expect(series.attempt).toBe(3);
    expect(steps).toEqual([
      { attempt: 1, elapsed: 0, previousDelay: 0 },
      { attempt: 2, elapsed: 15, previousDelay: 10 },
      { attempt: 3, elapsed: 40, previousDelay: 20 },
    ]);
  });

  test('begins again only after the whole stable time', () => {
    const clock = standingClock();
    const series = startSeries(pipe(exponential(100), resetAfter(1_000)), clock);
    const failAfterWorkingFor = (milliseconds: number) => {
      series.succeeded();
      clock.move(milliseconds);
      return series.next();
    };
    expect([failAfterWorkingFor(0), failAfterWorkingFor(999), failAfterWorkingFor(0)]).toEqual([100, 200, 400]);
    expect(failAfterWorkingFor(1_000)).toBe(100);
    expect(series.attempt).toBe(1);
  });

  test('time spent failing is no stable time', () => {
    const clock = standingClock();
    const series = startSeries(pipe(exponential(100), resetAfter(1_000)), clock);
    series.succeeded();
    expect(series.next()).toBe(100);
    clock.move(5_000);
    expect(series.next()).toBe(200);
  });

  test('without a stable time it never forgets', () => {
    const clock = standingClock();
    const series = startSeries(exponential(100), clock);
    expect(series.next()).toBe(100);
    series.succeeded();
    clock.move(1e12);
    expect(series.next()).toBe(200);
  });

  test('a new series has its whole budget and limit again, also after giving up', () => {
    const clock = standingClock();
    const series = startSeries(pipe(fixed(100), limited(2), budgeted(1_000), resetAfter(500)), clock);
    const failures = () => [series.next(), series.next(), series.next()];
    expect(failures()).toEqual([100, 100, undefined]);
    expect(series.next()).toBeUndefined();
    series.succeeded();
    clock.move(500);
    expect(failures()).toEqual([100, 100, undefined]);
  });

  test('a new series knows nothing of the wait before it', () => {
    const clock = standingClock();
    const waits: number[] = [];
    const schedule = {
      delay: ({ previousDelay }: RetryStep) => {
        waits.push(previousDelay);
        return 10;
      },
      resetAfter: 500,
    };
    const series = startSeries(schedule, clock);
    series.next();
    series.next();
    series.succeeded();
    clock.move(500);
    series.next();
    expect(waits).toEqual([0, 10, 0]);
  });

  test('a clock that is set back neither resets nor makes time negative', () => {
    const clock = standingClock();
    const times: number[] = [];
    const schedule = {
      delay: ({ elapsed }: RetryStep) => {
        times.push(elapsed);
        return 100;
      },
      resetAfter: 500,
    };
    const series = startSeries(schedule, clock);
    series.next();
    clock.move(-1_000_000);
    series.succeeded();
    series.next();
    expect(times).toEqual([0, 0]);
    expect(series.attempt).toBe(2);
  });

  test('asks for as long a wait as the schedule says, also for one that no timer can wait', () => {
    const series = startSeries(exponential(1e9, 10), standingClock());
    expect([series.next(), series.next(), series.next()]).toEqual([1e9, 1e10, 1e11]);
  });

  test.each([NaN, -1])('refuses a wait of %s from a schedule made by hand', wait => {
    const series = startSeries({ delay: () => wait, resetAfter: undefined }, standingClock());
    expect(() => series.next()).toThrow(RangeError);
  });

  test('draws from Math.random where it is not told otherwise', () => {
    const series = startSeries(pipe(fixed(1_000), fullJitter), standingClock());
    const drawn = new Set(Array.from({ length: 50 }, () => series.next()));
    expect(drawn.size).toBeGreaterThan(40);
    for (const wait of drawn) expect(wait).toBeLessThan(1_000);
  });

  test('no try begins behind the budget, whatever the tries take', () => {
    const times = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 200 }), (tries, budget, base) => {
        const clock = standingClock();
        const series = startSeries(pipe(exponential(base, 1.5), budgeted(budget)), clock);
        const firstFailure = clock.now();
        for (const milliseconds of tries) {
          const wait = series.next();
          if (wait === undefined) break;
          clock.move(wait);
          expect(clock.now() - firstFailure).toBeLessThanOrEqual(budget);
          clock.move(milliseconds);
        }
      }),
    );
  });

  test('the attempt counts the failures since the last stable stretch', () => {
    const stable = 100;
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 50 }), stretches => {
        const clock = standingClock();
        const series = startSeries(pipe(fixed(7), resetAfter(stable)), clock);
        let expected = 0;
        for (const stretch of stretches) {
          series.succeeded();
          clock.move(stretch);
          clock.move(series.next() ?? NaN);
          expected = stretch >= stable ? 1 : expected + 1;
          expect(series.attempt).toBe(expected);
        }
      }),
    );
  });
});
