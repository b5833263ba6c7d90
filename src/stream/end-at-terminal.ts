import type { Either } from 'fp-ts/lib/Either.js';
import { takeWhile, type Observable } from 'rxjs';
import { isTerminal } from './kind.js';

/**
 * Completes with the first terminal `Left` and unsubscribes from the source, whatever would have come after it.
 *
 * The combinators that join or replace streams do this by themselves. It is for streams made by hand, and after
 * `mapLeft` has turned a passing error into a terminal one.
 *
 * @example
 * ```ts
 * import { endAtTerminal } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * of(E.right(1), E.left({ kind: 'terminal' }), E.right(2))
 *   .pipe(endAtTerminal())
 *   .subscribe({ next: element => console.log(element._tag), complete: () => console.log('complete') }); // Right, Left, complete
 * ```
 */
export function endAtTerminal() {
  return <T extends Either<unknown, unknown>>(source: Observable<T>): Observable<T> =>
    source.pipe(takeWhile(element => !isTerminal(element), true));
}
