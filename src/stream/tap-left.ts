import { tap } from 'rxjs';
import { hook } from './hook.js';
import type { ObservableEither } from './observable-either.js';

/**
 * Looks at each error, the terminal one included, and passes it on. For logs and counters. What `f` throws is a defect.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.left('offline'), OE.tapLeft(reason => console.log(reason))).subscribe(element => console.log(element)); // offline, Left('offline')
 * ```
 */
export function tapLeft<E>(f: (error: E) => void) {
  return <A>(source: ObservableEither<E, A>): ObservableEither<E, A> => {
    const look = hook('tapLeft', f);
    return source.pipe(
      tap(element => {
        if (element._tag === 'Left') look(element.left);
      }),
    );
  };
}
