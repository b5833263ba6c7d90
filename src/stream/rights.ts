import type { Either } from 'fp-ts/lib/Either.js';
import { filter, map, type Observable } from 'rxjs';
import type { LeftOf, RightOf } from './observable-either.js';

function isRight(element: Either<unknown, unknown>): boolean {
  return element._tag === 'Right';
}

function isLeft(element: Either<unknown, unknown>): boolean {
  return element._tag === 'Left';
}

/**
 * The results only. Every error is dropped, and a terminal one looks like plain completion: a component whose pipeline begins with
 * `rights()` ends with code 0 when it was never allowed to subscribe. Use it where the errors go somewhere else as well; otherwise
 * `onRights` is what you want.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * of(E.right(1), E.left('garbled'), E.right(2)).pipe(OE.rights()).subscribe(value => console.log(value)); // 1, 2
 * ```
 */
export function rights() {
  return <T extends Either<unknown, unknown>>(source: Observable<T>): Observable<RightOf<T>> =>
    source.pipe(
      filter(isRight),
      map(element => (element as { readonly right: RightOf<T> }).right),
    );
}

/**
 * The errors only, the terminal one included.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * of(E.right(1), E.left('garbled'), E.right(2)).pipe(OE.lefts()).subscribe(error => console.log(error)); // garbled
 * ```
 */
export function lefts() {
  return <T extends Either<unknown, unknown>>(source: Observable<T>): Observable<LeftOf<T>> =>
    source.pipe(
      filter(isLeft),
      map(element => (element as { readonly left: LeftOf<T> }).left),
    );
}

/** The two sides of a stream. */
export interface Partitioned<E, A> {
  readonly left: Observable<E>;
  readonly right: Observable<A>;
}

/**
 * A stream's errors and its results as two plain Observables. Each subscribes to the source by itself, so put `share()` before it where
 * subscribing costs something, as with a proxy's subscription.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * const { left, right } = OE.partition(of(E.right(1), E.left('garbled'), E.right(2)));
 * left.subscribe(error => console.log(error)); // garbled
 * right.subscribe(value => console.log(value)); // 1, 2
 * ```
 */
export function partition<T extends Either<unknown, unknown>>(source: Observable<T>): Partitioned<LeftOf<T>, RightOf<T>> {
  return {
    left: source.pipe(lefts()),
    right: source.pipe(rights()),
  };
}
