import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable } from 'rxjs';

/**
 * A stream whose failures are values: each element is a `Right` with a result or a `Left` with a typed error. The
 * Observable's own error channel is left to defects, so a `Left` in the middle does not end the stream; one of kind
 * `terminal` is the last element, and completion follows it.
 */
export type ObservableEither<E, A> = Observable<Either<E, A>>;
