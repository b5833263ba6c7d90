import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as O from 'fp-ts/lib/Option.js';
import { EMPTY, lastValueFrom, Observable, of, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import * as OE from '../../src/stream/index.js';
import { elements, T } from '../kit/streams/elements.js';
import { marbles } from '../../src/testing/index.js';

type Element = Either<{ readonly _tag: string }, string>;
const collect = <T>(source: Observable<T>): Promise<T[]> => lastValueFrom(source.pipe(toArray()));

describe('constructors', () => {
  test('make one element', async () => {
    expect(await collect(OE.right(1))).toEqual([right(1)]);
    expect(await collect(OE.left('x'))).toEqual([left('x')]);
    expect(await collect(OE.fromEither(left('x')))).toEqual([left('x')]);
    expect(
      await collect(
        pipe(
          O.none,
          OE.fromOption(() => 'none'),
        ),
      ),
    ).toEqual([left('none')]);
    expect(
      await collect(
        pipe(
          O.some(1),
          OE.fromOption(() => 'none'),
        ),
      ),
    ).toEqual([right(1)]);
  });

  test('run their effect at each subscription, and not before', async () => {
    let runs = 0;
    const effect = (): number => (runs += 1);
    const streams = [OE.fromIO(effect), OE.fromTask(async () => effect()), OE.fromTaskEither(async () => right(effect()))];
    expect(runs).toBe(0);
    for (const stream of streams) {
      expect([await collect(stream), await collect(stream)]).toEqual([[right(runs - 1)], [right(runs)]]);
    }
  });

  test('leave what throws or rejects a defect', async () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    await expect(collect(OE.fromIO(boom))).rejects.toThrow('boom');
    await expect(collect(OE.fromTask(async () => boom()))).rejects.toThrow('boom');
    await expect(collect(OE.fromTaskEither(async () => boom()))).rejects.toThrow('boom');
    await expect(collect(OE.fromObservable(throwError(() => new Error('boom'))))).rejects.toThrow('boom');
  });

  test('tryCatch makes a failure the last element', () => {
    marbles(({ cold, expectStream }) => {
      const source = cold('a-#', { a: 'a' }, 'offline');
      expectStream(source.pipe(OE.tryCatch(cause => ({ cause })))).toBeMarble('a-(e|)', { a: right('a'), e: left({ cause: 'offline' }) });
    })();
  });
});

describe('map, mapLeft, bimap, tapLeft, filterOrElse', () => {
  test('change their side at the instant it comes', () => {
    marbles(({ cold, expectStream }) => {
      const source = cold<Element>('a-x-T|', elements);
      expectStream(source.pipe(OE.map(v => v.toUpperCase()))).toBeMarble('A-x-T|', elements);
      expectStream(source.pipe(OE.mapLeft(e => e._tag))).toBeMarble('a-x-T|', { a: right('a'), x: left('X'), T: left('T') });
      const both = OE.bimap(
        (e: { readonly _tag: string }) => e._tag,
        (v: string) => v.toUpperCase(),
      );
      expectStream(source.pipe(both)).toBeMarble('a-x-T|', { a: right('A'), x: left('X'), T: left('T') });
    })();
  });

  test('raise what their callbacks throw', () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    const raised: unknown[] = [];
    const source: OE.ObservableEither<string, number> = of(left('x'), right(1));
    const observer = { error: (e: unknown) => raised.push(e) };
    source.pipe(OE.map(boom)).subscribe(observer);
    source.pipe(OE.mapLeft(boom)).subscribe(observer);
    source.pipe(OE.bimap(boom, boom)).subscribe(observer);
    source.pipe(OE.tapLeft(boom)).subscribe(observer);
    source.pipe(OE.filterOrElseW(boom, () => 'no')).subscribe(observer);
    source.pipe(OE.chainW(boom)).subscribe(observer);
    source.pipe(OE.orElseW(boom)).subscribe(observer);
    expect(raised).toEqual(Array.from({ length: 7 }, () => new Error('boom')));
  });

  test('tapLeft sees the errors only, and changes nothing', async () => {
    const seen: unknown[] = [];
    const source: OE.ObservableEither<unknown, number> = of(right(1), left('x'), left(T));
    expect(await collect(source.pipe(OE.tapLeft(e => seen.push(e))))).toEqual([right(1), left('x'), left(T)]);
    expect(seen).toEqual(['x', T]);
  });

  test('filterOrElse puts an error in the place of a result', async () => {
    const filtered = of(right(1), right(2), right(3)).pipe(
      OE.filterOrElseW(
        n => n !== 2,
        n => `${n} is refused`,
      ),
    );
    expect(await collect(filtered)).toEqual([right(1), left('2 is refused'), right(3)]);
  });
});

describe('the two sides', () => {
  const mixed: OE.ObservableEither<unknown, number> = of(right(1), left('x'), right(2), left(T));

  test('rights and lefts drop the other side', async () => {
    expect(await collect(mixed.pipe(OE.rights()))).toEqual([1, 2]);
    expect(await collect(mixed.pipe(OE.lefts()))).toEqual(['x', T]);
  });

  test('partition subscribes once for each side', async () => {
    let subscriptions = 0;
    const sides = OE.partition(
      new Observable<Either<string, number>>(subscriber => {
        subscriptions += 1;
        return of(right(1), left('x')).subscribe(subscriber);
      }),
    );
    expect(subscriptions).toBe(0);
    expect([await collect(sides.left), await collect(sides.right), subscriptions]).toEqual([['x'], [1], 2]);
  });

  test('orThrow raises the first error of any kind and leaves the source', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('a-x-b|', elements);
      expectStream(source.pipe(OE.orThrow())).toBeMarble('a-#', { ...{ a: 'a' }, '#': { _tag: 'X' } });
      expectSubscriptions(source).toBe('^-!');
    })();
  });
});

describe('toTaskEither', () => {
  test('takes the first element, whichever it is, and leaves the source', async () => {
    const source = new Subject<Either<string, number>>();
    const task = pipe(
      source,
      OE.toTaskEither(() => 'empty'),
    );
    expect(source.observed).toBe(false);
    const run = task();
    source.next(left('x'));
    expect(source.observed).toBe(false);
    expect(await run).toEqual(left('x'));
  });

  test('names the error of a stream without elements', async () => {
    expect(
      await pipe(
        EMPTY,
        OE.toTaskEither(() => 'empty'),
      )(),
    ).toEqual(left('empty'));
  });

  test('rejects with a defect', async () => {
    await expect(pipe(throwError(() => new Error('boom')), OE.toTaskEither(() => 'empty'))()).rejects.toThrow('boom'); // prettier-ignore
  });
});
