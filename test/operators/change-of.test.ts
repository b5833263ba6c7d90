import fc from 'fast-check';
import { from, groupBy, distinctUntilChanged, mergeMap, of, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { changeOf, type ChangeOfOptions } from '../../src/operators/index.js';
import { marbles } from '../../src/testing/index.js';

interface State {
  readonly device: string;
  readonly door: unknown;
  readonly seen: number;
}
const state = (device: string, door: unknown, seen = 0): State => ({ device, door, seen });
const byDevice = { key: (s: State) => s.device } as const;

const passed = (states: readonly State[], options: Partial<ChangeOfOptions<State>> = {}): unknown[] => {
  const seen: unknown[] = [];
  from(states)
    .pipe(changeOf({ ...byDevice, of: ['door'], ...options }))
    .subscribe(s => seen.push(s.door));
  return seen;
};

describe('changeOf', () => {
  test(
    'passes a value when a chosen field changes, per key; other fields do not count',
    marbles(({ cold, expectStream }) => {
      const table = { a: state('a', 1, 1), b: state('a', 1, 2), c: state('b', 1, 3), d: state('a', 2, 4) };
      expectStream(cold('a-b-c-d-c-|', table).pipe(changeOf({ ...byDevice, of: ['door'] }))).toBeMarble('a---c-d---|', table);
      expectStream(cold('a-b-a-|', table).pipe(changeOf({ ...byDevice, of: ['door', 'seen'] }))).toBeMarble('a-b-a-|', table);
    }),
  );

  it('compares by structure', () => {
    const same: readonly (readonly [unknown, unknown])[] = [
      [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
      [Number.NaN, Number.NaN],
      [0, -0],
      [Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
      [new Date(5), new Date(5)],
      [new Map([['a', 1]]), new Map([['a', 1]])],
      [undefined, undefined],
    ];
    for (const [one, other] of same) expect(passed([state('a', one), state('a', other)])).toEqual([one]);
    const different: readonly (readonly [unknown, unknown])[] = [
      [{ a: 1 }, { a: 1, b: undefined }],
      [[1, 2], [2, 1]], // prettier-ignore
      [1, '1'],
      [undefined, null],
      [Uint8Array.of(1), Uint8Array.of(2)],
    ];
    for (const [one, other] of different) expect(passed([state('a', one), state('a', other)])).toEqual([one, other]);
  });

  it('may compare what a function makes of the value', () => {
    const states = ['open', 'OPEN', 'shut'].map(door => state('a', door));
    expect(passed(states, { of: s => String(s.door).toLowerCase() })).toEqual(['open', 'shut']);
  });

  test(
    'heartbeat, first and reset are those of deadband',
    marbles(({ cold, hot, expectStream }) => {
      const table = { a: state('a', 1, 1), b: state('a', 1, 2), c: state('a', 2, 3) };
      const of = ['door'] as const;
      expectStream(cold('a-b-----c|', table).pipe(changeOf({ ...byDevice, of, heartbeat: 5 }))).toBeMarble('a----b--c|', table);
      expectStream(cold('a-b-c|', table).pipe(changeOf({ ...byDevice, of, first: 'hold' }))).toBeMarble('----c|', table);
      const gap$ = hot('-g', { g: 'gap' });
      expectStream(cold('a-b-b|', table).pipe(changeOf({ ...byDevice, of, onGap: 'reset', gap$ }))).toBeMarble('a-b--|', table);
    }),
  );

  it('forgets a key that is evicted', () => {
    const states = [state('a', 1), state('b', 1), state('a', 1)];
    const gone: unknown[] = [];
    expect(passed(states, { maxKeys: 1, onEvict: evicted => gone.push(evicted) })).toEqual([1, 1, 1]);
    expect(gone).toEqual([{ key: 'a', reason: 'maxKeys' }, { key: 'b', reason: 'maxKeys' }]); // prettier-ignore
  });

  it('hands on errors of the source, and what it is given throws; refuses to compare nothing', () => {
    const errors: unknown[] = [];
    const error = (e: unknown): number => errors.push(e);
    const throws = (): never => {
      throw new Error('thrown');
    };
    throwError(() => 'broken')
      .pipe(changeOf<State>({ ...byDevice, of: ['door'] }))
      .subscribe({ error });
    of(state('a', 1))
      .pipe(changeOf({ ...byDevice, of: throws }))
      .subscribe({ error });
    of(state('a', 1))
      .pipe(changeOf({ key: throws, of: ['door'] }))
      .subscribe({ error });
    expect(errors).toEqual(['broken', new Error('thrown'), new Error('thrown')]);
    expect(() => changeOf<State>({ ...byDevice, of: [] })).toThrow(RangeError);
  });

  it('is left without a trace', () => {
    const source = new Subject<State>();
    const gap$ = new Subject<void>();
    source
      .pipe(changeOf({ ...byDevice, of: ['door'], onGap: 'reset', gap$ }))
      .subscribe()
      .unsubscribe();
    expect([source.observed, gap$.observed]).toEqual([false, false]);
  });

  it('passes what groupBy and distinctUntilChanged pass, which remember every key for ever', () => {
    const json = fc.jsonValue({ maxDepth: 2 });
    const states = fc.array(fc.record({ device: fc.constantFrom('a', 'b'), door: fc.oneof(fc.boolean(), json), seen: fc.nat() }));
    fc.assert(
      fc.property(states, states => {
        let naive: readonly State[] = [];
        let ours: readonly State[] = [];
        const text = (s: State): string => JSON.stringify(s.door);
        from(states)
          .pipe(
            groupBy(s => s.device),
            mergeMap(s$ => s$.pipe(distinctUntilChanged((a, b) => text(a) === text(b)))),
            toArray(),
          ) // prettier-ignore
          .subscribe(all => (naive = all));
        // Parsed anew: no object is the same one twice, and -0 has become 0, as in the texts.
        from(states.map(s => ({ ...s, door: JSON.parse(text(s)) as unknown })))
          .pipe(changeOf({ ...byDevice, of: ['door'] }), toArray())
          .subscribe(all => (ours = all));
        expect(ours.map(s => [s.device, text(s), s.seen])).toEqual(naive.map(s => [s.device, text(s), s.seen]));
      }),
    );
  });
});
