import { divertLefts } from './divert-lefts.js';
import type { ObservableEither } from './observable-either.js';

/**
 * A stream in the place of each error, whatever error it is.
 *
 * - Results pass at once; the stream of an error is subscribed when the error comes and merged in, so that a synchronous one stands exactly
 *   in the error's place. The source goes on meanwhile, and any number of such streams may be running.
 * - For a terminal error the stream takes over from the source, which has completed.
 * - Completes when the source and all such streams have. A terminal error of one of them ends the whole.
 *
 * To deal with some errors only use `catchTag`, which takes them out of the union.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.left('no reading'), OE.orElseW(() => OE.right(0))).subscribe(element => console.log(element)); // Right(0)
 * ```
 */
export function orElseW<E1, E2, B>(onLeft: (error: E1) => ObservableEither<E2, B>) {
  return <A>(source: ObservableEither<E1, A>): ObservableEither<E2, A | B> =>
    divertLefts(source, (_error: E1): _error is E1 => true, onLeft);
}

/** `orElseW` that keeps the type of the results. */
export const orElse: <E1, E2, A>(
  onLeft: (error: E1) => ObservableEither<E2, A>,
) => (source: ObservableEither<E1, A>) => ObservableEither<E2, A> = orElseW;
