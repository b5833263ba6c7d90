import type { Either } from 'fp-ts/lib/Either.js';
import { type Observable, type OperatorFunction, tap } from 'rxjs';
import { divertLefts } from './on-rights.js';
import { hook } from './hook.js';
import {
  type ErrorOf,
  type KindOf,
  kindOf,
  type LeftOf,
  type ObservableEither,
  type OfKind,
  type RightOf,
  type Tagged,
  tagOf,
  type TagOf,
  united,
  type ValueOf,
} from './observable-either.js';
import { markHandled } from './unhandled.js';

/** A function for every tag of `E`. */
export type PerTag<E, B> = { readonly [Tag in TagOf<E>]: (error: Tagged<E, Tag>) => B };

/** A function for every kind of `E`. */
export type PerKind<E, B> = { readonly [K in KindOf<E>]: (error: OfKind<E, K>) => B };

/** What handlers of streams return. */
export type AnyStream = Observable<Either<unknown, unknown>>;

/** What the functions in `H` return. */
export type Returned<H> = H[keyof H] extends infer F ? (F extends (error: never) => infer B ? B : never) : never;

/** Makes each key of `H` that is not in `Keys` a compile error. */
export type Only<H, Keys extends string> = Readonly<Record<Exclude<keyof H, Keys>, never>>;

/**
 * The handler for a tag or kind, which is known at run time only. Only the object's own members count: a tag can be data, and `constructor`
 * is no handler.
 */
function handlerFor(handlers: object, key: string | undefined): ((error: unknown) => unknown) | undefined {
  if (key === undefined || !Object.hasOwn(handlers, key)) return undefined;
  return (handlers as Readonly<Record<string, (error: unknown) => unknown>>)[key];
}

/** Calls the handler of a key. If there is none, the stream carries an error that its type excludes. */
function handleBy(handlers: object, key: string | undefined, error: unknown): unknown {
  const handler = handlerFor(handlers, key);
  if (handler === undefined)
    throw new TypeError(`There is no handler for an error of ${key ?? 'no tag'}, which by its type cannot come.`, { cause: error });
  markHandled(error);
  return handler(error);
}

/** Whether one of the handlers is for the error's tag. */
function hasTagHandler(handlers: object, error: unknown): boolean {
  return handlerFor(handlers, tagOf(error)) !== undefined;
}

/**
 * Deals with the errors of one tag, which leaves the union: from there on the compiler knows that it cannot come any more.
 *
 * The handler returns a stream that takes the error's place: `EMPTY` to drop it, a fallback, another error. It is subscribed when the error
 * comes, and merged in, so that the values of a synchronous one come exactly where the error was; results and other errors pass at once.
 * For a terminal error the handler's stream takes over from the source, which has completed.
 *
 * Completes when the source and all handlers' streams have. A terminal error of one of them ends the whole stream. What the handler throws
 * is a defect. Holds no values; any number of handlers' streams may be running.
 *
 * @param tag One of those the source can carry; any other is a compile error.
 *
 * @example
 * ```ts
 * import { catchTag, OE } from 'greengrass-rx';
 *
 * const reading$ = OE.left<{ _tag: 'Stale'; celsius: number } | { _tag: 'Broken' }, number>({ _tag: 'Stale', celsius: 20 });
 * reading$
 *   .pipe(catchTag('Stale', stale => OE.right(stale.celsius))) // an ObservableEither<{ _tag: 'Broken' }, number>
 *   .subscribe(element => console.log(element)); // Right(20)
 * ```
 */
export function catchTag<T extends Either<unknown, unknown>, Tag extends TagOf<LeftOf<T>>, R extends Either<unknown, unknown>>(
  tag: Tag,
  handler: (error: Tagged<LeftOf<T>, Tag>) => Observable<R>,
): OperatorFunction<T, Either<Exclude<LeftOf<T>, Tagged<LeftOf<T>, Tag>> | LeftOf<R>, RightOf<T> | RightOf<R>>> {
  return source => divertLefts(united(source), (error): error is Tagged<LeftOf<T>, Tag> => tagOf(error) === tag, handler);
}

/**
 * A handler for every kind of error the source can carry: one for single messages, one for gaps, one for the end. Exhaustive: a kind
 * without a handler is a compile error. An error of one's own without `kind` counts as a `message`.
 *
 * Each handler gives a stream that stands in the error's place, as with `catchTag`. For a terminal error it takes over from the source,
 * which has completed.
 *
 * @example
 * ```ts
 * import { absorbKinds, OE } from 'greengrass-rx';
 * import { DecodeFailed, Interrupted, ProxyClosed } from 'greengrass-rx/errors';
 * import { EMPTY } from 'rxjs';
 *
 * const reading$ = OE.left<DecodeFailed | Interrupted | ProxyClosed, number>(new Interrupted('sensors/#'));
 * reading$
 *   .pipe(absorbKinds({ message: () => EMPTY, gap: () => OE.right(Number.NaN), terminal: end => OE.left(end) }))
 *   .subscribe(element => console.log(element)); // Right(NaN)
 * ```
 */
export function absorbKinds<T extends Either<unknown, unknown>, H extends PerKind<LeftOf<T>, AnyStream>>(
  handlers: H & Only<H, KindOf<LeftOf<T>>>,
): OperatorFunction<T, Either<ErrorOf<Returned<H>>, RightOf<T> | ValueOf<Returned<H>>>> {
  return source =>
    divertLefts(
      united(source),
      (_error): _error is LeftOf<T> => true,
      // The types of `handlers` bind each kind to its handler; the look-up by a kind known at run time cannot follow them.
      error => handleBy(handlers, kindOf(error), error) as Observable<Either<ErrorOf<Returned<H>>, ValueOf<Returned<H>>>>,
    );
}

/**
 * A function of an error, made of one function for each tag. Exhaustive: a tag without one is a compile error, and so is one for a tag that
 * cannot come.
 *
 * @example
 * ```ts
 * import { matchTags } from 'greengrass-rx';
 * import { ProxyClosed, TokenRefused } from 'greengrass-rx/errors';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const error: ProxyClosed | TokenRefused = new TokenRefused(true) as ProxyClosed | TokenRefused;
 * const exitCode = pipe(error, matchTags({ ProxyClosed: () => 0, TokenRefused: refused => (refused.afterSuccess ? 1 : 2) }));
 * console.log(exitCode); // 1
 * ```
 */
export function matchTags<E extends { readonly _tag: string }, H extends PerTag<E, unknown>>(
  handlers: H & Only<H, TagOf<E>>,
): (error: E) => Returned<H> {
  return error => handleBy(handlers, tagOf(error), error) as Returned<H>;
}

/**
 * A function of an error, made of one function for each kind. Exhaustive: a kind without one is a compile error, and so is one for a kind
 * that cannot come. An error of one's own without `kind` counts as a `message`.
 *
 * @example
 * ```ts
 * import { matchKinds } from 'greengrass-rx';
 * import { Interrupted, ProxyClosed } from 'greengrass-rx/errors';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const error: Interrupted | ProxyClosed = new Interrupted('sensors/#') as Interrupted | ProxyClosed;
 * console.log(pipe(error, matchKinds({ gap: gap => `missing some of ${gap.topicName}`, terminal: () => 'over' })));
 * ```
 */
export function matchKinds<E, H extends PerKind<E, unknown>>(handlers: H & Only<H, KindOf<E>>): (error: E) => Returned<H> {
  return error => handleBy(handlers, kindOf(error), error) as Returned<H>;
}

/**
 * Looks at each error, the terminal one included, and passes it on. For logs and counters. What `f` throws is a defect.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * pipe(OE.left('offline'), OE.tapLeft(reason => console.log(reason))).subscribe(console.log); // offline, Left('offline')
 * ```
 */
export function tapLeft<E>(f: (error: E) => void) {
  return <A>(source: ObservableEither<E, A>): ObservableEither<E, A> => {
    const look = hook('tapLeft', f);
    return source.pipe(
      tap(element => {
        if (element._tag === 'Left') look(element.left);
      }),
    );
  };
}

/**
 * A stream in place of each error, whatever error it is.
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

/** What is left of `T` when the tags of `H` are dealt with, and what the handlers' streams add. */
export type Caught<T, H> = Either<
  Exclude<LeftOf<T>, Tagged<LeftOf<T>, keyof H & string>> | ErrorOf<Returned<H>>,
  RightOf<T> | ValueOf<Returned<H>>
>;

function catchWith<T extends Either<unknown, unknown>, H extends object>(handlers: H): OperatorFunction<T, Caught<T, H>> {
  return source =>
    divertLefts(
      united(source),
      (error): error is Tagged<LeftOf<T>, keyof H & string> => hasTagHandler(handlers, error),
      // The types of `handlers` bind each tag to its handler; the look-up by a tag known at run time cannot follow them.
      error => handleBy(handlers, tagOf(error), error) as Observable<Either<ErrorOf<Returned<H>>, ValueOf<Returned<H>>>>,
    );
}

/**
 * `catchTag` for several tags at once, each with a handler of its own. The tags that have one leave the union.
 *
 * A handler for a tag that cannot come is a compile error. `absorbTags` asks for a handler for every tag.
 *
 * @example
 * ```ts
 * import { catchTags, OE } from 'greengrass-rx';
 * import { EMPTY } from 'rxjs';
 *
 * type Failure = { _tag: 'Stale'; celsius: number } | { _tag: 'Garbled' } | { _tag: 'Broken' };
 * const reading$ = OE.left<Failure, number>({ _tag: 'Stale', celsius: 20 });
 * reading$
 *   .pipe(catchTags({ Stale: stale => OE.right(stale.celsius), Garbled: () => EMPTY })) // 'Broken' can still come
 *   .subscribe(element => console.log(element)); // Right(20)
 * ```
 */
export function catchTags<T extends Either<unknown, unknown>, H extends Partial<PerTag<LeftOf<T>, AnyStream>>>(
  handlers: H & Only<H, TagOf<LeftOf<T>>>,
): OperatorFunction<T, Caught<T, H>> {
  return catchWith<T, H>(handlers);
}

/**
 * `catchTags` that is exhaustive: a tag without a handler is a compile error, also one that a later version adds. Behind it no tagged error
 * can come, but those that the handlers' streams carry.
 *
 * @example
 * ```ts
 * import { absorbTags, OE } from 'greengrass-rx';
 * import { EMPTY } from 'rxjs';
 *
 * const reading$ = OE.left<{ _tag: 'Stale'; celsius: number } | { _tag: 'Garbled' }, number>({ _tag: 'Stale', celsius: 20 });
 * reading$
 *   .pipe(absorbTags({ Stale: stale => OE.right(stale.celsius), Garbled: () => EMPTY })) // an ObservableEither<never, number>
 *   .subscribe(element => console.log(element)); // Right(20)
 * ```
 */
export function absorbTags<T extends Either<unknown, unknown>, H extends PerTag<LeftOf<T>, AnyStream>>(
  handlers: H & Only<H, TagOf<LeftOf<T>>>,
): OperatorFunction<T, Caught<T, H>> {
  return catchWith<T, H>(handlers);
}
