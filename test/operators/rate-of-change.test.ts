import fc from 'fast-check';
import { from, of, Subject, throwError, toArray, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type RateOfChange, rateOfChange, type RateOfChangeOptions } from '../../src/operators/index.js';
import { marbles } from '../../src/testing/index.js';

interface Level {
  readonly tank: string;
  readonly litres: number;
  readonly at: number;
}
const level = (at: number, litres: number, tank = 'a'): Level => ({ tank, litres, at });
const byTank = { key: (l: Level) => l.tank, value: (l: Level) => l.litres } as const;
const measured = { ...byTank, time: (l: Level) => l.at } as const;

const rates = (levels: readonly Level[], options: Partial<RateOfChangeOptions<Level>> = {}): number[] => {
  const seen: number[] = [];
  from(levels)
    .pipe(rateOfChange({ ...measured, ...options }))
    .subscribe(({ rate }) => seen.push(rate));
  return seen;
};

describe('rateOfChange', () => {
  it('measures by the time of the values, per second or another unit', () => {
    const levels = [level(0, 100), level(500, 90), level(2_500, 130)];
    expect(rates(levels)).toEqual([-20, 20]);
    expect(rates(levels, { per: 60_000 })).toEqual([-1_200, 1_200]);
    let first: unknown;
    from(levels)
      .pipe(rateOfChange(measured))
      .subscribe(rate => (first ??= rate));
    expect(first).toEqual({ key: 'a', value: level(500, 90), rate: -20, change: -10, elapsed: 500 });
  });

  test(
    'measures by arrival where the values tell no time',
    marbles(({ cold, expectStream }) => {
      const table = { a: level(0, 1), b: level(0, 3), c: level(0, 3) };
      const rate = (rate: number): unknown => expect.objectContaining({ rate }) as unknown;
      const out$ = cold('a---b---(cb)|', table).pipe(rateOfChange(byTank));
      expectStream(out$).toBeMarble('----B---C---|', { B: rate(500), C: rate(0) });
    }),
  );

  it('compares within a key', () => {
    expect(rates([level(0, 0, 'a'), level(0, 50, 'b'), level(1_000, 1, 'a'), level(1_000, 48, 'b')])).toEqual([1, -2]);
  });

  it('passes over late values, tells of them, and compares the next with the one before', () => {
    const late: Level[] = [];
    const onLate = (value: Level): number => late.push(value);
    const levels = [level(1_000, 10), level(500, 99), level(1_000, 98), level(Number.NaN, 97), level(3_000, 14)];
    expect(rates(levels, { onLate })).toEqual([2]);
    expect(late.map(({ litres }) => litres)).toEqual([99, 98, 97]);
    expect(rates([level(Number.NaN, 1), level(0, 1), level(1_000, 2)])).toEqual([1]);
  });

  it('passes over a time too far ahead of the clock, and those after it count', () => {
    const scheduler = new VirtualTimeScheduler();
    const late: Level[] = [];
    const onLate = (value: Level): number => late.push(value);
    const levels = [level(0, 0), level(61_000, 99), level(60_000, 30), level(120_001, 98)];
    expect(rates(levels, { maxAhead: 60_000, onLate, scheduler })).toEqual([0.5]);
    expect(late.map(({ litres }) => litres)).toEqual([99, 98]);
  });

  it('begins anew, where keys have a time to live, after a time far ahead: late values do not keep the key', () => {
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Level>();
    const seen: number[] = [];
    source.pipe(rateOfChange({ ...measured, ttl: 1_000, scheduler })).subscribe(({ rate }) => seen.push(rate));
    [level(0, 0), level(1e12, 5), level(400, 1), level(800, 2), level(1_200, 3), level(1_600, 4), level(2_000, 6)].forEach((value, i) =>
      scheduler.schedule(() => source.next(value), i * 400),
    );
    scheduler.schedule(() => source.complete(), 3_000);
    scheduler.flush();
    expect(seen).toEqual([5e-9, 2.5, 5]);
  });

  it('keeps a key alive with values too near to one another to compare', () => {
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<Level>();
    const seen: number[] = [];
    source.pipe(rateOfChange({ ...measured, ttl: 1_000, over: 2_000, scheduler })).subscribe(({ rate }) => seen.push(rate));
    for (const at of [0, 800, 1_600, 2_400]) scheduler.schedule(() => source.next(level(at, at / 800)), at);
    scheduler.schedule(() => source.complete(), 3_000);
    scheduler.flush();
    expect(seen).toEqual([1.25]);
  });

  it('passes over what is no number', () => {
    expect(rates([level(0, 0), level(1, Number.NaN), level(2, Infinity), level(1_000, 5)])).toEqual([5]);
  });

  it('hands what is no number for a time to onLate: null is not 0, and a text not the number in it', () => {
    const late: unknown[] = [];
    const times = [0, null, '500', 5n, 1_000] as unknown as readonly number[];
    expect(
      rates(
        times.map((at, i) => level(at, i)),
        { onLate: ({ at }) => late.push(at) },
      ),
    ).toEqual([4]);
    expect(late).toEqual([null, '500', 5n]);
  });

  it('over: compares with a value at least so long ago', () => {
    expect(rates([level(0, 0), level(400, 99), level(1_000, 5), level(1_999, 99), level(2_500, 8)], { over: 1_000 })).toEqual([5, 2]);
  });

  it('begins anew after a reset, and after an eviction', () => {
    const source = new Subject<Level>();
    const gap$ = new Subject<void>();
    const seen: number[] = [];
    source.pipe(rateOfChange({ ...measured, onGap: 'reset', gap$ })).subscribe(({ rate }) => seen.push(rate));
    source.next(level(0, 0));
    gap$.next();
    source.next(level(1_000, 100));
    source.next(level(2_000, 101));
    source.complete();
    expect(seen).toEqual([1]);
    const levels = [level(0, 0, 'a'), level(0, 0, 'b'), level(1_000, 9, 'a')];
    expect(rates(levels, { maxKeys: 1, onEvict: () => undefined })).toEqual([]);
  });

  it('hands on errors of the source and what it is given throws; refuses times that are none', () => {
    const errors: unknown[] = [];
    const error = (e: unknown): number => errors.push(e);
    const throws = (): never => {
      throw new Error('thrown');
    };
    throwError(() => 'broken')
      .pipe(rateOfChange<Level>(measured))
      .subscribe({ error });
    of(level(0, 1))
      .pipe(rateOfChange({ ...measured, time: throws }))
      .subscribe({ error });
    of(level(0, 1), level(0, 1))
      .pipe(rateOfChange({ ...measured, onLate: throws }))
      .subscribe({ error });
    expect(errors).toEqual(['broken', new Error('thrown'), new Error('thrown')]);
    for (const wrong of [{ per: 0 }, { over: -1 }, { over: Number.NaN }, { maxAhead: -1 }, { maxAhead: Number.NaN }])
      expect(() => rateOfChange<Level>({ ...measured, ...wrong })).toThrow(RangeError);
  });

  it('the changes of a key add up to its last value less its first, and time likewise', () => {
    const reading = fc.record({ tank: fc.constantFrom('a', 'b'), litres: fc.integer(), after: fc.integer({ min: 1, max: 5_000 }) });
    fc.assert(
      fc.property(fc.array(reading), fc.nat(2_000), (readings, over) => {
        let now = 0;
        const levels = readings.map(({ tank, litres, after }) => level((now += after), litres, tank));
        let out: readonly RateOfChange<Level>[] = [];
        from(levels).pipe(rateOfChange({ ...measured, over }), toArray()).subscribe(all => (out = all)); // prettier-ignore
        for (const tank of ['a', 'b']) {
          const [first] = levels.filter(l => l.tank === tank);
          const own = out.filter(({ key }) => key === tank);
          const last = own.at(-1)?.value ?? first;
          const sum = (pick: (rate: RateOfChange<Level>) => number): number => own.reduce((sum, rate) => sum + pick(rate), 0);
          expect(sum(r => r.change)).toBe((last?.litres ?? 0) - (first?.litres ?? 0));
          expect(sum(r => r.elapsed)).toBe((last?.at ?? 0) - (first?.at ?? 0));
          for (const { rate, change, elapsed } of own) {
            expect(rate).toBeCloseTo((change * 1_000) / elapsed);
            expect(elapsed).toBeGreaterThanOrEqual(Math.max(over, 1));
          }
        }
      }),
    );
  });
});
