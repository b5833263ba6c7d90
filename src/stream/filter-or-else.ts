import * as E from 'fp-ts/lib/Either.js';
import type { Predicate } from 'fp-ts/lib/Predicate.js';
import type { Refinement } from 'fp-ts/lib/Refinement.js';
import { atOnce } from '../shared/at-once.js';
import { chainEitherKW } from './chain.js';
import type { ObservableEither } from './observable-either.js';

/** The signatures of `filterOrElseW`. */
export interface FilterOrElseW {
  <A, B extends A, E2>(
    refinement: Refinement<A, B>,
    onFalse: (value: A) => E2,
  ): <E1>(source: ObservableEither<E1, A>) => ObservableEither<E1 | E2, B>;
  <A, E2>(predicate: Predicate<A>, onFalse: (value: A) => E2): <E1>(source: ObservableEither<E1, A>) => ObservableEither<E1 | E2, A>;
}

/** The signatures of `filterOrElse`. */
export interface FilterOrElse {
  <A, B extends A, E>(refinement: Refinement<A, B>, onFalse: (value: A) => E): (source: ObservableEither<E, A>) => ObservableEither<E, B>;
  <A, E>(predicate: Predicate<A>, onFalse: (value: A) => E): (source: ObservableEither<E, A>) => ObservableEither<E, A>;
}

/**
 * Puts an error in the place of each result that does not hold. A filter that hides nothing. A terminal error ends the stream there.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.right(-300), OE.filterOrElseW(celsius => celsius > -273.15, celsius => `${celsius} °C is no temperature`))
 *   .subscribe(element => console.log(element)); // Left('-300 °C is no temperature')
 * ```
 */
export const filterOrElseW: FilterOrElseW = <A, E2>(
  predicate: Predicate<A>,
  onFalse: (value: A) => E2,
): (<E1>(source: ObservableEither<E1, A>) => ObservableEither<E1 | E2, A>) =>
  chainEitherKW(E.fromPredicate(value => atOnce(predicate(value), 'predicate'), onFalse));

/** `filterOrElseW` where both sides have the same errors. */
export const filterOrElse: FilterOrElse = filterOrElseW;
