import { type Either, type Left, type Right, right } from 'fp-ts/lib/Either.js';
import type { Observable } from 'rxjs';
import type { Kind } from '../errors/errors.js';

/**
 * A stream whose failures are values: each element is a `Right` with a result or a `Left` with a typed error. The
 * Observable's own error channel is left to defects, so a `Left` in the middle does not end the stream; one of kind
 * `terminal` is the last element, and completion follows it.
 */
export type ObservableEither<E, A> = Observable<Either<E, A>>;

/** The errors an element of type `R` can carry: `E` of an `Either<E, B>`, nothing of a plain value. */
export type LeftOf<R> = R extends Left<infer E> ? E : never;

/** The results an element of type `R` can carry: `B` of an `Either<E, B>`, a plain value itself. */
export type RightOf<R> = R extends Right<infer B> ? B : R extends Left<unknown> ? never : R;

/** The errors a stream can carry on its left side. */
export type ErrorOf<S> = S extends Observable<infer R> ? LeftOf<R> : never;

/** The results a stream can carry on its right side. */
export type ValueOf<S> = S extends Observable<infer R> ? RightOf<R> : never;

/**
 * A stream of different Eithers, such as `of(right(1), left('x'))`, as a stream of one Either of the unions. Nothing happens at run time;
 * the compiler just cannot see that every `T` is a `Left<LeftOf<T>> | Right<RightOf<T>>`.
 */
export function united<T extends Either<unknown, unknown>>(source: Observable<T>): Observable<Either<LeftOf<T>, RightOf<T>>> {
  return source as Observable<unknown> as Observable<Either<LeftOf<T>, RightOf<T>>>;
}

/** The kinds the errors of `E` can be of. One without `kind` counts as a `message`: it never ends a stream. */
export type KindOf<E> = E extends { readonly kind: infer K extends Kind } ? K : 'message';

/** The errors of `E` that can be of kind `K`. */
export type OfKind<E, K extends Kind> = E extends unknown ? (K extends KindOf<E> ? E : never) : never;

/** The errors of `E` that can pass while the stream goes on. */
export type PassingError<E> = OfKind<E, 'message' | 'gap'>;

/** The kind of an error at run time. */
export function kindOf(error: unknown): Kind {
  const kind = typeof error === 'object' && error !== null ? (error as { readonly kind?: unknown }).kind : undefined;
  return kind === 'terminal' || kind === 'gap' ? kind : 'message';
}

/** Whether an error ends the stream it passes on. */
export function isTerminalError(error: unknown): boolean {
  return kindOf(error) === 'terminal';
}

/** Whether an error is that of a proxy that was drained and then closed, which is the end that was wanted. */
export function isEndInGoodOrder(error: unknown): boolean {
  if (tagOf(error) !== 'ProxyClosed') return false;
  return (error as { readonly drained?: unknown }).drained === true;
}

/** Whether an element is a `Left` that ends its stream. */
export function isTerminal(element: Either<unknown, unknown>): boolean {
  return element._tag === 'Left' && kindOf(element.left) === 'terminal';
}

/** The tags the errors of `E` can have. Errors without `_tag` have none. */
export type TagOf<E> = E extends { readonly _tag: infer Tag extends string } ? Tag : never;

/** The errors of `E` that have the tag. */
export type Tagged<E, Tag extends string> = Extract<E, { readonly _tag: Tag }>;

/** The tag of an error at run time. */
export function tagOf(error: unknown): string | undefined {
  const tag = typeof error === 'object' && error !== null ? (error as { readonly _tag?: unknown })._tag : undefined;
  return typeof tag === 'string' ? tag : undefined;
}

/** A result that may be an `Either` or plain, as an `Either`: what is one already stays, anything else is a `Right`. */
export type EitherOf<R> = Either<LeftOf<R>, RightOf<R>>;

/**
 * Makes an element of a result. This is the one place where a result's type is read off its value; `LeftOf` and `RightOf` tell the compiler
 * the same.
 */
export function toEither<R>(result: R): EitherOf<R> {
  return (isEither(result) ? result : right(result)) as EitherOf<R>;
}

function isEither(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const tag = (value as { readonly _tag?: unknown })._tag;
  return tag === 'Right' ? 'right' in value : tag === 'Left' && 'left' in value;
}
