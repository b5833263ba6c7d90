import * as E from 'fp-ts/lib/Either.js';
import { map as mapElements } from 'rxjs';
import type { ObservableEither } from './observable-either.js';

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
