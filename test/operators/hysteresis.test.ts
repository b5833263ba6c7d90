import fc from 'fast-check';
import { concat, from, NEVER, of, Subject, throwError, toArray, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { type AlarmTransition, hysteresis, type HysteresisOptions } from '../../src/operators/index.js';
import { marbles } from '../../src/testing/index.js';
import { watched } from '../kit/time/virtual.js';

const value = (n: number): number => n;
const high = { key: 'single', value, set: 80, clear: 75 } as const;

const transitions = (levels: readonly number[], options: Partial<HysteresisOptions<number>> = {}): string[] => {
  const seen: string[] = [];
  from(levels)
    .pipe(hysteresis({ ...high, ...options }))
    .subscribe(({ from, state, level }) => seen.push(`${from} > ${state} at ${level}`));
  return seen;
};

describe('hysteresis', () => {
  it('raises an alarm after its delay with the latest value, not only its number', () => {
    const scheduler = new VirtualTimeScheduler();
    const alarms: unknown[] = [];
    const source = new Subject<{ readonly id: number; readonly celsius: number }>();
    source
      .pipe(hysteresis({ key: 'single', value: ({ celsius }) => celsius, set: 80, clear: 75, raiseAfter: 100, scheduler }))
      .subscribe(({ value, level }) => alarms.push([value.id, level]));
    source.next({ id: 1, celsius: 81 });
    source.next({ id: 2, celsius: 82 });
    scheduler.flush();
    expect(alarms).toEqual([[2, 82]]);
  });

  it('raises at set and clears at clear, thresholds included, and is silent in between', () => {
    expect(transitions([70, 79.9, 80, 76, 90, 75.1, 75, 79, 81])).toEqual([
      'unknown > cleared at 70',
      'cleared > raised at 80',
      'raised > cleared at 75',
      'cleared > raised at 81',
    ]);
  });

  it('is an alarm of too little where set is below clear', () => {
    expect(transitions([12, 10, 11, 9, 12], { set: 10, clear: 12 })).toEqual([
      'unknown > cleared at 12',
      'cleared > raised at 10',
      'raised > cleared at 12',
    ]);
  });

  it('tells the first state it knows, decides nothing in between, and need not tell that all is well', () => {
    expect(transitions([77, 78, 81])).toEqual(['unknown > raised at 81']);
    expect(transitions([77, 70, 81, 70], { first: 'hold' })).toEqual(['cleared > raised at 81', 'raised > cleared at 70']);
  });

  it('takes no notice of NaN, and infinities for beyond every threshold', () => {
    const { NaN: nan } = Number;
    expect(transitions([nan, 70, nan, Infinity, nan, -Infinity])).toEqual([
      'unknown > cleared at 70',
      'cleared > raised at Infinity',
      'raised > cleared at -Infinity',
    ]);
  });

  it('takes no notice of what is no number at all: null is not 0, and a text is not the number in it', () => {
    expect(transitions([90, null, '70', undefined, 70] as unknown as readonly number[])).toEqual([
      'unknown > raised at 90',
      'raised > cleared at 70',
    ]);
  });

  test(
    'raiseAfter: raises by the clock, with the latest value, when all values have been beyond set for so long',
    marbles(({ cold, expectStream }) => {
      const options = { ...high, first: 'hold', raiseAfter: 5 } as const;
      const levels = { l: 70, x: 81, y: 85, m: 78 };
      const raised$ = cold('-l-x-y----|', levels).pipe(hysteresis(options));
      expectStream(raised$).toBeMarble('--------B-|', { B: expect.objectContaining({ state: 'raised', level: 85 }) as unknown });
      // One in between begins the time anew, and so does one that clears.
      const interrupted$ = cold('-x--m-x---l-x------|', levels).pipe(hysteresis(options));
      expectStream(interrupted$).toBeMarble('-----------------B-|', { B: expect.objectContaining({ level: 81 }) as unknown });
    }),
  );

  test(
    'raiseAfter: NaN does not interrupt, and what still waits at completion is not raised',
    marbles(({ cold, expectStream }) => {
      const levels = { x: 81, n: Number.NaN };
      expectStream(cold('x-n---|', levels).pipe(hysteresis({ ...high, raiseAfter: 5 }))).toBeMarble('-----B|', {
        B: expect.anything() as unknown,
      });
      expectStream(cold('x-n---|', levels).pipe(hysteresis({ ...high, raiseAfter: 7 }))).toBeMarble('------|');
    }),
  );

  it('raiseAfter: longer than a timer of Node can wait, and not less', () => {
    const month = 30 * 86_400_000;
    const alarms = watched(
      () => concat(of(81), NEVER).pipe(hysteresis({ ...high, raiseAfter: month })),
      alarm => alarm.state,
      2 * month,
    );
    expect(alarms).toEqual([`${month} raised`]);
  });

  it('one timer, whatever a subscriber does at an alarm', () => {
    const scheduler = new VirtualTimeScheduler();
    const [source, gap$] = [new Subject<number>(), new Subject()];
    const subscription = source.pipe(hysteresis({ ...high, raiseAfter: 5, scheduler, onGap: 'reset', gap$ })).subscribe(() => {
      gap$.next('gap');
      if (scheduler.now() < 10) source.next(81);
    });
    source.next(81);
    scheduler.maxFrames = 5;
    scheduler.flush();
    expect(scheduler.actions.filter(action => !action.closed)).toHaveLength(1);
    subscription.unsubscribe();
    expect(scheduler.actions.filter(action => !action.closed)).toEqual([]);
  });

  test(
    'clearAfter: the same for clearing',
    marbles(({ cold, expectStream }) => {
      const levels = { x: 81, l: 70, m: 78 };
      const out$ = cold('x-l-m-l------|', levels).pipe(hysteresis({ ...high, clearAfter: 4 }));
      expectStream(out$).toBeMarble('B---------C--|', {
        B: expect.objectContaining({ state: 'raised' }) as unknown,
        C: expect.objectContaining({ state: 'cleared', from: 'raised', level: 70 }) as unknown,
      });
    }),
  );

  it('has an alarm for each key, and gives key and value with it', () => {
    const reading = (sensor: string, celsius: number): { readonly sensor: string; readonly celsius: number } => ({ sensor, celsius });
    const seen: unknown[] = [];
    from([reading('a', 81), reading('b', 70), reading('a', 79), reading('b', 82)])
      .pipe(hysteresis({ key: r => r.sensor, value: r => r.celsius, set: 80, clear: 75 }))
      .subscribe(alarm => seen.push(alarm));
    expect(seen).toEqual([
      { state: 'raised', from: 'unknown', key: 'a', value: reading('a', 81), level: 81 },
      { state: 'cleared', from: 'unknown', key: 'b', value: reading('b', 70), level: 70 },
      { state: 'raised', from: 'cleared', key: 'b', value: reading('b', 82), level: 82 },
    ]);
  });

  test(
    'a reset begins anew from unknown and ends the delays; keep keeps both',
    marbles(({ cold, hot, expectStream }) => {
      const levels = { x: 81, l: 70 };
      const gap$ = hot('-----g', { g: 'gap' });
      const raised = expect.objectContaining({ state: 'raised', from: 'unknown' }) as unknown;
      expectStream(cold('x-----x|', levels).pipe(hysteresis({ ...high, onGap: 'reset', gap$ }))).toBeMarble('r-----r|', { r: raised });
      expectStream(cold('x-----x|', levels).pipe(hysteresis({ ...high }))).toBeMarble('r------|', { r: raised });
      const delayed = { ...high, raiseAfter: 4 };
      expectStream(cold('---x------|', levels).pipe(hysteresis({ ...delayed, onGap: 'reset', gap$ }))).toBeMarble('----------|');
      expectStream(cold('---x------|', levels).pipe(hysteresis(delayed))).toBeMarble('-------r--|', { r: raised });
    }),
  );

  test(
    'a key that is evicted begins anew, and its delay is over',
    marbles(({ cold, expectStream }) => {
      const table = { a: { s: 'a', n: 81 }, b: { s: 'b', n: 70 } };
      const options = { key: (r: { s: string }) => r.s, value: (r: { n: number }) => r.n, set: 80, clear: 75, raiseAfter: 4 } as const;
      const out$ = cold('ab-------|', table).pipe(hysteresis({ ...options, first: 'hold', maxKeys: 1, onEvict: () => undefined }));
      expectStream(out$).toBeMarble('---------|');
    }),
  );

  it('hands on errors of the source and what it is given throws; refuses thresholds that are no two numbers', () => {
    const errors: unknown[] = [];
    const error = (e: unknown): number => errors.push(e);
    const throws = (): never => {
      throw new Error('thrown');
    };
    throwError(() => 'broken')
      .pipe(hysteresis<number>(high))
      .subscribe({ error });
    of(1)
      .pipe(hysteresis({ ...high, value: throws }))
      .subscribe({ error });
    expect(errors).toEqual(['broken', new Error('thrown')]);
    for (const wrong of [
      { set: 1, clear: 1 },
      { set: Number.NaN, clear: 1 },
      { set: 2, clear: 1, raiseAfter: -1 },
    ])
      expect(() => hysteresis<number>({ key: 'single', value, ...wrong })).toThrow(RangeError);
  });

  it('emits what a naive state machine emits, alternating per key', () => {
    const reading = fc.record({ key: fc.constantFrom('a', 'b'), level: fc.integer({ min: 0, max: 10 }) });
    fc.assert(
      fc.property(fc.array(reading), fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 10 }), (readings, set, clear) => {
        fc.pre(set !== clear);
        const raised: Record<string, boolean | undefined> = {};
        const naive = readings.flatMap(({ key, level }) => {
          const isSet = set > clear ? level >= set : level <= set;
          const isClear = set > clear ? level <= clear : level >= clear;
          if (!(isSet && raised[key] !== true) && !(isClear && raised[key] !== false)) return [];
          raised[key] = isSet;
          return [`${key} ${isSet ? 'raised' : 'cleared'} ${level}`];
        });
        let ours: readonly AlarmTransition<unknown>[] = [];
        from(readings).pipe(hysteresis({ key: r => r.key, value: r => r.level, set, clear }), toArray()).subscribe(all => (ours = all)); // prettier-ignore
        expect(ours.map(({ key, state, level }) => `${key} ${state} ${level}`)).toEqual(naive);
      }),
    );
  });
});
