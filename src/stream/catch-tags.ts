import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable, OperatorFunction } from 'rxjs';
import { divertLefts } from './divert-lefts.js';
import { united, type ErrorOf, type LeftOf, type RightOf, type ValueOf } from './element.js';
import { handleBy, hasTagHandler, type AnyStream, type Only, type PerTag, type Returned } from './handlers.js';
import { tagOf, type Tagged, type TagOf } from './tag.js';

/** What is left of `T` when the tags of `H` are dealt with, and what the handlers' streams add. */
export type Caught<T, H> = Either<
  Exclude<LeftOf<T>, Tagged<LeftOf<T>, keyof H & string>> | ErrorOf<Returned<H>>,
  RightOf<T> | ValueOf<Returned<H>>
>;

function catchWith<T extends Either<unknown, unknown>, H extends object>(handlers: H): OperatorFunction<T, Caught<T, H>> {
  return source =>
    divertLefts(
      united(source),
      (error): error is Tagged<LeftOf<T>, keyof H & string> => hasTagHandler(handlers, error),
      // The types of `handlers` bind each tag to its handler; the look-up by a tag known at run time cannot follow them.
      error => handleBy(handlers, tagOf(error), error) as Observable<Either<ErrorOf<Returned<H>>, ValueOf<Returned<H>>>>,
    );
}

/**
 * `catchTag` for several tags at once, each with a handler of its own. The tags that have one leave the union.
 *
 * A handler for a tag that cannot come is a compile error. `absorbTags` asks for a handler for every tag.
 *
 * @example
 * ```ts
 * import { catchTags, OE } from 'greengrass-rx';
 * import { EMPTY } from 'rxjs';
 *
 * const reading$ = OE.left<{ _tag: 'Stale'; celsius: number } | { _tag: 'Garbled' } | { _tag: 'Broken' }, number>({ _tag: 'Stale', celsius: 20 });
 * reading$
 *   .pipe(catchTags({ Stale: stale => OE.right(stale.celsius), Garbled: () => EMPTY })) // 'Broken' can still come
 *   .subscribe(element => console.log(element)); // Right(20)
 * ```
 */
export function catchTags<T extends Either<unknown, unknown>, H extends Partial<PerTag<LeftOf<T>, AnyStream>>>(
  handlers: H & Only<H, TagOf<LeftOf<T>>>,
): OperatorFunction<T, Caught<T, H>> {
  return catchWith<T, H>(handlers);
}

/**
 * `catchTags` that is exhaustive: a tag without a handler is a compile error, also one that a later version adds. Behind it no tagged error
 * can come, but those that the handlers' streams carry.
 *
 * @example
 * ```ts
 * import { absorbTags, OE } from 'greengrass-rx';
 * import { EMPTY } from 'rxjs';
 *
 * const reading$ = OE.left<{ _tag: 'Stale'; celsius: number } | { _tag: 'Garbled' }, number>({ _tag: 'Stale', celsius: 20 });
 * reading$
 *   .pipe(absorbTags({ Stale: stale => OE.right(stale.celsius), Garbled: () => EMPTY })) // an ObservableEither<never, number>
 *   .subscribe(element => console.log(element)); // Right(20)
 * ```
 */
export function absorbTags<T extends Either<unknown, unknown>, H extends PerTag<LeftOf<T>, AnyStream>>(
  handlers: H & Only<H, TagOf<LeftOf<T>>>,
): OperatorFunction<T, Caught<T, H>> {
  return catchWith<T, H>(handlers);
}
