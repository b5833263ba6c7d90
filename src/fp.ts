/**
 * The parts of fp-ts and io-ts that programs with this library need, in one import that works in native ESM:
 * `fp-ts/Either` type-checks there and fails at run time. They are the same objects as in `fp-ts/lib/...` and `io-ts`,
 * so values made with either fit.
 *
 * @packageDocumentation
 *
 * @example
 * ```ts
 * import { E, pipe, t } from 'greengrass-rx/fp';
 *
 * const Reading = t.type({ celsius: t.number });
 * const text = pipe(
 *   Reading.decode({ celsius: 21.5 }),
 *   E.match(
 *     errors => `${errors.length} problems`,
 *     reading => `${reading.celsius} °C`,
 *   ),
 * );
 * console.log(text); // 21.5 °C
 * ```
 */

/** `pipe(value, f, g)` is `g(f(value))`; `flow(f, g)` is the function that does so. */
export { flow, pipe } from 'fp-ts/lib/function.js';
/** Either: `E.isRight`, `E.match`, `E.map` and the rest, for the elements of an `ObservableEither`. */
export * as E from 'fp-ts/lib/Either.js';
/** TaskEither: what `publish`, `ready` and `drain` return. Call the task to run it. */
export * as TE from 'fp-ts/lib/TaskEither.js';
/** Option. */
export * as O from 'fp-ts/lib/Option.js';
/** io-ts: describes a payload once, for the compiler and for the check at run time. */
export * as t from 'io-ts';
