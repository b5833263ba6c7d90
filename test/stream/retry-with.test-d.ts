import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { EMPTY, map, type Observable, of } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import type { SubscribeError, Unauthorized } from '../../src/errors/errors.js';
import { capped, exponential, fixed, fullJitter, limited, resetAfter, type Schedule } from '../../src/schedule/index.js';
import { retryErrorsWith, retryWith, type Retry } from '../../src/stream/retry.js';
import type { ObservableEither } from '../../src/stream/observable-either.js';

declare const messages$: ObservableEither<SubscribeError, Uint8Array>;

test('schedules compose in a pipe', () => {
  expectTypeOf(pipe(exponential(100), capped(30_000), fullJitter, limited(10), resetAfter(60_000))).toEqualTypeOf<Schedule>();
});

test('retryWith leaves the stream its type, and gives its errors to the options', () => {
  expectTypeOf(messages$.pipe(retryWith(fixed(1)))).toEqualTypeOf<ObservableEither<SubscribeError, Uint8Array>>();
  expectTypeOf(pipe(messages$, retryWith(fixed(1)))).toEqualTypeOf<ObservableEither<SubscribeError, Uint8Array>>();
  const retried = messages$.pipe(
    retryWith(fixed(1), {
      while: error => {
        expectTypeOf(error).toEqualTypeOf<SubscribeError>();
        return error.retryable && !(error._tag === 'ServiceFault' && error.reason === 'Unclassified');
      },
      onRetry: retry => {
        expectTypeOf(retry).toEqualTypeOf<Retry<SubscribeError>>();
      },
    }),
    map(message => message),
  );
  expectTypeOf(retried).toEqualTypeOf<Observable<Either<SubscribeError, Uint8Array>>>();
});

test('a predicate of fewer errors than the stream carries does not compile', () => {
  const isUnauthorized = (error: Unauthorized<'terminal'>): boolean => error.serverText === '';
  // @ts-expect-error the stream carries more than Unauthorized
  messages$.pipe(retryWith(fixed(1), { while: isUnauthorized }));
});

test('a stream without Eithers does not compile with retryWith', () => {
  // @ts-expect-error numbers are no Eithers
  of(1).pipe(retryWith(fixed(1)));
});

test('retryErrorsWith leaves the stream its type, and knows nothing of its errors', () => {
  expectTypeOf(of(1).pipe(retryErrorsWith(fixed(1)))).toEqualTypeOf<Observable<number>>();
  const options = {
    while: (error: unknown) => error instanceof TypeError,
  };
  expectTypeOf(EMPTY.pipe(retryErrorsWith<never>(fixed(1), options))).toEqualTypeOf<Observable<never>>();
  of(1).pipe(
    retryErrorsWith(fixed(1), {
      while: error => {
        expectTypeOf(error).toBeUnknown();
        return true;
      },
    }),
  );
});

test('a schedule is no number and the options have no other names', () => {
  // @ts-expect-error a number of milliseconds is not a schedule
  messages$.pipe(retryWith(1_000));
  // @ts-expect-error a limit belongs into the schedule
  messages$.pipe(retryWith(fixed(1), { count: 3 }));
  // @ts-expect-error fixed makes a schedule and takes none
  pipe(exponential(1), fixed(1));
});

test('Eithers that differ in their parts are taken as they are', () => {
  const mixed$ = of(right('a'), left({ _tag: 'Down', kind: 'terminal' } as const));
  const retried$ = mixed$.pipe(
    retryWith(fixed(1), {
      while: error => {
        expectTypeOf(error).toEqualTypeOf<{ readonly _tag: 'Down'; readonly kind: 'terminal' }>();
        return true;
      },
    }),
  );
  expectTypeOf(retried$).toEqualTypeOf(mixed$);
});
