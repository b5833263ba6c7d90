import * as E from 'fp-ts/lib/Either.js';
import { catchError, map, of, type Observable } from 'rxjs';
import type { ObservableEither } from './observable-either.js';

/**
 * A plain Observable whose failure becomes a typed one: its values are `Right`s; what it raises is the last element, a `Left`, and
 * completion follows. For what reports failures the RxJS way: `fromFetch`, `ajax`, a promise.
 *
 * A defect that would have come this way becomes an error too, so put it close to what may fail.
 *
 * @param onThrow Names the error. What it throws is a defect.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { from } from 'rxjs';
 *
 * from(Promise.reject(new Error('offline')))
 *   .pipe(OE.tryCatch(cause => ({ _tag: 'NoWeather', cause }) as const))
 *   .subscribe(element => console.log(element)); // Left({ _tag: 'NoWeather', … })
 * ```
 */
export function tryCatch<E>(onThrow: (cause: unknown) => E) {
  return <A>(source: Observable<A>): ObservableEither<E, A> =>
    source.pipe(
      map(value => E.right(value)),
      catchError((cause: unknown) => of(E.left(onThrow(cause)))),
    );
}
