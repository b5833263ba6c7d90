/**
 * Streams whose failures are values. What only RxJS knows (`onRights`, `catchTag`, `mergeW`, `runToEnd`) goes into `.pipe(…)`; what fp-ts
 * knows has its fp-ts name and works in both kinds of `pipe`, in `Do` notation and in `sequenceT`.
 */
export type { ObservableEither } from './observable-either.js';
export type { ErrorOf, LeftOf, RightOf, ValueOf } from './element.js';
export type { KindOf, OfKind, PassingError } from './kind.js';
export type { Tagged, TagOf } from './tag.js';

export { fromEither, fromIO, fromObservable, fromOption, fromTask, fromTaskEither, left, right } from './constructors.js';
export { tryCatch } from './try-catch.js';

export { bimap, map, mapLeft } from './map.js';
export { ap, apW } from './ap.js';
export { chain, chainEitherK, chainEitherKW, chainFirst, chainFirstW, chainTaskEitherK, chainTaskEitherKW, chainW } from './chain.js';
export { chainExhaust, chainExhaustW, chainMerge, chainMergeW, chainSwitch, chainSwitchW } from './chain-forms.js';
export { filterOrElse, filterOrElseW, type FilterOrElse, type FilterOrElseW } from './filter-or-else.js';
export { apS, apSW, bind, bindTo, bindW, Do, let, type With } from './do.js';
export { URI } from './hkt.js';
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
} from './instances.js';

export { onRights, type OnRights } from './on-rights.js';
export { mergeW } from './merge-w.js';
export { endAtTerminal } from './end-at-terminal.js';

export { orElse, orElseW } from './or-else.js';
export { catchTag } from './catch-tag.js';
export { absorbTags, catchTags, type Caught } from './catch-tags.js';
export { absorbKinds } from './absorb-kinds.js';
export { matchKinds, matchTags } from './match-tags.js';
export type { AnyStream, Only, PerKind, PerTag, Returned } from './handlers.js';
export { tapLeft } from './tap-left.js';

export { lefts, partition, rights, type Partitioned } from './rights.js';
export { orThrow } from './or-throw.js';
export { toTaskEither } from './to-task-either.js';
export { runToEnd, type RunToEndOptions } from './run-to-end.js';
