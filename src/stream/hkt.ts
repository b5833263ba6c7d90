import type { ObservableEither } from './observable-either.js';

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
