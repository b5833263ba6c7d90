import { chainW } from './chain.js';
import { right } from './constructors.js';
import { map } from './sides.js';
import type { ObservableEither } from './observable-either.js';

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
