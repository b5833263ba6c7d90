import * as E from 'fp-ts/lib/Either.js';
import type { Either } from 'fp-ts/lib/Either.js';
import type { Predicate } from 'fp-ts/lib/Predicate.js';
import type { Refinement } from 'fp-ts/lib/Refinement.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { concatMap, exhaustMap, map as mapElements, mergeMap, of, switchMap } from 'rxjs';
import { atOnce } from '../shared/check-argument.js';
import { fromTaskEither } from './constructors.js';
import { map } from './sides.js';
import type { ObservableEither } from './observable-either.js';
import { onRights } from './on-rights.js';
import { endAtTerminal } from './run-to-end.js';

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
 * `chainW` that keeps the result itself: for each value of the stream that `f` returns, the result is emitted; that stream's errors pass.
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
 * A task for each result, one after the other. Results that wait are in the unbounded array that `chainW` describes.
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

/**
 * Applies each function of one stream to each result of another, in order. The other stream is subscribed anew for each function. Errors of
 * either pass in their place.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const written = OE.right((celsius: number) => `${celsius} °C`);
 * pipe(written, OE.apW(OE.right(21.5))).subscribe(element => console.log(element)); // Right('21.5 °C')
 * ```
 */
export function apW<E2, A>(values: ObservableEither<E2, A>) {
  return <E1, B>(functions: ObservableEither<E1, (value: A) => B>): ObservableEither<E1 | E2, B> =>
    chainW((f: (value: A) => B) => map(f)(values))(functions);
}

/** `apW` where both sides have the same errors. */
export const ap: <E, A>(values: ObservableEither<E, A>) => <B>(functions: ObservableEither<E, (value: A) => B>) => ObservableEither<E, B> =
  apW;

/**
 * A stream for each result, all at the same time. Errors of the source pass at once; a terminal one comes last, when the streams under way
 * have completed. A terminal error of one of the streams ends the whole, the other streams included.
 *
 * Any number of streams may run at the same time; `concurrently(8, f)` bounds both those that run and those that wait. Not a lawful monad:
 * the order depends on time.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 * import { delay, from } from 'rxjs';
 *
 * pipe(
 *   OE.fromObservable(from([20, 10])),
 *   OE.chainMergeW(ms => OE.right(ms).pipe(delay(ms))),
 * ).subscribe(element => console.log(element)); // Right(10), Right(20)
 * ```
 */
export function chainMergeW<A, E2, B>(f: (value: A) => ObservableEither<E2, B>) {
  return <E1>(source: ObservableEither<E1, A>): ObservableEither<E1 | E2, B> => source.pipe(onRights(values$ => values$.pipe(mergeMap(f))));
}

/** `chainMergeW` where both sides have the same errors. */
export const chainMerge: <A, E, B>(f: (value: A) => ObservableEither<E, B>) => (source: ObservableEither<E, A>) => ObservableEither<E, B> =
  chainMergeW;

/**
 * A stream for the latest result: the next result ends the one before. An error of the source passes at once and ends nothing; a terminal
 * one comes last, when the stream under way has completed. Holds one stream. Not a lawful monad.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 * import { delay, from } from 'rxjs';
 *
 * pipe(
 *   OE.fromObservable(from(['old', 'new'])),
 *   OE.chainSwitchW(config => OE.right(config).pipe(delay(10))),
 * ).subscribe(element => console.log(element)); // Right('new')
 * ```
 */
export function chainSwitchW<A, E2, B>(f: (value: A) => ObservableEither<E2, B>) {
  return <E1>(source: ObservableEither<E1, A>): ObservableEither<E1 | E2, B> =>
    source.pipe(onRights(values$ => values$.pipe(switchMap(f))));
}

/** `chainSwitchW` where both sides have the same errors. */
export const chainSwitch: <A, E, B>(f: (value: A) => ObservableEither<E, B>) => (source: ObservableEither<E, A>) => ObservableEither<E, B> =
  chainSwitchW;

/**
 * A stream for a result, and none for the results that come while it runs: those are dropped, and not counted. Errors of the source are
 * never dropped: they pass at once; a terminal one comes last, when the stream under way has completed. Holds one stream. Not a lawful
 * monad.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 * import { delay, from } from 'rxjs';
 *
 * pipe(
 *   OE.fromObservable(from(['first', 'while it runs'])),
 *   OE.chainExhaustW(command => OE.right(command).pipe(delay(10))),
 * ).subscribe(element => console.log(element)); // Right('first')
 * ```
 */
export function chainExhaustW<A, E2, B>(f: (value: A) => ObservableEither<E2, B>) {
  return <E1>(source: ObservableEither<E1, A>): ObservableEither<E1 | E2, B> =>
    source.pipe(onRights(values$ => values$.pipe(exhaustMap(f))));
}

/** `chainExhaustW` where both sides have the same errors. */
export const chainExhaust: <A, E, B>(
  f: (value: A) => ObservableEither<E, B>,
) => (source: ObservableEither<E, A>) => ObservableEither<E, B> = chainExhaustW;

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
 * Puts an error in place of each result for which the predicate does not hold: a filter that hides nothing. A terminal error ends the
 * stream there.
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

/**
 * `filterOrElseW` where both sides have the same errors.
 *
 * @function
 */
export const filterOrElse: FilterOrElse = filterOrElseW;
