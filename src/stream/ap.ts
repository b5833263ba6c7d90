import { chainW } from './chain.js';
import { map } from './map.js';
import type { ObservableEither } from './observable-either.js';

/**
 * Applies each function of one stream to each result of another, which is subscribed anew for each function, in order: `chain` of
 * the functions. Errors of either pass in their place.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.right((celsius: number) => `${celsius} °C`), OE.apW(OE.right(21.5))).subscribe(element => console.log(element)); // Right('21.5 °C')
 * ```
 */
export function apW<E2, A>(values: ObservableEither<E2, A>) {
  return <E1, B>(functions: ObservableEither<E1, (value: A) => B>): ObservableEither<E1 | E2, B> =>
    chainW((f: (value: A) => B) => map(f)(values))(functions);
}

/** `apW` where both sides have the same errors. */
export const ap: <E, A>(values: ObservableEither<E, A>) => <B>(functions: ObservableEither<E, (value: A) => B>) => ObservableEither<E, B> =
  apW;
