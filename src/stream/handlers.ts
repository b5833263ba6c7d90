import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable } from 'rxjs';
import type { KindOf, OfKind } from './kind.js';
import { tagOf, type Tagged, type TagOf } from './tag.js';
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
 * Tags and kinds known at run time only, so that one look-up serves them all. Own members: a tag can be data, and `constructor` is no
 * handler.
 */
export function handlerFor(handlers: object, key: string | undefined): ((error: unknown) => unknown) | undefined {
  if (key === undefined || !Object.hasOwn(handlers, key)) return undefined;
  return (handlers as Readonly<Record<string, (error: unknown) => unknown>>)[key];
}

/** Calls the handler of a key; that there is none means that the stream carries what its type excludes. */
export function handleBy(handlers: object, key: string | undefined, error: unknown): unknown {
  const handler = handlerFor(handlers, key);
  if (handler === undefined)
    throw new TypeError(`There is no handler for an error of ${key ?? 'no tag'}, which by its type cannot come.`, { cause: error });
  markHandled(error);
  return handler(error);
}

/** Whether one of the handlers is for the error's tag. */
export function hasTagHandler(handlers: object, error: unknown): boolean {
  return handlerFor(handlers, tagOf(error)) !== undefined;
}
