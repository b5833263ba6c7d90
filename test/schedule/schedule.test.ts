import fc from 'fast-check';
import { pipe } from 'fp-ts/lib/function.js';
import { describe, expect, test } from 'vitest';
import {
  budgeted,
  capped,
  equalJitter,
  exponential,
  fixed,
  fullJitter,
  limited,
  resetAfter,
  type RetryStep,
  type Schedule,
} from '../../src/schedule/index.js';

const step = (attempt: number, more: Partial<RetryStep> = {}): RetryStep => ({
  attempt,
  elapsed: 0,
  previousDelay: 0,
  random: () => 0.5,
  ...more,
});
const waits = (schedule: Schedule, count: number) => Array.from({ length: count }, (_, index) => schedule.delay(step(index + 1)));

/** Any schedule that can be composed, and what it is made of. */
const attempts = fc.integer({ min: 1, max: 5_000 });
const milliseconds = fc.double({ min: 0, max: 1e9, noNaN: true });
const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const schedules: fc.Arbitrary<Schedule> = fc.oneof(
  milliseconds.map(fixed),
  fc.tuple(positive, fc.double({ min: 1, max: 10, noNaN: true })).map(([base, factor]) => exponential(base, factor)),
);

describe('schedules', () => {
  test('fixed waits the same, exponential twice as long each time', () => {
    expect(waits(fixed(250), 4)).toEqual([250, 250, 250, 250]);
    expect(waits(exponential(100), 5)).toEqual([100, 200, 400, 800, 1_600]);
    expect(waits(exponential(10, 3), 4)).toEqual([10, 30, 90, 270]);
    expect(waits(exponential(10, 1), 3)).toEqual([10, 10, 10]);
  });

  test('compose in a pipe, each looking at the wait as it is at its place', () => {
    expect(waits(pipe(exponential(100), capped(1_000), fullJitter, limited(5)), 6)).toEqual([50, 100, 200, 400, 500, undefined]);
    expect(waits(pipe(exponential(100), fullJitter, capped(300)), 4)).toEqual([50, 100, 200, 300]);
    expect(waits(pipe(fixed(100), equalJitter), 1)).toEqual([75]);
    expect(waits(pipe(fixed(100), limited(0)), 1)).toEqual([undefined]);
  });

  test('the stable time survives what is composed around it, and the last one counts', () => {
    const schedule = pipe(fixed(1), resetAfter(10), capped(1), fullJitter, equalJitter, limited(1), budgeted(1));
    expect(schedule.resetAfter).toBe(10);
    expect(pipe(schedule, resetAfter(20)).resetAfter).toBe(20);
    expect(fixed(1).resetAfter).toBeUndefined();
  });

  test('a budget is spent where the next try would begin behind it', () => {
    const schedule = pipe(fixed(400), budgeted(1_000));
    const waitAt = (elapsed: number) => schedule.delay(step(1, { elapsed }));
    expect([waitAt(0), waitAt(600), waitAt(601), waitAt(5_000)]).toEqual([400, 400, undefined, undefined]);
  });

  test('exponential never shrinks, and stays a finite number at any attempt', () => {
    fc.assert(
      fc.property(positive, fc.double({ min: 1, max: 10, noNaN: true }), attempts, (base, factor, attempt) => {
        const schedule = exponential(base, factor);
        const [now, next] = [schedule.delay(step(attempt)), schedule.delay(step(attempt + 1))];
        expect(Number.isFinite(next)).toBe(true);
        expect(next).toBeGreaterThanOrEqual(now ?? NaN);
        expect(now).toBeGreaterThanOrEqual(base);
      }),
    );
  });

  test('capped never waits longer than its cap, nor longer than the schedule', () => {
    fc.assert(
      fc.property(schedules, milliseconds, attempts, (schedule, cap, attempt) => {
        expect(pipe(schedule, capped(cap)).delay(step(attempt))).toBe(Math.min(schedule.delay(step(attempt)) ?? NaN, cap));
      }),
    );
  });

  test('full jitter lies from 0 up to the wait, equal jitter in its upper half, and both reach their ends', () => {
    fc.assert(
      fc.property(schedules, attempts, randoms, (schedule, attempt, random) => {
        const wait = schedule.delay(step(attempt)) ?? NaN;
        const drawn = (jitter: (schedule: Schedule) => Schedule, number: number) =>
          jitter(schedule).delay(step(attempt, { random: () => number })) ?? NaN;
        for (const number of [random, 0, 1 - Number.EPSILON]) {
          expect(drawn(fullJitter, number)).toBeGreaterThanOrEqual(0);
          expect(drawn(fullJitter, number)).toBeLessThanOrEqual(wait);
          expect(drawn(equalJitter, number)).toBeGreaterThanOrEqual(wait / 2);
          expect(drawn(equalJitter, number)).toBeLessThanOrEqual(wait);
        }
        expect(drawn(fullJitter, 0)).toBe(0);
        expect(drawn(fullJitter, 0.5)).toBe(wait * 0.5);
        expect(drawn(equalJitter, 0)).toBe(wait / 2);
      }),
    );
  });

  test('limited answers exactly its number of times', () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 0, max: 100 }), (schedule, retries) => {
        const answers = waits(pipe(schedule, limited(retries)), retries + 3);
        expect(answers.filter(wait => wait !== undefined)).toHaveLength(retries);
        expect(answers.slice(retries)).toEqual([undefined, undefined, undefined]);
      }),
    );
  });

  test.each<readonly [string, () => unknown]>([
    ['a negative wait', () => fixed(-1)],
    ['a wait that is no number', () => fixed(NaN)],
    ['a first wait of 0', () => exponential(0)],
    ['a first wait that is no number', () => exponential(NaN)],
    ['a factor below 1', () => exponential(100, 0.5)],
    ['an endless factor', () => exponential(100, Infinity)],
    ['a negative cap', () => capped(-1)],
    ['a cap that is no number', () => capped(NaN)],
    ['a negative limit', () => limited(-1)],
    ['half a retry', () => limited(1.5)],
    ['an endless limit', () => limited(Infinity)],
    ['a budget of 0', () => budgeted(0)],
    ['a budget that is no number', () => budgeted(NaN)],
    ['a stable time of 0', () => resetAfter(0)],
    ['a stable time that is no number', () => resetAfter(NaN)],
  ])('%s is refused when the schedule is written', (_, write) => {
    expect(write).toThrow(RangeError);
  });

  test.each<readonly [string, Schedule]>([
    ['fixed', fixed(Infinity)],
    ['fixed, with full jitter', fullJitter(fixed(Infinity))],
    ['fixed, with equal jitter', equalJitter(fixed(Infinity))],
    ['fixed, with an endless cap', capped(Infinity)(fixed(Infinity))],
  ])('an endless wait is one whatever is drawn: %s', (_, schedule) => {
    expect(schedule.delay({ attempt: 1, elapsed: 0, previousDelay: 0, random: () => 0 })).toBe(Infinity);
  });
});
