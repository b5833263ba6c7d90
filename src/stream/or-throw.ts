import type { Either } from 'fp-ts/lib/Either.js';
import { map, type Observable } from 'rxjs';
import type { RightOf } from './element.js';
import { markHandled } from './unhandled.js';

/**
 * The results as a plain Observable that raises the first error, of whatever kind, and unsubscribes from the source. For tests, scripts and
 * code that expects failures the RxJS way. Errors that should not end it are caught before.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * of(E.right(1), E.left(new Error('garbled')), E.right(2))
 *   .pipe(OE.orThrow())
 *   .subscribe({ next: value => console.log(value), error: (error: Error) => console.log(error.message) }); // 1, garbled
 * ```
 */
export function orThrow() {
  return <T extends Either<unknown, unknown>>(source: Observable<T>): Observable<RightOf<T>> =>
    source.pipe(
      map(element => {
        if (element._tag === 'Left') {
          markHandled(element.left);
          throw element.left;
        }
        return element.right as RightOf<T>;
      }),
    );
}
