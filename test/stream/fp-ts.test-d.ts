import { sequenceS, sequenceT } from 'fp-ts/lib/Apply.js';
import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { flow, pipe } from 'fp-ts/lib/function.js';
import * as RA from 'fp-ts/lib/ReadonlyArray.js';
import type { Observable } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import * as OE from '../../src/stream/index.js';
import type { ObservableEither } from '../../src/stream/index.js';

declare const numbers$: ObservableEither<'e', number>;
declare const words$: ObservableEither<'w', string>;
declare const sameErrors$: ObservableEither<'e', string>;

test('pipes without annotations, in both kinds of pipe', () => {
  const piped$ = pipe(
    numbers$,
    OE.map(n => n + 1),
    OE.filterOrElseW(
      n => n > 0,
      n => [n] as const,
    ),
    OE.chainW(n => (n > 1 ? words$ : OE.right(String(n)))),
    OE.mapLeft(e => ({ e })),
    OE.chainEitherKW(s => (s === '' ? left('empty' as const) : right(s.length))),
  );
  expectTypeOf(piped$).toEqualTypeOf<ObservableEither<{ e: 'e' | 'w' | readonly [number] } | 'empty', number>>();
  const inRx$ = numbers$.pipe(
    OE.map(n => n + 1),
    OE.chainW(n => (n > 1 ? words$ : OE.right(String(n)))),
    OE.map(s => s.length),
  );
  expectTypeOf(inRx$).toEqualTypeOf<Observable<Either<'e' | 'w', number>>>();
});

test('composes without a source', () => {
  const twice = flow(
    OE.map((n: number) => n * 2),
    OE.chainSwitchW(n => (n > 1 ? words$ : OE.right(String(n)))),
  );
  expectTypeOf(twice(numbers$)).toEqualTypeOf<ObservableEither<'e' | 'w', string>>();
});

test('a form without W asks for one type of error', () => {
  expectTypeOf(
    pipe(
      numbers$,
      OE.chain(() => sameErrors$),
    ),
  ).toEqualTypeOf<ObservableEither<'e', string>>();
  // @ts-expect-error 'w' is not 'e'
  pipe(numbers$, OE.chain(() => words$)); // prettier-ignore
});

test('Do notation widens the errors and names the results', () => {
  const done$ = pipe(
    OE.Do,
    OE.apSW('n', numbers$),
    OE.bindW('s', ({ n }) => (n > 0 ? words$ : OE.right(''))),
    OE.let('both', ({ n, s }) => `${n} ${s}`),
  );
  expectTypeOf(done$).toEqualTypeOf<ObservableEither<'e' | 'w', { readonly n: number; readonly s: string; readonly both: string }>>();
  // @ts-expect-error there is an n already
  pipe(OE.Do, OE.apSW('n', numbers$), OE.bindW('n', () => words$)); // prettier-ignore
});

test('is a monad to fp-ts', () => {
  expectTypeOf(sequenceT(OE.Apply)(numbers$, sameErrors$)).toEqualTypeOf<ObservableEither<'e', [number, string]>>();
  expectTypeOf(sequenceS(OE.Apply)({ n: numbers$, s: sameErrors$ })).toEqualTypeOf<ObservableEither<'e', { n: number; s: string }>>();
  expectTypeOf(
    pipe(
      [1, 2],
      RA.traverse(OE.Applicative)(n => (n > 1 ? numbers$ : OE.left('e' as const))),
    ),
  ).toEqualTypeOf<ObservableEither<'e', readonly number[]>>();
});

test('the two sides', () => {
  const { left: errors$, right: values$ } = OE.partition(numbers$);
  expectTypeOf(errors$).toEqualTypeOf<Observable<'e'>>();
  expectTypeOf(values$).toEqualTypeOf<Observable<number>>();
  expectTypeOf(numbers$.pipe(OE.orThrow())).toEqualTypeOf<Observable<number>>();
  expectTypeOf(
    pipe(
      numbers$,
      OE.toTaskEither(() => 0 as const),
    ),
  ).toEqualTypeOf<() => Promise<Either<'e' | 0, number>>>();
});
