import { left, type Either } from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { firstValueFrom, tap, type Observable } from 'rxjs';
import { united, type LeftOf, type RightOf } from './element.js';
import { markHandled } from './unhandled.js';

/**
 * A task of a stream's first element, whichever it is. Each run subscribes, takes it, and unsubscribes.
 *
 * For all results of a stream that ends, gather them first: `onRights(values$ => values$.pipe(toArray()))`. A defect rejects the promise.
 * The task is pending for as long as the stream neither emits nor completes; RxJS' `timeout` before it bounds that.
 *
 * @param onEmpty Names the error of a stream that completes without an element.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const first = pipe(OE.right(21.5), OE.toTaskEither(() => 'no reading'));
 * console.log(await first()); // Right(21.5)
 * ```
 */
export function toTaskEither<E2>(onEmpty: () => E2) {
  return <T extends Either<unknown, unknown>>(source: Observable<T>): TaskEither<LeftOf<T> | E2, RightOf<T>> =>
    async () => {
      const handled$ = united(source).pipe(
        tap(element => {
          if (element._tag === 'Left') markHandled(element.left);
        }),
      );
      const first = await firstValueFrom<Either<LeftOf<T>, RightOf<T>>, undefined>(handled$, { defaultValue: undefined });
      return first ?? left(onEmpty());
    };
}
