import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { filter, map, mergeMap, of, scan, type Observable } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import type { DecodeFailed, Interrupted, Unauthorized } from '../../src/errors/errors.js';
import { mergeW, onRights, runToEnd, type ObservableEither } from '../../src/stream/index.js';

interface Reading {
  readonly topicName: string;
  readonly value: { readonly celsius: number };
}
type Failed = Unauthorized<'terminal'> | Interrupted | DecodeFailed;
declare const messages$: ObservableEither<Failed, Reading>;
declare const publishLike: <A>(
  message: (value: A) => { readonly topicName: string },
) => (source: Observable<A>) => Observable<Either<'full', { readonly sent: A }>>;

test('the value comes from the source, without annotations', () => {
  const out$ = messages$.pipe(
    onRights(m$ =>
      m$.pipe(
        filter(m => m.value.celsius > 20),
        map(m => m.value.celsius),
        scan((a, b) => a + b, 0),
      ),
    ),
  );
  expectTypeOf(out$).toEqualTypeOf<Observable<Either<Failed, number>>>();
});

test('nested stages widen the errors', () => {
  const out$ = messages$.pipe(
    onRights(m$ => m$.pipe(mergeMap(m => of(m.value.celsius > 20 ? right(m.topicName) : left(1 as const))))),
    onRights(s$ => s$.pipe(publishLike(s => ({ topicName: s.toUpperCase() })))),
  );
  expectTypeOf(out$).toEqualTypeOf<Observable<Either<Failed | 1 | 'full', { readonly sent: string }>>>();
});

test('works in the pipe of fp-ts', () => {
  const out$ = pipe(
    messages$,
    onRights(m$ => m$.pipe(map(m => m.value.celsius))),
  );
  expectTypeOf(out$).toEqualTypeOf<Observable<Either<Failed, number>>>();
});

test('a stream that cannot fail stays so', () => {
  const never$ = of(right(1));
  expectTypeOf(never$.pipe(onRights(n$ => n$.pipe(map(n => n + 1))))).toEqualTypeOf<Observable<Either<never, number>>>();
});

test('takes elements whose Eithers differ', () => {
  const out$ = of(right(1), left('x' as const), left(2 as const)).pipe(onRights(n$ => n$.pipe(map(n => String(n)))));
  expectTypeOf(out$).toEqualTypeOf<Observable<Either<'x' | 2, string>>>();
});

test('stays generic in a function of its own', () => {
  const pairs = <E, A>(source: ObservableEither<E, A>): ObservableEither<E, readonly [A, A]> =>
    source.pipe(onRights(a$ => a$.pipe(map(a => [a, a] as const))));
  expectTypeOf(pairs(messages$)).toEqualTypeOf<ObservableEither<Failed, readonly [Reading, Reading]>>();
});

test('is a stage of its own where the type of its values is named', () => {
  const stage = onRights((readings$: Observable<Reading>) => readings$.pipe(map(m => m.value.celsius)));
  expectTypeOf(messages$.pipe(stage)).toEqualTypeOf<Observable<Either<Failed, number>>>();
  expectTypeOf(stage(messages$)).toEqualTypeOf<ObservableEither<Failed, number>>();
  // @ts-expect-error the source carries numbers
  of(right(1)).pipe(stage);
});

test('gap$ has the errors that can be gaps, without annotations', () => {
  const out$ = messages$.pipe(
    onRights((m$, gap$) => {
      expectTypeOf(gap$).toEqualTypeOf<Observable<Interrupted>>();
      expectTypeOf(m$).toEqualTypeOf<Observable<Reading>>();
      return m$;
    }),
  );
  expectTypeOf(out$).toEqualTypeOf<Observable<Either<Failed, Reading>>>();
  const unfailing$ = of(right(1)).pipe(
    onRights((n$, gap$) => {
      expectTypeOf(gap$).toEqualTypeOf<Observable<never>>();
      return n$;
    }),
  );
  expectTypeOf(unfailing$).toEqualTypeOf<Observable<Either<never, number>>>();
});

test('refuses what its values cannot do', () => {
  // @ts-expect-error a reading is no string
  messages$.pipe(onRights(m$ => m$.pipe(map((m: string) => m))));
});

test('mergeW unites errors and values', () => {
  expectTypeOf(mergeW(messages$, of(right('x'), left(2 as const)))).toEqualTypeOf<Observable<Either<Failed | 2, Reading | string>>>();
});

test('onLeft sees only what passes', () => {
  void runToEnd(messages$, {
    onLeft: e => {
      expectTypeOf(e).toEqualTypeOf<Interrupted | DecodeFailed>();
    },
  });
});
