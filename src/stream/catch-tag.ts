import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable, OperatorFunction } from 'rxjs';
import { divertLefts } from './divert-lefts.js';
import { united, type LeftOf, type RightOf } from './element.js';
import { tagOf, type Tagged, type TagOf } from './tag.js';

/**
 * Deals with the errors of one tag, which leaves the union: behind it the compiler knows that it cannot come any more.
 *
 * The handler gives a stream that stands in the error's place: `EMPTY` to drop it, a fallback, another error. It is subscribed
 * when the error comes and merged in, so that a synchronous one stands exactly in its place; results and other errors pass at once. For a
 * terminal error the handler's stream takes over from the source, which has completed.
 *
 * Completes when the source and all handlers' streams have. A terminal error of one of them ends the whole. What the handler throws is a
 * defect. Holds no values; any number of handlers' streams may be running.
 *
 * @param tag One of those the source can carry; any other is a compile error.
 *
 * @example
 * ```ts
 * import { catchTag, OE } from 'greengrass-rx';
 *
 * const reading$ = OE.left<{ _tag: 'Stale'; celsius: number } | { _tag: 'Broken' }, number>({ _tag: 'Stale', celsius: 20 });
 * reading$
 *   .pipe(catchTag('Stale', stale => OE.right(stale.celsius))) // an ObservableEither<{ _tag: 'Broken' }, number>
 *   .subscribe(element => console.log(element)); // Right(20)
 * ```
 */
export function catchTag<T extends Either<unknown, unknown>, Tag extends TagOf<LeftOf<T>>, R extends Either<unknown, unknown>>(
  tag: Tag,
  handler: (error: Tagged<LeftOf<T>, Tag>) => Observable<R>,
): OperatorFunction<T, Either<Exclude<LeftOf<T>, Tagged<LeftOf<T>, Tag>> | LeftOf<R>, RightOf<T> | RightOf<R>>> {
  return source => divertLefts(united(source), (error): error is Tagged<LeftOf<T>, Tag> => tagOf(error) === tag, handler);
}
