import fc from 'fast-check';
import { concat, from, NEVER, of, Subject, take, throwError, toArray } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { deadband, narrowband } from '../../src/operators/index.js';
import { marbles } from '../../src/testing/index.js';

const value = (n: number): number => n;
const passed = (values: readonly number[], options: Parameters<typeof deadband<number>>[0]): number[] => {
  const seen: number[] = [];
  from(values)
    .pipe(deadband(options))
    .subscribe(n => seen.push(n));
  return seen;
};

interface Reading {
  readonly sensor: string;
  readonly celsius: number;
}
const reading = (sensor: string, celsius: number): Reading => ({ sensor, celsius });
const bySensor = { key: (r: Reading) => r.sensor, value: (r: Reading) => r.celsius };

describe('deadband', () => {
  test(
    'passes what lies outside the band around the last value passed on, and not what lies on its edge',
    marbles(({ cold, expectStream }) => {
      const levels = { a: 20, b: 20.5, c: 21, d: 21.1, e: 20.2, f: 20 };
      const source$ = cold('-a-b-c-d-e-f-|', levels);
      expectStream(source$.pipe(deadband({ key: 'single', value, absolute: 1 }))).toBeMarble('-a-----d---f-|', levels);
    }),
  );

  test(
    'keeps a band for each key: interleaved sensors do not defeat it',
    marbles(({ cold, expectStream }) => {
      const table = { a: reading('a', 20), A: reading('a', 20.1), b: reading('b', 80), B: reading('b', 80.1) };
      const source$ = cold('abABABab|', table);
      expectStream(source$.pipe(deadband({ ...bySensor, absolute: 1 }))).toBeMarble('ab------|', table);
    }),
  );

  it('tells of a slow drift when it has added up', () => {
    const drift = Array.from({ length: 100 }, (_, i) => i / 10);
    expect(passed(drift, { key: 'single', value, absolute: 2.95 })).toEqual([0, 3, 6, 9]);
  });

  it('measures percent of the last value passed on, whatever its sign, and at least `least`', () => {
    const percent = { key: 'single', value, percent: 10 } as const;
    expect(passed([100, 110, 111, 122, 123], percent)).toEqual([100, 111, 123]);
    expect(passed([-100, -110, -111, -90, -89], percent)).toEqual([-100, -111, -90]);
    expect(passed([0, 0.001, 0], percent)).toEqual([0, 0.001, 0]);
    expect(passed([0, 0.001, -0.4, 0.6, 0.1], { ...percent, least: 0.5 })).toEqual([0, 0.6]);
  });

  it('with a band of 0 passes every change', () => {
    expect(passed([1, 1, 2, 2, -0, 0, 1], { key: 'single', value, absolute: 0 })).toEqual([1, 2, -0, 1]);
  });

  it.each([{ absolute: 1 }, { percent: 10 }, { percent: 10, least: 5 }])(
    'passes the change to and from what is no number, once: %j',
    band => {
      const { NaN: nan } = Number;
      const values = [nan, nan, 1, nan, 1, Infinity, Infinity, -Infinity, nan, 1, 1];
      expect(passed(values, { key: 'single', value, ...band })).toEqual([nan, 1, nan, 1, Infinity, -Infinity, nan, 1]);
    },
  );

  it('may hold back the first value, and measures from it all the same', () => {
    expect(passed([20, 20.5, 21.5], { key: 'single', value, absolute: 1, first: 'hold' })).toEqual([21.5]);
  });

  test(
    'heartbeat: the latest value is passed after so much silence; a value passed on begins it anew',
    marbles(({ cold, expectStream }) => {
      const levels = { a: 20, b: 20.1, c: 20.2, d: 30, e: 30.1 };
      const source$ = cold('a-b-c--de----|', levels);
      expectStream(source$.pipe(deadband({ key: 'single', value, absolute: 1, heartbeat: 5 }))).toBeMarble('a----c-d----e|', levels);
    }),
  );

  test(
    'heartbeat: what was held back before a value that passed is old news',
    marbles(({ cold, expectStream }) => {
      const levels = { a: 20, b: 20.1, d: 30 };
      const source$ = cold('a-bd---------|', levels);
      expectStream(source$.pipe(deadband({ key: 'single', value, absolute: 1, heartbeat: 5 }))).toBeMarble('a--d---------|', levels);
    }),
  );

  test(
    'heartbeat: a sensor that is silent stays silent, and its next value passes at once',
    marbles(({ cold, expectStream }) => {
      const levels = { a: 20, b: 20.1, c: 20.2 };
      const source$ = cold('a---------b-c-------|', levels);
      expectStream(source$.pipe(deadband({ key: 'single', value, absolute: 1, heartbeat: 5 }))).toBeMarble('a---------b----c----|', levels);
    }),
  );

  test(
    'heartbeat: each key has its own, and one timer waits for all',
    marbles(({ cold, expectStream }) => {
      const table = { a: reading('a', 1), A: reading('a', 1.1), b: reading('b', 1), B: reading('b', 1.1) };
      const source$ = cold('a-b-A-B---|', table);
      expectStream(source$.pipe(deadband({ ...bySensor, absolute: 1, heartbeat: 5 }))).toBeMarble('a-b--A-B--|', table);
    }),
  );

  test(
    'heartbeat: measures from the value it has passed, and keeps no timer when the subscriber leaves',
    marbles(({ cold, expectStream }) => {
      const levels = { a: 20, b: 20.9, c: 21.8 };
      const source$ = cold('a-b---c|', levels);
      expectStream(source$.pipe(deadband({ key: 'single', value, absolute: 1, heartbeat: 5 }))).toBeMarble('a----b-|', levels);
      expectStream(concat(of(20, 20.1), NEVER).pipe(deadband({ key: 'single', value, absolute: 1, heartbeat: 5 })), '^---!').toBeMarble(
        '(a)',
        { a: 20 },
      );
    }),
  );

  it('keeps its state over a gap, or resets all keys at one', () => {
    const seen: unknown[] = [];
    const gap$ = new Subject<string>();
    const reading$ = new Subject<Reading>();
    const kept: unknown[] = [];
    reading$.pipe(deadband({ ...bySensor, absolute: 1 })).subscribe(r => kept.push(r.celsius));
    reading$.pipe(deadband({ ...bySensor, absolute: 1, onGap: 'reset', gap$ })).subscribe(r => seen.push(r.celsius));
    reading$.next(reading('a', 1));
    reading$.next(reading('b', 2));
    gap$.next('gap');
    reading$.next(reading('a', 1.1));
    reading$.next(reading('b', 2.1));
    reading$.next(reading('b', 2.2));
    reading$.complete();
    expect(seen).toEqual([1, 2, 1.1, 2.1]);
    expect(kept).toEqual([1, 2]);
    expect(gap$.observed).toBe(false);
  });

  test(
    'a reset ends the heartbeats of what was before it',
    marbles(({ cold, hot, expectStream }) => {
      const levels = { a: 20, b: 20.1, c: 20.2 };
      const gap$ = hot('---g', { g: 'gap' });
      const source$ = cold('a-b------c---|', levels);
      expectStream(source$.pipe(deadband({ key: 'single', value, absolute: 1, heartbeat: 5, onGap: 'reset', gap$ }))).toBeMarble(
        'a--------c---|',
        levels,
      );
    }),
  );

  test(
    'a key that is evicted begins anew, and its heartbeat is over',
    marbles(({ cold, expectStream }) => {
      const table = { a: reading('a', 1), A: reading('a', 1.1), b: reading('b', 1) };
      const source$ = cold('aAb----A-|', table);
      const bounds = { maxKeys: 1, onEvict: () => undefined };
      expectStream(source$.pipe(deadband({ ...bySensor, absolute: 1, heartbeat: 5, ...bounds }))).toBeMarble('a-b----A-|', table);
      expectStream(cold('aA----A|', table).pipe(deadband({ ...bySensor, absolute: 1, ttl: 4 }))).toBeMarble('a-----A|', table);
    }),
  );

  it('hands on errors of the source, and what key, value and onEvict throw', () => {
    const broken = new Error('broken');
    const throws = (): never => {
      throw broken;
    };
    const errors: unknown[] = [];
    const error = (e: unknown): number => errors.push(e);
    throwError(() => broken)
      .pipe(deadband<number>({ key: 'single', value, absolute: 1 }))
      .subscribe({ error });
    of(1)
      .pipe(deadband({ key: throws, value, absolute: 1 }))
      .subscribe({ error });
    of(1)
      .pipe(deadband({ key: 'single', value: throws, absolute: 1 }))
      .subscribe({ error });
    of(1, 2)
      .pipe(deadband({ key: String, value, absolute: 1, maxKeys: 1, onEvict: throws }))
      .subscribe({ error });
    of(1)
      .pipe(deadband({ key: String, value, absolute: 1, onGap: 'reset', gap$: throwError(() => broken) }))
      .subscribe({ error });
    expect(errors).toEqual([broken, broken, broken, broken, broken]);
  });

  it('stops a source that emits without end while being subscribed to', () => {
    const endless = function* (): Generator<number> {
      for (let n = 0; ; n++) yield n;
    };
    const seen: number[] = [];
    from(endless())
      .pipe(deadband({ key: 'single', value, absolute: 9 }), take(3))
      .subscribe(n => seen.push(n));
    expect(seen).toEqual([0, 10, 20]);
  });

  it('refuses numbers that are no band and no time', () => {
    for (const band of [{ absolute: -1 }, { absolute: Number.NaN }, { percent: Infinity }, { percent: 1, least: -1 }])
      expect(() => deadband<number>({ key: 'single', value, ...band })).toThrow(RangeError);
    for (const time of [{ heartbeat: 0 }, { ttl: -1 }, { maxKeys: 0 }])
      expect(() => deadband<number>({ key: 'single', value, absolute: 1, ...time })).toThrow(RangeError);
  });

  it('passes what a naive deadband passes, for any readings of any sensors', () => {
    const reading = fc.record({ sensor: fc.constantFrom('a', 'b', 'c'), celsius: fc.oneof(fc.double(), fc.integer({ min: -5, max: 5 })) });
    const band = fc.oneof(fc.record({ absolute: fc.nat(3) }), fc.record({ percent: fc.nat(200), least: fc.nat(2) }));
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 50 }), band, (readings, band) => {
        const last: Record<string, number> = {};
        const naive = readings.filter(({ sensor, celsius }) => {
          const reference = last[sensor];
          const width = 'absolute' in band ? band.absolute : Math.max(Math.abs(reference ?? 0) * (band.percent / 100), band.least);
          const odd = !Number.isFinite(celsius) || !Number.isFinite(reference);
          const isNews = reference === undefined || (odd ? !Object.is(reference, celsius) : Math.abs(celsius - reference) > width);
          if (isNews) last[sensor] = celsius;
          return isNews;
        });
        let seen: readonly Reading[] = [];
        from(readings)
          .pipe(deadband({ ...bySensor, ...band }), toArray())
          .subscribe(all => (seen = all));
        expect(seen).toEqual(naive);
      }),
    );
  });
});

describe('narrowband', () => {
  const narrow = { key: 'single', value, absolute: 2 } as const;

  test(
    'holds back what jumps, and believes it when it has stayed for a heartbeat',
    marbles(({ cold, expectStream }) => {
      const levels = { a: 20, x: 85, b: 21, y: 40, z: 41 };
      const source$ = cold('axb-y-z-y-z|', levels);
      expectStream(source$.pipe(narrowband({ ...narrow, heartbeat: 5 }))).toBeMarble('a-b----zy-z|', levels);
    }),
  );

  it('lets no NaN and no infinity through, not even first', () => {
    const seen: number[] = [];
    from([Number.NaN, 20, Number.NaN, 21, Infinity, 22])
      .pipe(narrowband(narrow))
      .subscribe(n => seen.push(n));
    expect(seen).toEqual([20, 21, 22]);
  });
});
