import type { Either } from 'fp-ts/lib/Either.js';
import { concatMap, map as mapElements, of } from 'rxjs';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { atOnce } from '../shared/at-once.js';
import { fromTaskEither } from './constructors.js';
import { endAtTerminal } from './end-at-terminal.js';
import { map } from './map.js';
import type { ObservableEither } from './observable-either.js';

/**
 * A stream for each result, one after the other: the lawful monad.
 *
 * - *Order* is kept, for errors too: a `Left` of the source waits for the streams of the results before it.
 * - *A terminal `Left`*, of the source or of one of the streams, is the last element: what has not begun by then never does, and the source
 *   is unsubscribed.
 * - *Laws* hold for the sequence of elements, not for the instants at which they come.
 *
 * While one of the streams runs, all that the source emits waits in an array of RxJS without any bound, and at a backlog of 300 000 it
 * costs 46 µs a message. Between a subscription and something slow use `concurrently(1, f)`, whose buffer is bounded and counted.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 * import { from } from 'rxjs';
 *
 * pipe(
 *   OE.fromObservable(from([1, 2])),
 *   OE.chainW(n => OE.fromObservable(from([n, n * 10]))),
 * ).subscribe(element => console.log(element)); // Right: 1, 10, 2, 20
 * ```
 */
export function chainW<A, E2, B>(f: (value: A) => ObservableEither<E2, B>) {
  return <E1>(source: ObservableEither<E1, A>): ObservableEither<E1 | E2, B> =>
    source.pipe(
      concatMap((element): ObservableEither<E1 | E2, B> => (element._tag === 'Left' ? of(element) : f(element.right))),
      endAtTerminal(),
    );
}

/** `chainW` where both sides have the same errors. */
export const chain: <A, E, B>(f: (value: A) => ObservableEither<E, B>) => (source: ObservableEither<E, A>) => ObservableEither<E, B> =
  chainW;

/**
 * `chainW` that keeps the result itself: each element of the stream made for it stands for it, and each of that stream's errors passes.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const log = (line: string) => OE.fromIO(() => console.log(line));
 * pipe(OE.right(21.5), OE.chainFirstW(celsius => log(`took ${celsius}`))).subscribe(element => console.log(element)); // Right(21.5)
 * ```
 */
export function chainFirstW<A, E2, B>(
  f: (value: A) => ObservableEither<E2, B>,
): <E1>(source: ObservableEither<E1, A>) => ObservableEither<E1 | E2, A> {
  return chainW(value => map<B, A>(() => value)(f(value)));
}

/** `chainFirstW` where both sides have the same errors. */
export const chainFirst: <A, E, B>(f: (value: A) => ObservableEither<E, B>) => (source: ObservableEither<E, A>) => ObservableEither<E, A> =
  chainFirstW;

/**
 * A step that can fail for each result. It is synchronous, so nothing waits.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { E, pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.right('21.5'), OE.chainEitherKW(text => (text === '' ? E.left('empty') : E.right(Number(text)))))
 *   .subscribe(element => console.log(element)); // Right(21.5)
 * ```
 */
export function chainEitherKW<A, E2, B>(f: (value: A) => Either<E2, B>) {
  return <E1>(source: ObservableEither<E1, A>): ObservableEither<E1 | E2, B> =>
    source.pipe(
      mapElements((element): Either<E1 | E2, B> => (element._tag === 'Left' ? element : atOnce(f(element.right), 'chainEitherK'))),
      endAtTerminal(),
    );
}

/** `chainEitherKW` where both sides have the same errors. */
export const chainEitherK: <A, E, B>(f: (value: A) => Either<E, B>) => (source: ObservableEither<E, A>) => ObservableEither<E, B> =
  chainEitherKW;

/**
 * A task for each result, one after the other. What waits, waits in the unbounded array that `chainW` tells of.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe, TE } from 'greengrass-rx/fp';
 *
 * pipe(OE.right(21), OE.chainTaskEitherKW(n => TE.right(n * 2))).subscribe(element => console.log(element)); // Right(42)
 * ```
 */
export function chainTaskEitherKW<A, E2, B>(
  f: (value: A) => TaskEither<E2, B>,
): <E1>(source: ObservableEither<E1, A>) => ObservableEither<E1 | E2, B> {
  return chainW(value => fromTaskEither(f(value)));
}

/** `chainTaskEitherKW` where both sides have the same errors. */
export const chainTaskEitherK: <A, E, B>(f: (value: A) => TaskEither<E, B>) => (source: ObservableEither<E, A>) => ObservableEither<E, B> =
  chainTaskEitherKW;
