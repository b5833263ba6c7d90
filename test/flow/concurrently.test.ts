import { type Either, left, right } from 'fp-ts/lib/Either.js';
import {
  concat,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  lastValueFrom,
  map,
  NEVER,
  type Observable,
  of,
  range,
  Subject,
  take,
  throwError,
  timer,
  toArray,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ProxyClosed } from '../../src/errors/errors.js';
import { concurrently, Ledger } from '../../src/flow/index.js';
import { watched } from '../kit/time/virtual.js';

const shown = (result: Either<unknown, unknown>): string => {
  if (result._tag === 'Right') return String(result.right);
  const { left } = result;
  if (typeof left === 'object' && left !== null && '_tag' in left && left._tag === 'Overflowed' && 'messages' in left)
    return `overflowed ${String(left.messages)}`;
  return `left ${typeof left === 'object' && left !== null && '_tag' in left ? String(left._tag) : String(left)}`;
};

const after =
  (milliseconds: number) =>
  <A>(value: A): Observable<A> =>
    timer(milliseconds).pipe(map(() => value));

describe('concurrently', () => {
  it('works on n values at a time and keeps their order', () => {
    const waits = [30, 10, 10, 10];
    const work = (n: number): Observable<number> => after(waits[n] ?? 0)(n);
    expect(watched(() => range(0, 4).pipe(concurrently(2, work)), shown)).toEqual(['30 0', '30 1', '40 2', '40 3', '40 complete']);
    expect(watched(() => range(0, 4).pipe(concurrently(2, work, { ordered: false })), shown)).toEqual([
      '10 1',
      '20 2',
      '30 0',
      '30 3',
      '30 complete',
    ]);
  });

  it('takes Observables, promises, tasks and Eithers of them, and makes all results Eithers', async () => {
    const run = <A>(results$: Observable<A>): Promise<A[]> => lastValueFrom(results$.pipe(toArray()));
    const two = of(1, 2);
    expect(await run(two.pipe(concurrently(1, n => of(n, n + 10))))).toEqual([right(1), right(11), right(2), right(12)]);
    expect(await run(two.pipe(concurrently(1, n => of(n === 1 ? left('odd') : right(n)))))).toEqual([left('odd'), right(2)]);
    expect(await run(two.pipe(concurrently(1, n => Promise.resolve(n))))).toEqual([right(1), right(2)]);
    expect(await run(two.pipe(concurrently(1, n => () => Promise.resolve(n === 1 ? left('odd') : right(n)))))).toEqual([
      left('odd'),
      right(2),
    ]);
  });

  it('takes a value that merely looks like an Either as a value', async () => {
    expect(
      await lastValueFrom(
        of(1).pipe(
          concurrently(1, () => of({ _tag: 'Left' }, null, undefined)),
          toArray(),
        ),
      ),
    ).toEqual([right({ _tag: 'Left' }), right(null), right(undefined)]);
  });

  it('goes on after a Left and ends with a terminal one', () => {
    const ledger = new Ledger();
    const work = (n: number): Observable<Either<unknown, number>> =>
      after(n)(n === 2 ? left({ _tag: 'Mishap', kind: 'message' }) : n === 4 ? left(new ProxyClosed()) : right(n));
    const source = new Subject<number>();
    expect(watched(() => concat(range(1, 8), source).pipe(concurrently(5, work, { ledger })), shown)).toEqual([
      '1 1',
      '2 left Mishap',
      '3 3',
      '4 left ProxyClosed',
      '4 complete',
    ]);
    expect(source.observed).toBe(false);
    expect(ledger.snapshot().stages[0]).toMatchObject({
      received: { messages: 8 },
      emitted: { messages: 2 },
      failed: { messages: 2 },
      discarded: { messages: 4 },
      buffered: { messages: 0 },
      active: 0,
    });
  });

  it('reports drops in front of the next result, or before completion if there is none', () => {
    const slow = (n: number): Observable<number> => after(10)(n);
    expect(watched(() => range(0, 10).pipe(concurrently(1, slow, { buffer: { messages: 2, onFull: 'dropNewest' } })), shown)).toEqual([
      '10 overflowed 7',
      '10 0',
      '20 1',
      '30 2',
      '30 complete',
    ]);
    const silent = (): Observable<never> => timer(10).pipe(ignoreElements());
    expect(watched(() => range(0, 3).pipe(concurrently(1, silent, { buffer: { messages: 0 } })), shown)).toEqual([
      '10 overflowed 2',
      '10 complete',
    ]);
  });

  it('passes a defect on at once: of the source, of project, of a promise, of key or sizeOf', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const work = (n: number): Observable<number> => after(10)(n);
    expect(
      watched(
        () =>
          concat(
            of(1),
            throwError(() => new Error('source')),
          ).pipe(concurrently(1, work)),
        shown,
      ),
    ).toEqual(['0 Error: source']);
    expect(watched(() => of(1).pipe(concurrently(1, broken)), shown)).toEqual(['0 Error: broken']);
    expect(watched(() => of(1, 2).pipe(concurrently(1, work, { buffer: { onFull: 'latestPerKey', key: broken } })), shown)).toEqual([
      '0 Error: broken',
    ]);
    expect(watched(() => of(1).pipe(concurrently(1, work, { buffer: { sizeOf: broken } })), shown)).toEqual(['0 Error: broken']);
    await expect(lastValueFrom(of(1).pipe(concurrently(1, () => Promise.reject(new Error('rejected')))))).rejects.toThrow('rejected');
  });

  it('stops sources and work that emit without end while they are being subscribed', () => {
    let emitted = 0;
    const endless = defer(() =>
      from(
        (function* () {
          for (;;) yield emitted++;
        })(),
      ),
    );
    expect(
      watched(
        () =>
          endless.pipe(
            concurrently(1, n => of(n)),
            take(3),
          ),
        shown,
      ),
    ).toEqual(['0 0', '0 1', '0 2', '0 complete']);
    expect(
      watched(
        () =>
          of(1).pipe(
            concurrently(1, () => endless),
            take(3),
          ),
        shown,
      ),
    ).toEqual(['0 3', '0 4', '0 5', '0 complete']);
    expect(emitted).toBeLessThanOrEqual(8);
  });

  it('keeps order and stack where a result feeds the source', () => {
    const source = new Subject<number>();
    const results: number[] = [];
    source.pipe(concurrently(2, n => of(n))).subscribe(result => {
      if (result._tag === 'Left') return;
      results.push(result.right);
      if (result.right < 5_000) source.next(result.right + 1);
    });
    source.next(0);
    expect(results).toHaveLength(5_001);
    expect(results).toEqual([...results].sort((a, b) => a - b));
  });

  it('keeps a result that comes while held ones are handed on behind them', () => {
    const first = new Subject<string>();
    const second = new Subject<string>();
    const seen: string[] = [];
    of(first, second)
      .pipe(concurrently(2, work => work))
      .subscribe(result => {
        seen.push(shown(result));
        if (shown(result) === 'b1') second.next('b3');
      });
    second.next('b1');
    second.next('b2');
    first.next('a1');
    first.complete();
    expect(seen).toEqual(['a1', 'b1', 'b2', 'b3']);
  });

  it('works off 300 000 waiting values whose work is done at once', () => {
    const gate = new Subject<number>();
    const source = new Subject<number>();
    let results = 0;
    source.pipe(concurrently(1, n => (n === 0 ? gate : of(n)), { buffer: { messages: 300_000 } })).subscribe(() => results++);
    for (let n = 0; n <= 300_000; n++) source.next(n);
    expect(results).toBe(0);
    gate.complete();
    expect(results).toBe(300_000);
  });

  it('bounds the results it holds for their turn', () => {
    const ledger = new Ledger();
    const work = (n: number): Observable<number> => (n === 0 ? timer(100).pipe(map(() => 0)) : timer(0, 1).pipe(take(50)));
    const seen = watched(() => range(0, 2).pipe(concurrently(2, work, { buffer: { messages: 8 }, ledger })), shown);
    expect(seen).toHaveLength(1 + 10 + 2);
    expect(seen.at(-2)).toBe('100 overflowed 1');
    expect(ledger.snapshot().stages[0]).toMatchObject({ received: { messages: 2 }, emitted: { messages: 1 }, dropped: { messages: 1 } });
  });

  it('unsubscribes from all work when its subscriber leaves, and counts it as discarded', () => {
    const ledger = new Ledger();
    let stopped = 0;
    const seen = watched(() => range(0, 10).pipe(concurrently(3, () => NEVER.pipe(finalize(() => stopped++)), { ledger })), shown, 50);
    expect(seen).toEqual([]);
    expect(stopped).toBe(3);
    expect(ledger.snapshot().stages[0]).toMatchObject({ discarded: { messages: 10 }, buffered: { messages: 0 }, active: 0 });
  });

  it('begins no work for a subscriber that left while it was being made', () => {
    const source = new Subject<number>();
    const work = new Subject<number>();
    const subscription = source
      .pipe(
        concurrently(1, () => {
          subscription.unsubscribe();
          return work;
        }),
      )
      .subscribe();
    source.next(1);
    expect(work.observed).toBe(false);
  });

  it('keeps what overtook nothing: the newest value of every key', () => {
    const source$ = from(['a1', 'b1', 'a2', 'b2', 'a3', 'c1']);
    const seen = watched(
      () =>
        source$.pipe(
          concurrently(1, value => after(10)(value), { buffer: { messages: 3, onFull: 'latestPerKey', key: value => value[0] } }),
        ),
      shown,
    );
    expect(seen).toEqual(['10 overflowed 2', '10 a1', '20 b2', '30 a3', '40 c1', '40 complete']);
  });

  it('refuses to work on nothing at a time', () => {
    expect(() => concurrently(0, () => EMPTY)).toThrow(RangeError);
  });
});
