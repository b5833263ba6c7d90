import fc from 'fast-check';
import { concatMap, delay, from, of, Subject, throwError, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, test } from 'vitest';
import { dedupe, type EvictedKey } from '../../src/operators/index.js';
import { marbles } from '../../src/testing/index.js';

const key = (text: string): string => text;

describe('dedupe', () => {
  test(
    'holds back the duplicates of a value for its ttl, which they do not prolong',
    marbles(({ cold, expectStream }) => {
      expectStream(cold('a-b-a---a--a-b-|').pipe(dedupe({ key, ttl: 8 }))).toBeMarble('a-b-----a----b-|');
    }),
  );

  it('forgets the oldest key for one too many, and says so', () => {
    const seen: string[] = [];
    const gone: EvictedKey[] = [];
    from(['a', 'b', 'a', 'c', 'b', 'a'])
      .pipe(dedupe({ key, ttl: 1_000, maxKeys: 2, onEvict: evicted => gone.push(evicted) }))
      .subscribe(text => seen.push(text));
    expect(seen).toEqual(['a', 'b', 'c', 'a']);
    expect(gone).toEqual([
      { key: 'a', reason: 'maxKeys' },
      { key: 'b', reason: 'maxKeys' },
    ]);
  });

  it('keeps its keys over a gap, or forgets them', () => {
    const kept: string[] = [];
    const reset: string[] = [];
    const source = new Subject<string>();
    const gap$ = new Subject<string>();
    source.pipe(dedupe({ key, ttl: 1_000 })).subscribe(text => kept.push(text));
    source.pipe(dedupe({ key, ttl: 1_000, onGap: 'reset', gap$ })).subscribe(text => reset.push(text));
    source.next('a');
    gap$.next('gap');
    source.next('a');
    source.complete();
    expect([kept, reset]).toEqual([['a'], ['a', 'a']]);
  });

  it('hands on errors of the source and what key throws; refuses a ttl that is none', () => {
    const errors: unknown[] = [];
    const error = (e: unknown): number => errors.push(e);
    throwError(() => 'broken')
      .pipe(dedupe<string>({ key, ttl: 1 }))
      .subscribe({ error });
    const throws = (): never => {
      throw new Error('thrown');
    };
    of('a')
      .pipe(dedupe({ key: throws, ttl: 1 }))
      .subscribe({ error });
    expect(errors).toEqual(['broken', new Error('thrown')]);
    for (const ttl of [0, -1, Number.NaN]) expect(() => dedupe<string>({ key, ttl })).toThrow(RangeError);
  });

  it('passes what a naive list of keys and times passes, at any instants', () => {
    const step = fc.record({ id: fc.constantFrom('a', 'b', 'c'), after: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (steps, ttl) => {
        const passedAt: Record<string, number> = {};
        let now = 0;
        const naive = steps.filter(({ id, after }) => {
          now += after;
          if (now - (passedAt[id] ?? -Infinity) < ttl) return false;
          passedAt[id] = now;
          return true;
        });
        let ours: readonly unknown[] = [];
        new TestScheduler(() => undefined).run(({ flush }) => {
          from(steps)
            .pipe(
              concatMap(step => of(step).pipe(delay(step.after))),
              dedupe({ key: step => step.id, ttl }),
              toArray(),
            )
            .subscribe(all => (ours = all));
          flush();
        });
        expect(ours).toEqual(naive);
      }),
    );
  });
});
