import type { Either } from 'fp-ts/lib/Either.js';
import { filter, map, type Observable, type OperatorFunction } from 'rxjs';
import { divert } from './divert.js';
import { kindOf, type LeftOf, type OfKind, type RightOf, united } from './observable-either.js';

/** The signatures of `onRights`. */
export interface OnRights {
  /** Inside a `pipe`: the values' type comes from the source. */
  <T extends Either<unknown, unknown>, R>(
    project: (rights$: Observable<RightOf<T>>, gap$: Observable<OfKind<LeftOf<T>, 'gap'>>) => Observable<R>,
  ): OperatorFunction<T, Either<LeftOf<T> | LeftOf<R>, RightOf<R>>>;
  /** As a stage of its own, whose values have the type that `project` names: `const stage = onRights((m$: Observable<Reading>) => …)`. */
  <A, R>(
    project: (rights$: Observable<A>, gap$: Observable<unknown>) => Observable<R>,
  ): <T extends Either<unknown, A>>(source: Observable<T>) => Observable<Either<LeftOf<T> | LeftOf<R>, RightOf<R>>>;
}

function routeRights<E, A>(element: Either<E, A>, pick: (value: A) => void, pass: (element: Either<E, never>) => void): void {
  if (element._tag === 'Right') pick(element.right);
  else pass(element);
}

function gapsOf<E>(lefts$: Observable<Either<E, never>>): Observable<OfKind<E, 'gap'>> {
  return lefts$.pipe(
    filter(element => element._tag === 'Left' && kindOf(element.left) === 'gap'),
    map(element => (element as { readonly left: OfKind<E, 'gap'> }).left),
  );
}

/**
 * Plain RxJS on the results of a stream; its errors pass outside.
 *
 * `project` gets the values of the `Right`s as an ordinary Observable and may use any operator on it. What it emits becomes a `Right`. Only
 * an `Either`, such as stages emit, is passed as it is, and its errors join the union; so stages nest without any type annotation.
 *
 * - *Lefts* pass at once, in their place: before what `project` emits for later values.
 * - *A terminal `Left`* of the source stops the source and completes `project`'s input; it comes out as the last element, when `project`'s
 *   output has completed, after everything that was still under way. A side input that never ends, such as an `interval` merged in,
 *   therefore keeps it waiting: end side inputs with `takeUntil(m$.pipe(last(null, null)))`.
 * - *Completes* when source and output have. If the output completes earlier (`take(1)`) or emits a terminal `Left`, the whole completes
 *   and the source is unsubscribed.
 * - *A defect*, an error thrown in `project` or raised by the source, goes to the Observable's error channel. The source's does not go
 *   through `project`, so `retry()` in there means `project`'s own operators.
 * - *Gaps.* The second argument of `project` emits the error of each `Left` of kind `gap` before it passes outside, and so before the next
 *   value: operators that remember earlier values take it for `onGap: 'reset'`. It completes with the source.
 * - *Several subscriptions* to the input inside `project` share the one source (`merge(m$.pipe(…), m$.pipe(…))`); one that comes later sees
 *   later values only.
 *
 * Holds no values itself.
 *
 * @example
 * ```ts
 * import { onRights } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { filter, map, of } from 'rxjs';
 *
 * of(E.right(20), E.left('unreadable'), E.right(30))
 *   .pipe(onRights(celsius$ => celsius$.pipe(filter(celsius => celsius > 25), map(celsius => `${celsius} °C`))))
 *   .subscribe(element => console.log(element)); // Left('unreadable'), Right('30 °C')
 * ```
 *
 * @function
 */
export const onRights: OnRights = <T extends Either<unknown, unknown>, R>(
  project: (rights$: Observable<RightOf<T>>, gap$: Observable<OfKind<LeftOf<T>, 'gap'>>) => Observable<R>,
): OperatorFunction<T, Either<LeftOf<T> | LeftOf<R>, RightOf<R>>> => {
  return source => divert(united(source), routeRights<LeftOf<T>, RightOf<T>>, (rights$, passing$) => project(rights$, gapsOf(passing$)));
};
