import fc from 'fast-check';
import { sequenceT } from 'fp-ts/lib/Apply.js';
import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { identity, pipe } from 'fp-ts/lib/function.js';
import * as RA from 'fp-ts/lib/ReadonlyArray.js';
import { concatMap, delay, from, lastValueFrom, of, toArray, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test } from 'vitest';
import * as OE from '../../src/stream/index.js';
import type { ObservableEither } from '../../src/stream/index.js';

type Failed = string | { readonly kind: 'terminal'; readonly why: string };
type Elements<A> = readonly Either<Failed, A>[];

/** Sequences in which a terminal error, if there is one, comes last. */
const sequence = <A>(value: fc.Arbitrary<A>): fc.Arbitrary<Elements<A>> =>
  fc
    .tuple(
      fc.array(fc.oneof(value.map(v => right(v)), fc.string({ maxLength: 2 }).map(e => left(e))), { maxLength: 4 }), // prettier-ignore
      fc.option(fc.string({ maxLength: 2 }).map(why => left({ kind: 'terminal' as const, why })), { freq: 4 }), // prettier-ignore
    )
    .map(([passing, last]): Elements<A> => (last === null ? passing : [...passing, last]));

const numbers = sequence(fc.nat(5));
/** Functions from a result to a sequence. */
const kleisli = fc.func(numbers);
const arrow = fc.func(fc.nat(5));

/** All elements at once, so that only their sequence counts. */
const stream = <A>(elements: Elements<A>): ObservableEither<Failed, A> => from(elements);
const streams = (f: (n: number) => Elements<number>) => (n: number) => stream(f(n));

const collected = <A>(source: Observable<A>): readonly A[] => {
  const seen: A[] = [];
  let completed = false;
  source.subscribe({ next: element => seen.push(element), complete: () => (completed = true) });
  expect(completed).toBe(true);
  return seen;
};
const same = <A>(one: Observable<A>, other: Observable<A>): void => {
  expect(collected(one)).toEqual(collected(other));
};

const { chain, map, of: pure } = OE.Monad;
const { ap } = OE.Apply;

describe('Functor and Bifunctor', () => {
  test('identity and composition', () => {
    fc.assert(
      fc.property(numbers, arrow, arrow, (fa, f, g) => {
        same(map(stream(fa), identity), stream(fa));
        same(map(map(stream(fa), f), g), map(stream(fa), n => g(f(n)))); // prettier-ignore
        same(OE.Bifunctor.bimap(stream(fa), identity, identity), stream(fa));
        const [h, k] = [(e: Failed) => JSON.stringify(e), (s: string) => s.length];
        same(OE.Bifunctor.bimap(OE.Bifunctor.bimap(stream(fa), h, f), k, g), OE.Bifunctor.bimap(stream(fa), e => k(h(e)), n => g(f(n)))); // prettier-ignore
        same(OE.Bifunctor.mapLeft(stream(fa), h), OE.Bifunctor.bimap(stream(fa), h, identity));
      }),
    );
  });

  test('bimap composes even through an error that becomes terminal on the way', () => {
    const there = (e: string): Failed => ({ kind: 'terminal', why: e });
    const back = (e: Failed): string => (typeof e === 'string' ? e : e.why);
    const source: ObservableEither<string, number> = of(left('x'), right(1));
    same(pipe(source, OE.mapLeft(there), OE.mapLeft(back)), source);
  });
});

describe('Apply and Applicative', () => {
  const functions = sequence(arrow);

  test('identity, homomorphism, interchange, composition', () => {
    fc.assert(
      fc.property(numbers, functions, functions, arrow, fc.nat(5), (fa, fab, fbc, f, n) => {
        same(ap(pure<Failed, (n: number) => number>(identity), stream(fa)), stream(fa));
        same(ap(pure<Failed, typeof f>(f), pure(n)), pure<Failed, number>(f(n)));
        same(ap(stream(fab), pure(n)), ap(pure<Failed, (g: typeof f) => number>(g => g(n)), stream(fab))); // prettier-ignore
        const composed = map(stream(fbc), g => (h: typeof f) => (m: number) => g(h(m)));
        same(ap(ap(composed, stream(fab)), stream(fa)), ap(stream(fbc), ap(stream(fab), stream(fa))));
      }),
    );
  });

  test('ap and map are those of the monad', () => {
    fc.assert(
      fc.property(numbers, functions, arrow, (fa, fab, f) => {
        same(
          ap(stream(fab), stream(fa)),
          chain(stream(fab), g => map(stream(fa), g)),
        );
        same(
          map(stream(fa), f),
          chain(stream(fa), n => pure(f(n))),
        );
      }),
    );
  });

  test('sequenceT and traverse give each combination, in order', () => {
    const [one, two] = [stream([right(1), right(2)]), stream([right('a'), right('b')])];
    expect(collected(sequenceT(OE.Apply)(one, two))).toEqual([right([1, 'a']), right([1, 'b']), right([2, 'a']), right([2, 'b'])]);
    expect(
      collected(
        pipe(
          [1, 2],
          RA.traverse(OE.Applicative)(n => OE.right<number, Failed>(n * 10)),
        ),
      ),
    ).toEqual([right([10, 20])]);
  });
});

describe('Monad, MonadThrow, MonadIO, MonadTask', () => {
  test('left identity, right identity, associativity', () => {
    fc.assert(
      fc.property(numbers, kleisli, kleisli, fc.nat(5), (m, f, g, n) => {
        same(chain(pure<Failed, number>(n), streams(f)), streams(f)(n));
        same(chain(stream(m), a => pure<Failed, number>(a)), stream(m)); // prettier-ignore
        same(chain(chain(stream(m), streams(f)), streams(g)), chain(stream(m), a => chain(streams(f)(a), streams(g)))); // prettier-ignore
      }),
      { numRuns: 1000 },
    );
  });

  test('associativity holds for the sequence when elements take time', () => {
    const slow = (elements: Elements<number>): ObservableEither<Failed, number> =>
      from(elements).pipe(concatMap((element, i) => of(element).pipe(delay(i % 3))));
    fc.assert(
      fc.property(numbers, kleisli, kleisli, (m, f, g) => {
        const results: (readonly unknown[])[] = [];
        new TestScheduler(() => undefined).run(({ flush }) => {
          const [sf, sg] = [(n: number) => slow(f(n)), (n: number) => slow(g(n))];
          for (const run of [chain(chain(slow(m), sf), sg), chain(slow(m), a => chain(sf(a), sg))]) {
            run.pipe(toArray()).subscribe(all => results.push(all));
          }
          flush();
        });
        expect(results).toHaveLength(2);
        expect(results[0]).toEqual(results[1]);
      }),
    );
  });

  test('throwError is a left zero', () => {
    fc.assert(
      fc.property(kleisli, fc.string(), (f, e) => {
        same(chain(OE.MonadThrow.throwError<Failed, number>(e), streams(f)), OE.left<Failed, number>(e));
      }),
    );
  });

  test('fromIO and fromTask respect of and chain', async () => {
    const all = <A>(source: Observable<A>): Promise<A[]> => lastValueFrom(source.pipe(toArray()));
    const { fromIO, fromTask } = OE.MonadTask;
    expect(await all(fromIO(() => 1))).toEqual(await all(pure(1)));
    expect(await all(fromTask(async () => 1))).toEqual(await all(pure(1)));
    const [task, next] = [async () => 2, (n: number) => async () => n + 1];
    expect(await all(fromTask(async () => next(await task())()))).toEqual(
      await all(chain(fromTask<number, never>(task), n => fromTask(next(n)))),
    );
    expect(await all(OE.FromEither.fromEither(left('x')))).toEqual([left('x')]);
  });
});
