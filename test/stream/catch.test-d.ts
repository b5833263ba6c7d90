import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { EMPTY, merge, of, type Observable } from 'rxjs';
import { describe, expectTypeOf, test } from 'vitest';
import type { DecodeFailed, Interrupted, Overflowed, TokenRefused, Unauthorized } from '../../src/errors/errors.js';
import {
  absorbKinds,
  absorbTags,
  catchTag,
  catchTags,
  matchKinds,
  matchTags,
  orElseW,
  runToEnd,
  type ObservableEither,
} from '../../src/stream/index.js';

type Failed = Unauthorized<'terminal'> | Interrupted | DecodeFailed;
declare const stream$: ObservableEither<Failed, number>;
declare const overflowing$: ObservableEither<Overflowed | TokenRefused, number>;
declare const mixed$: ObservableEither<Interrupted | 'bare', number>;

describe('catchTag', () => {
  test('takes the tag out of the union and gives the handler its error', () => {
    const rest$ = stream$.pipe(
      catchTag('Unauthorized', e => {
        expectTypeOf(e).toEqualTypeOf<Unauthorized<'terminal'>>();
        return of(right(e.topicName));
      }),
    );
    expectTypeOf(rest$).toEqualTypeOf<Observable<Either<Interrupted | DecodeFailed, number | string>>>();
  });

  test('adds the errors of the handler', () => {
    expectTypeOf(stream$.pipe(catchTag('Unauthorized', () => of(left('no' as const))))).toEqualTypeOf<
      Observable<Either<Interrupted | DecodeFailed | 'no', number>>
    >();
  });

  test('goes in turn until nothing is left', () => {
    const none$ = stream$.pipe(
      catchTag('Unauthorized', () => EMPTY),
      catchTag('Interrupted', () => EMPTY),
      catchTag('DecodeFailed', e => of(right(e.problems.length))),
    );
    expectTypeOf(none$).toEqualTypeOf<Observable<Either<never, number>>>();
  });

  test('works in the pipe of fp-ts, and on what plain merge makes', () => {
    expectTypeOf(
      pipe(
        stream$,
        catchTag('Interrupted', e => of(right(e.topicName))),
      ),
    ).toEqualTypeOf<Observable<Either<Unauthorized<'terminal'> | DecodeFailed, number | string>>>();
    expectTypeOf(merge(stream$, overflowing$).pipe(catchTag('Overflowed', () => EMPTY))).toEqualTypeOf<
      Observable<Either<Failed | TokenRefused, number>>
    >();
  });

  test('refuses a tag that cannot come, and one that is caught already', () => {
    // @ts-expect-error the tag is misspelt
    stream$.pipe(catchTag('Unauthorised', () => EMPTY));
    stream$.pipe(
      catchTag('Unauthorized', () => EMPTY),
      // @ts-expect-error caught already
      catchTag('Unauthorized', () => EMPTY),
    );
  });

  test('refuses a handler that gives no stream of Eithers', () => {
    // @ts-expect-error a plain value
    stream$.pipe(catchTag('Unauthorized', () => 1));
    // @ts-expect-error a plain Observable
    stream$.pipe(catchTag('Unauthorized', () => of(1)));
  });
});

describe('catchTags', () => {
  test('takes out those that have a handler', () => {
    const rest$ = stream$.pipe(
      catchTags({
        Unauthorized: e => {
          expectTypeOf(e).toEqualTypeOf<Unauthorized<'terminal'>>();
          return of(left('no' as const));
        },
        DecodeFailed: e => of(right(e.problems)),
      }),
    );
    expectTypeOf(rest$).toEqualTypeOf<Observable<Either<Interrupted | 'no', number | readonly string[]>>>();
  });

  test('refuses a tag that cannot come', () => {
    // @ts-expect-error TokenRefused is not in the union
    stream$.pipe(catchTags({ TokenRefused: () => EMPTY }));
  });

  test('leaves errors without a tag alone', () => {
    expectTypeOf(mixed$.pipe(catchTags({ Interrupted: () => EMPTY }))).toEqualTypeOf<Observable<Either<'bare', number>>>();
  });
});

describe('exhaustive handlers', () => {
  test('absorbTags leaves nothing', () => {
    const none$ = stream$.pipe(
      absorbTags({ Unauthorized: () => EMPTY, DecodeFailed: e => of(right(e.problems)), Interrupted: () => of(right('gap' as const)) }),
    );
    expectTypeOf(none$).toEqualTypeOf<Observable<Either<never, number | readonly string[] | 'gap'>>>();
  });

  test('absorbTags refuses to be without a handler', () => {
    // @ts-expect-error Interrupted is not dealt with
    stream$.pipe(absorbTags({ Unauthorized: () => EMPTY, DecodeFailed: () => EMPTY }));
    // @ts-expect-error TokenRefused cannot come
    stream$.pipe(absorbTags({ Unauthorized: () => EMPTY, DecodeFailed: () => EMPTY, Interrupted: () => EMPTY, TokenRefused: () => EMPTY }));
  });

  test('absorbKinds gives each handler the errors that can be of its kind', () => {
    const ends$ = stream$.pipe(
      absorbKinds({
        message: e => {
          expectTypeOf(e).toEqualTypeOf<DecodeFailed>();
          return EMPTY;
        },
        gap: e => {
          expectTypeOf(e).toEqualTypeOf<Interrupted>();
          return of(right('gap' as const));
        },
        terminal: e => of(left(e)),
      }),
    );
    expectTypeOf(ends$).toEqualTypeOf<Observable<Either<Unauthorized<'terminal'>, number | 'gap'>>>();
  });

  test('an error of either kind goes to both handlers, and one without kind is a message', () => {
    overflowing$.pipe(
      absorbKinds({
        gap: e => {
          expectTypeOf(e).toEqualTypeOf<Overflowed>();
          return EMPTY;
        },
        terminal: e => {
          expectTypeOf(e).toEqualTypeOf<Overflowed | TokenRefused>();
          return EMPTY;
        },
      }),
    );
    expectTypeOf(mixed$.pipe(absorbKinds({ gap: () => EMPTY, message: () => EMPTY }))).toEqualTypeOf<Observable<Either<never, number>>>();
  });

  test('absorbKinds refuses to be without a handler', () => {
    // @ts-expect-error terminal is not dealt with
    stream$.pipe(absorbKinds({ message: () => EMPTY, gap: () => EMPTY }));
    // @ts-expect-error there is no message among them
    overflowing$.pipe(absorbKinds({ message: () => EMPTY, gap: () => EMPTY, terminal: () => EMPTY }));
  });

  test('matchTags and matchKinds are exhaustive functions of an error', () => {
    const error = null as unknown as Failed;
    expectTypeOf(
      pipe(error, matchTags({ Unauthorized: e => e.topicName, Interrupted: () => 1, DecodeFailed: e => e.problems })),
    ).toEqualTypeOf<string | number | readonly string[]>();
    // @ts-expect-error DecodeFailed is not dealt with
    pipe(error, matchTags({ Unauthorized: () => 0, Interrupted: () => 1 }));
    expectTypeOf(pipe(error, matchKinds({ message: e => e.problems, gap: e => e.topicName, terminal: e => e.operation }))).toEqualTypeOf<
      readonly string[] | string
    >();
    // @ts-expect-error gap is not dealt with
    pipe(error, matchKinds({ message: () => 0, terminal: () => 1 }));
  });

  test('matchTags fits onLeft', () => {
    void runToEnd(stream$, { onLeft: matchTags({ Interrupted: e => e.topicName, DecodeFailed: e => e.problems }) });
    // @ts-expect-error DecodeFailed is not dealt with
    void runToEnd(stream$, { onLeft: matchTags({ Interrupted: e => e.topicName }) });
  });
});

test('orElseW replaces all errors', () => {
  expectTypeOf(
    pipe(
      stream$,
      orElseW(e => of(left(e._tag.length))),
    ),
  ).toEqualTypeOf<ObservableEither<number, number>>();
});
