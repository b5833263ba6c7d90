import type { Applicative2 } from 'fp-ts/lib/Applicative.js';
import type { Apply2 } from 'fp-ts/lib/Apply.js';
import type { Bifunctor2 } from 'fp-ts/lib/Bifunctor.js';
import type { Chain2 } from 'fp-ts/lib/Chain.js';
import type { FromEither2 } from 'fp-ts/lib/FromEither.js';
import type { FromIO2 } from 'fp-ts/lib/FromIO.js';
import type { FromTask2 } from 'fp-ts/lib/FromTask.js';
import type { Functor2 } from 'fp-ts/lib/Functor.js';
import type { Monad2 } from 'fp-ts/lib/Monad.js';
import type { MonadIO2 } from 'fp-ts/lib/MonadIO.js';
import type { MonadTask2 } from 'fp-ts/lib/MonadTask.js';
import type { MonadThrow2 } from 'fp-ts/lib/MonadThrow.js';
import type { Pointed2 } from 'fp-ts/lib/Pointed.js';
import { ap, chain, chainW } from './chain.js';
import { fromEither, fromIO, fromTask, left, right } from './constructors.js';
import type { ObservableEither } from './observable-either.js';
import { bimap, map, mapLeft } from './sides.js';

/** The name fp-ts knows `ObservableEither` by. Not the one of fp-ts-rxjs: both may be in one program. */
export const URI = 'GreengrassRxObservableEither';

/** The type of {@link URI}. */
export type URI = typeof URI;

// fp-ts keeps the declarations of HKT at its root; there is no lib/HKT.d.ts. The compiler finds HKT.d.ts by this name in native ESM,
// in CommonJS and with bundlers, and nothing of it is left at run time.
declare module 'fp-ts/HKT.js' {
  interface URItoKind2<E, A> {
    readonly [URI]: ObservableEither<E, A>;
  }
}

/*
 * The fp-ts instances of the concat form, the lawful one, for `sequenceT`, `traverse` and code that is generic in the monad.
 * The laws hold for sequences of elements in which a terminal `Left`, if there is one, comes last; when each element comes is not part of
 * them.
 */

/** `map`. */
export const Functor: Functor2<URI> = { URI, map: (source, f) => map(f)(source) };

/** `bimap` and `mapLeft`. */
export const Bifunctor: Bifunctor2<URI> = { URI, bimap: (source, f, g) => bimap(f, g)(source), mapLeft: (source, f) => mapLeft(f)(source) };

/** `of`. */
export const Pointed: Pointed2<URI> = { URI, of: right };

/**
 * `ap`, in accord with `chain`: each function with each value, the second stream subscribed anew for each result of the first.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { sequenceT } from 'fp-ts/lib/Apply.js';
 * import { from } from 'rxjs';
 *
 * sequenceT(OE.Apply)(OE.right('celsius'), OE.fromObservable(from([21, 22])))
 *   .subscribe(element => console.log(element)); // Right(['celsius', 21]), Right(['celsius', 22])
 * ```
 */
export const Apply: Apply2<URI> = { ...Functor, ap: (functions, values) => ap(values)(functions) };

/** `ap` and `of`. */
export const Applicative: Applicative2<URI> = { ...Apply, ...Pointed };

/** `chain`. */
export const Chain: Chain2<URI> = { ...Apply, chain: (source, f) => chain(f)(source) };

/** `chain` and `of`. */
export const Monad: Monad2<URI> = { ...Chain, ...Pointed };

/** `throwError`, which is `left`. */
export const MonadThrow: MonadThrow2<URI> = { ...Monad, throwError: left };

/** `fromIO`. */
export const FromIO: FromIO2<URI> = { URI, fromIO };

/** `fromTask`. */
export const FromTask: FromTask2<URI> = { ...FromIO, fromTask };

/** `fromEither`. */
export const FromEither: FromEither2<URI> = { URI, fromEither };

/** `Monad` with `fromIO`. */
export const MonadIO: MonadIO2<URI> = { ...Monad, ...FromIO };

/** `Monad` with `fromIO` and `fromTask`. */
export const MonadTask: MonadTask2<URI> = { ...Monad, ...FromTask };

/** A record with one member more. */
export type With<A, N extends string, B> = { readonly [K in keyof A | N]: K extends keyof A ? A[K] : B };

// With a computed key the compiler infers an index signature; With<> is the real type.
function extend<A, N extends string, B>(record: A, name: N, value: B): With<A, N, B> {
  return { ...record, [name]: value } as With<A, N, B>;
}

/**
 * The start of `Do` notation: names for the results of steps that depend on one another.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { E, pipe } from 'greengrass-rx/fp';
 *
 * pipe(
 *   OE.Do,
 *   OE.apSW('celsius', OE.right(21.5)),
 *   OE.bindW('site', ({ celsius }) => OE.fromEither(celsius > 0 ? E.right('greenhouse') : E.left('frozen'))),
 *   OE.let('label', ({ site, celsius }) => `${site}: ${celsius} °C`),
 * ).subscribe(element => console.log(element)); // Right({ celsius: 21.5, site: 'greenhouse', label: 'greenhouse: 21.5 °C' })
 * ```
 */
export const Do: ObservableEither<never, object> = right({});

/**
 * Gives each result a name: begins `Do` notation from a stream that is there already.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.right(21.5), OE.bindTo('celsius')).subscribe(element => console.log(element)); // Right({ celsius: 21.5 })
 * ```
 */
export function bindTo<N extends string>(name: N) {
  return <E, A>(source: ObservableEither<E, A>): ObservableEither<E, Readonly<Record<N, A>>> =>
    map((value: A) => ({ [name]: value }) as Readonly<Record<N, A>>)(source);
}

/**
 * Adds the result of a step that depends on the ones before: `chainW` that keeps what is there.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.right(21.5), OE.bindTo('celsius'), OE.bindW('kelvin', ({ celsius }) => OE.right(celsius + 273.15)))
 *   .subscribe(element => console.log(element)); // Right({ celsius: 21.5, kelvin: 294.65 })
 * ```
 */
export function bindW<N extends string, A, E2, B>(name: Exclude<N, keyof A>, f: (record: A) => ObservableEither<E2, B>) {
  return <E1>(source: ObservableEither<E1, A>): ObservableEither<E1 | E2, With<A, N, B>> =>
    chainW((record: A) => map((value: B) => extend<A, N, B>(record, name, value))(f(record)))(source);
}

/** `bindW` where both sides have the same errors. */
export const bind: <N extends string, A, E, B>(
  name: Exclude<N, keyof A>,
  f: (record: A) => ObservableEither<E, B>,
) => (source: ObservableEither<E, A>) => ObservableEither<E, With<A, N, B>> = bindW;

/**
 * Adds the results of a stream that does not depend on the steps before. It is subscribed anew for each of their results.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.Do, OE.apSW('celsius', OE.right(21.5)), OE.apSW('site', OE.right('greenhouse')))
 *   .subscribe(element => console.log(element)); // Right({ celsius: 21.5, site: 'greenhouse' })
 * ```
 */
export function apSW<N extends string, A, E2, B>(
  name: Exclude<N, keyof A>,
  values: ObservableEither<E2, B>,
): <E1>(source: ObservableEither<E1, A>) => ObservableEither<E1 | E2, With<A, N, B>> {
  return bindW(name, () => values);
}

/** `apSW` where both sides have the same errors. */
export const apS: <N extends string, A, E, B>(
  name: Exclude<N, keyof A>,
  values: ObservableEither<E, B>,
) => (source: ObservableEither<E, A>) => ObservableEither<E, With<A, N, B>> = apSW;

/**
 * Adds a value computed from the steps before.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.right(21.5), OE.bindTo('celsius'), OE.let('label', ({ celsius }) => `${celsius} °C`))
 *   .subscribe(element => console.log(element)); // Right({ celsius: 21.5, label: '21.5 °C' })
 * ```
 */
function letTo<N extends string, A, B>(name: Exclude<N, keyof A>, f: (record: A) => B) {
  return <E>(source: ObservableEither<E, A>): ObservableEither<E, With<A, N, B>> =>
    map((record: A) => extend<A, N, B>(record, name, f(record)))(source);
}

export { letTo as let };
