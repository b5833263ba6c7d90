import fc from 'fast-check';
import { concat, defer, EMPTY, finalize, from, NEVER, Observable, of, Subject, take, throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import * as operators from '../../src/operators/index.js';
import { type Calls, everyOperator, type Reading } from './every-operator.js';

const numRuns = Number(process.env['FLOW_RUNS'] ?? 100);

const reading = (id: number, more: Partial<Reading> = {}): Reading => ({ id, key: 'a', level: id * 7, at: id * 20, ...more });
const plain: Calls = { key: r => r.key, level: r => r.level, at: r => r.at, onEvict: () => undefined };
/** Timers that have not been ended. */
const timersOf = (scheduler: VirtualTimeScheduler): number => scheduler.actions.filter(action => !action.closed).length;

interface Seen {
  readonly elements: unknown[];
  readonly errors: unknown[];
  completed: number;
}
const collecting = (onNext: (element: unknown) => void = () => undefined) => {
  const seen: Seen = { elements: [], errors: [], completed: 0 };
  const observer = {
    next: (element: unknown) => {
      seen.elements.push(element);
      onNext(element);
    },
    error: (error: unknown) => seen.errors.push(error),
    complete: () => {
      seen.completed++;
    },
  };
  return { seen, observer };
};

const table = Object.entries(everyOperator);

describe('the table', () => {
  it('has every operator that is exported', () => {
    const aggregates = Object.keys(operators).filter(name =>
      /^(aggregate|collect|count|defineAggregate|distinctCount|first|histogram|last|max|mean|min|percentiles?|rate|stddev|sum|variance)$/.test(
        name,
      ),
    );
    // `atRate` is given a stage, and is read through.
    const others = ['agg', 'atRate', 'isWayFull', 'IOT_CORE_LIMITS', 'METERED_BYTES', 'meteredBytes', 'meteredUnits', 'savings'];
    const named = new Set([...aggregates, ...others, ...Object.keys(everyOperator)]);
    expect(Object.keys(operators).filter(name => !named.has(name))).toEqual([]);
  });
});

describe.each(table)('%s', (_, { operator, calls, keyed = false, idsOf }) => {
  const make = (scheduler: VirtualTimeScheduler, more: Partial<Calls> = {}, bounds: { maxKeys?: number; ttl?: number } = {}) =>
    operator({ calls: { ...plain, ...more }, scheduler, ...(keyed ? { ttl: 1_000, ...bounds } : {}) });

  it('completes with a source that has nothing, or completes at once', () => {
    for (const source$ of [EMPTY, from([1, 2, 3, 4].map(n => reading(n)))]) {
      const scheduler = new VirtualTimeScheduler();
      const { seen, observer } = collecting();
      source$.pipe(make(scheduler)).subscribe(observer);
      scheduler.flush();
      expect([seen.completed, seen.errors, timersOf(scheduler)]).toEqual([1, [], 0]);
    }
  });

  it("passes the source's error on, once and as it is, and has no timer then", () => {
    const scheduler = new VirtualTimeScheduler();
    const { seen, observer } = collecting();
    const broken = new Error('broken');
    concat(
      from([reading(1), reading(2)]),
      throwError(() => broken),
    )
      .pipe(make(scheduler))
      .subscribe(observer);
    expect(seen.errors).toEqual([broken]);
    expect([seen.completed, timersOf(scheduler)]).toEqual([0, 0]);
  });

  it('lets go of the source and has no timer when the subscriber leaves, whenever that is', () => {
    for (let after = 0; after <= 5; after++) {
      const scheduler = new VirtualTimeScheduler();
      let left = 0;
      const source = new Subject<Reading>();
      const subscription = source
        .pipe(
          finalize(() => left++),
          make(scheduler),
        )
        .subscribe();
      for (let n = 1; n <= after; n++) source.next(reading(n));
      subscription.unsubscribe();
      expect([left, timersOf(scheduler)]).toEqual([1, 0]);
    }
  });

  it('stops a source that emits without end as it is subscribed, when the subscriber leaves inside next', () => {
    const scheduler = new VirtualTimeScheduler();
    let n = 0;
    const endless$ = new Observable<Reading>(subscriber => {
      while (!subscriber.closed && n < 10_000) subscriber.next(reading(++n));
    });
    const { seen, observer } = collecting();
    endless$.pipe(make(scheduler), take(1)).subscribe(observer);
    // Some emit by the clock only, which does not go on meanwhile.
    if (seen.elements.length > 0) expect([n < 100, seen.completed, timersOf(scheduler)]).toEqual([true, 1, 0]);
  });

  it.each(calls)('gives what %s throws to the error channel, and ends', call => {
    for (const nth of [1, 2, 4]) {
      const scheduler = new VirtualTimeScheduler();
      let [n, left] = [0, 0];
      const thrown = new Error('thrown');
      const throwing = (r: Reading): never => {
        if (++n === nth) throw thrown;
        return plain[call as 'key'](r) as never;
      };
      const { seen, observer } = collecting();
      concat(from([1, 2, 3, 4, 5, 6].map(id => reading(id))), NEVER)
        .pipe(
          finalize(() => left++),
          make(scheduler, { [call]: throwing }),
        )
        .subscribe(observer);
      scheduler.flush();
      expect([seen.errors, seen.completed, left, timersOf(scheduler)]).toEqual([[thrown], 0, 1, 0]);
    }
  });

  it.each(calls)('ends without a timer when the subscriber leaves inside %s', call => {
    for (const nth of [1, 2, 4]) {
      const scheduler = new VirtualTimeScheduler();
      let n = 0;
      const leaving = (r: Reading): never => {
        if (++n === nth) subscription.unsubscribe();
        return plain[call as 'key'](r) as never;
      };
      const source = new Subject<Reading>();
      const subscription = source.pipe(make(scheduler, { [call]: leaving })).subscribe();
      for (let id = 1; !subscription.closed; id++) source.next(reading(id, { key: String(id % 2) }));
      const callsThen = n;
      source.next(reading(9));
      expect([n, timersOf(scheduler)]).toEqual([callsThen, 0]);
    }
  });

  it('begins anew for each subscription', () => {
    const scheduler = new VirtualTimeScheduler();
    const stream$ = from([1, 2, 3, 4].map(n => reading(n))).pipe(make(scheduler));
    const [first, second] = [collecting(), collecting()];
    stream$.subscribe(first.observer);
    scheduler.flush();
    stream$.subscribe(second.observer);
    scheduler.flush();
    expect(JSON.stringify(second.seen)).toBe(JSON.stringify(first.seen));
  });

  it('survives numbers, times and keys of any kind, and loses and doubles no value', () => {
    const odd = fc.constantFrom(
      NaN,
      Infinity,
      -Infinity,
      -0,
      0,
      Number.MAX_VALUE,
      -Number.MAX_VALUE,
      Number.MIN_VALUE,
      2 ** 53,
      8.64e15 + 1,
      1e300,
    );
    const number = fc.oneof(odd, fc.double(), fc.integer({ min: -100, max: 100 }));
    const key = fc.constantFrom('__proto__', 'constructor', 'toString', '', ' ', 'a', '\u0000', '\ud800');
    const step = fc.record({
      key,
      level: number,
      at: number,
      wait: fc.constantFrom(0, 1, 60, 10_000),
      clock: fc.constantFrom('on', 'on', 'back', 'far back', 'far on'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 9 }), (steps, maxKeys) => {
        const scheduler = new VirtualTimeScheduler();
        const source = new Subject<Reading>();
        const { seen, observer } = collecting();
        source.pipe(make(scheduler, {}, { maxKeys })).subscribe(observer);
        steps.forEach(({ wait, clock, ...rest }, id) => {
          scheduler.frame += { on: wait, back: -30, 'far back': -1e6, 'far on': 1e9 }[clock];
          source.next({ id, ...rest });
        });
        source.complete();
        scheduler.flush();
        expect([seen.errors, seen.completed, timersOf(scheduler)]).toEqual([[], 1, 0]);
        if (idsOf !== undefined) expect(seen.elements.flatMap(idsOf).sort((a, b) => a - b)).toEqual(steps.map((_, id) => id));
      }),
      { numRuns },
    );
  });

  it('takes values of a subscriber that feeds the source, and loses and doubles none', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { minLength: 1, maxLength: 20 }), fc.nat(5), (times, fed) => {
        const scheduler = new VirtualTimeScheduler();
        const source = new Subject<Reading>();
        let id = 0;
        let at = 0;
        let feeding = fed;
        let over = false;
        const feed = (by: number): void => source.next(reading(id++, { at: (at += by), key: String(id % 3) }));
        const { seen, observer } = collecting(() => {
          if (!over && feeding-- > 0) feed(40);
        });
        source.pipe(make(scheduler)).subscribe(observer);
        for (const by of times) feed(by);
        over = true;
        source.complete();
        scheduler.flush();
        expect([seen.errors, seen.completed, timersOf(scheduler)]).toEqual([[], 1, 0]);
        if (idsOf !== undefined)
          expect(seen.elements.flatMap(idsOf).sort((a, b) => a - b)).toEqual(Array.from({ length: id }, (_, i) => i));
      }),
      { numRuns },
    );
  });

  it('loses nothing when the subscriber makes the source complete inside next', () => {
    for (let nth = 1; nth <= 4; nth++) {
      const scheduler = new VirtualTimeScheduler();
      const source = new Subject<Reading>();
      let taken = 0;
      const { seen, observer } = collecting(() => {
        if (seen.elements.length === nth) source.complete();
      });
      source.pipe(make(scheduler)).subscribe(observer);
      for (let id = 0; id < 12 && seen.elements.length < nth; id++) {
        source.next(reading(id, { key: String(id % 3), at: Math.floor(id / 3) * 60 }));
        taken++;
        if (id % 3 === 2) {
          scheduler.maxFrames = scheduler.frame + 60;
          scheduler.flush();
        }
      }
      source.complete();
      scheduler.maxFrames = Infinity;
      scheduler.flush();
      expect([seen.completed, timersOf(scheduler)]).toEqual([1, 0]);
      if (idsOf !== undefined)
        expect(seen.elements.flatMap(idsOf).sort((a, b) => a - b)).toEqual(Array.from({ length: taken }, (_, i) => i));
    }
  });
});

describe.each(table.filter(([, { keyed }]) => keyed))('%s, keyed', (_, { operator }) => {
  it('remembers no more keys than maxKeys, however many come, and tells of each it forgets', () => {
    const scheduler = new VirtualTimeScheduler();
    let evicted = 0;
    const onEvict = (): void => {
      evicted++;
    };
    const source = new Subject<Reading>();
    source.pipe(operator({ calls: { ...plain, onEvict }, scheduler, maxKeys: 100 })).subscribe();
    for (let id = 0; id < 20_000; id++) source.next(reading(id, { key: `key ${id}`, at: 0 }));
    expect(evicted).toBe(19_900);
  });

  it('ends without a timer when the subscriber leaves inside onEvict, or what it throws ends it', () => {
    for (const thrown of [undefined, new Error('thrown')]) {
      const scheduler = new VirtualTimeScheduler();
      const onEvict = (): void => {
        if (thrown !== undefined) throw thrown;
        subscription.unsubscribe();
      };
      const { seen, observer } = collecting();
      const source = new Subject<Reading>();
      const subscription = source.pipe(operator({ calls: { ...plain, onEvict }, scheduler, maxKeys: 1, ttl: 1_000 })).subscribe(observer);
      source.next(reading(1, { key: 'a' }));
      source.next(reading(2, { key: 'b' }));
      expect([seen.errors, timersOf(scheduler)]).toEqual([thrown === undefined ? [] : [thrown], 0]);
    }
  });

  it('begins anew at a gap, and does not subscribe where the gaps fail at once', () => {
    const scheduler = new VirtualTimeScheduler();
    let subscribed = 0;
    const broken = new Error('broken');
    const { seen, observer } = collecting();
    defer(() => (subscribed++, of(reading(1))))
      .pipe(operator({ calls: plain, scheduler, gap$: throwError(() => broken) }))
      .subscribe(observer);
    expect([seen.errors, subscribed, timersOf(scheduler)]).toEqual([[broken], 0, 0]);
  });
});
