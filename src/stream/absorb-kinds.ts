import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable, OperatorFunction } from 'rxjs';
import { divertLefts } from './divert-lefts.js';
import { united, type ErrorOf, type LeftOf, type RightOf, type ValueOf } from './element.js';
import { handleBy, type AnyStream, type Only, type PerKind, type Returned } from './handlers.js';
import { kindOf, type KindOf } from './kind.js';

/**
 * A handler for every kind of error the source can carry: one for single messages, one for gaps, one for the end. Exhaustive: a kind
 * without a handler is a compile error. An error of one's own without `kind` counts as a `message`.
 *
 * Each handler gives a stream that stands in the error's place, as with `catchTag`. For a terminal error it takes over from the source,
 * which has completed.
 *
 * @example
 * ```ts
 * import { absorbKinds, OE } from 'greengrass-rx';
 * import { DecodeFailed, Interrupted, ProxyClosed } from 'greengrass-rx/errors';
 * import { EMPTY } from 'rxjs';
 *
 * const reading$ = OE.left<DecodeFailed | Interrupted | ProxyClosed, number>(new Interrupted('sensors/#'));
 * reading$
 *   .pipe(absorbKinds({ message: () => EMPTY, gap: () => OE.right(Number.NaN), terminal: end => OE.left(end) }))
 *   .subscribe(element => console.log(element)); // Right(NaN)
 * ```
 */
export function absorbKinds<T extends Either<unknown, unknown>, H extends PerKind<LeftOf<T>, AnyStream>>(
  handlers: H & Only<H, KindOf<LeftOf<T>>>,
): OperatorFunction<T, Either<ErrorOf<Returned<H>>, RightOf<T> | ValueOf<Returned<H>>>> {
  return source =>
    divertLefts(
      united(source),
      (_error): _error is LeftOf<T> => true,
      // The types of `handlers` bind each kind to its handler; the look-up by a kind known at run time cannot follow them.
      error => handleBy(handlers, kindOf(error), error) as Observable<Either<ErrorOf<Returned<H>>, ValueOf<Returned<H>>>>,
    );
}
