import type { Either } from 'fp-ts/lib/Either.js';
import { mergeMap, type Observable } from 'rxjs';
import { divert } from './divert.js';
import type { LeftOf, RightOf } from './element.js';
import type { ObservableEither } from './observable-either.js';
import { markHandled } from './unhandled.js';

/**
 * Puts a stream in the place of each error that `catches` takes, and passes everything else at once: the core of `orElse`,
 * `catchTag` and their kin. Several such streams can be running at a time; the source goes on meanwhile.
 */
export function divertLefts<E, A, C extends E, R extends Either<unknown, unknown>>(
  source: ObservableEither<E, A>,
  catches: (error: E) => error is C,
  handler: (error: C) => Observable<R>,
): ObservableEither<Exclude<E, C> | LeftOf<R>, A | RightOf<R>> {
  return divert<Either<E, A>, C, Either<Exclude<E, C>, A>, R>(
    source,
    (element, pick, pass) => {
      if (element._tag === 'Left' && catches(element.left)) {
        markHandled(element.left);
        pick(element.left);
      } else pass(element as Either<Exclude<E, C>, A>);
    },
    // In here, since what a handler throws must reach the error channel.
    caught$ => caught$.pipe(mergeMap(handler)),
  );
}
