/**
 * Streams whose failures are values. What only RxJS knows (`onRights`, `catchTag`, `mergeW`, `runToEnd`) goes into `.pipe(…)`; what fp-ts
 * knows has its fp-ts name and works in both kinds of `pipe`, in `Do` notation and in `sequenceT`.
 */
export type {
  ErrorOf,
  KindOf,
  LeftOf,
  ObservableEither,
  OfKind,
  PassingError,
  RightOf,
  Tagged,
  TagOf,
  ValueOf,
} from './observable-either.js';

export { fromEither, fromIO, fromObservable, fromOption, fromTask, fromTaskEither, left, mergeW, right, tryCatch } from './constructors.js';

export { bimap, lefts, map, mapLeft, partition, type Partitioned, rights } from './sides.js';
export {
  ap,
  apW,
  chain,
  chainEitherK,
  chainEitherKW,
  chainExhaust,
  chainExhaustW,
  chainFirst,
  chainFirstW,
  chainMerge,
  chainMergeW,
  chainSwitch,
  chainSwitchW,
  chainTaskEitherK,
  chainTaskEitherKW,
  chainW,
  filterOrElse,
  type FilterOrElse,
  filterOrElseW,
  type FilterOrElseW,
} from './chain.js';
export { apS, apSW, bind, bindTo, bindW, Do, let, type With } from './fp-ts.js';
export {
  Applicative,
  Apply,
  Bifunctor,
  Chain,
  FromEither,
  FromIO,
  FromTask,
  Functor,
  Monad,
  MonadIO,
  MonadTask,
  MonadThrow,
  Pointed,
  URI,
} from './fp-ts.js';

export { onRights, type OnRights } from './on-rights.js';
export { endAtTerminal, orThrow, runToEnd, type RunToEndOptions, toTaskEither } from './run-to-end.js';

export {
  absorbKinds,
  absorbTags,
  type AnyStream,
  catchTag,
  catchTags,
  type Caught,
  matchKinds,
  matchTags,
  type Only,
  orElse,
  orElseW,
  type PerKind,
  type PerTag,
  type Returned,
  tapLeft,
} from './catch-tags.js';
