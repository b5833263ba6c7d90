import { exhaustMap, mergeMap, switchMap } from 'rxjs';
import type { ObservableEither } from './observable-either.js';
import { onRights } from './on-rights.js';

/**
 * A stream for each result, all at the same time. Errors of the source pass at once; a terminal one comes last, when the streams under way
 * have completed. A terminal error of one of the streams ends the whole, the other streams included.
 *
 * Any number of streams runs at the same time; `concurrently(8, f)` bounds both those that run and those that wait. Not a lawful monad: the
 * order depends on time.
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
