import * as E from 'fp-ts/lib/Either.js';
import type { Either } from 'fp-ts/lib/Either.js';
import { filter, map as mapElements, type Observable } from 'rxjs';
import type { LeftOf, ObservableEither, RightOf } from './observable-either.js';

/**
 * Changes each result.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.right(21.5), OE.map(celsius => celsius * 1.8 + 32)).subscribe(element => console.log(element)); // Right(70.7)
 * ```
 */
export function map<A, B>(f: (value: A) => B): <E>(source: ObservableEither<E, A>) => ObservableEither<E, B> {
  const mapElement = E.map(f);
  return source => source.pipe(mapElements(element => mapElement(element)));
}

/**
 * Changes each error.
 *
 * An error that becomes terminal this way does not end the stream; `endAtTerminal` after it does.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.left('offline'), OE.mapLeft(reason => new Error(reason))).subscribe(element => console.log(element._tag)); // Left
 * ```
 */
export function mapLeft<E1, E2>(f: (error: E1) => E2): <A>(source: ObservableEither<E1, A>) => ObservableEither<E2, A> {
  const mapElement = E.mapLeft(f);
  return source => source.pipe(mapElements(element => mapElement(element)));
}

/**
 * Changes errors and results: `mapLeft` and `map` in one.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.right<number, string>(21.5), OE.bimap(reason => new Error(reason), celsius => `${celsius} °C`))
 *   .subscribe(element => console.log(element)); // Right('21.5 °C')
 * ```
 */
export function bimap<E1, E2, A, B>(
  onLeft: (error: E1) => E2,
  onRight: (value: A) => B,
): (source: ObservableEither<E1, A>) => ObservableEither<E2, B> {
  const mapElement = E.bimap(onLeft, onRight);
  return source => source.pipe(mapElements(mapElement));
}

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
      mapElements(element => (element as { readonly right: RightOf<T> }).right),
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
      mapElements(element => (element as { readonly left: LeftOf<T> }).left),
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
