import type { Either } from 'fp-ts/lib/Either.js';
import { right } from 'fp-ts/lib/Either.js';
import type { LeftOf, RightOf } from './element.js';

/** A result that may be an `Either` or plain, as an `Either`: what is one already stays, anything else is a `Right`. */
export type EitherOf<R> = Either<LeftOf<R>, RightOf<R>>;

/**
 * Makes an element of a result. The one edge where a result's type is read off its value; `LeftOf` and `RightOf` say the same to the
 * compiler.
 */
export function toEither<R>(result: R): EitherOf<R> {
  return (isEither(result) ? result : right(result)) as EitherOf<R>;
}

function isEither(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const tag = (value as { readonly _tag?: unknown })._tag;
  return tag === 'Right' ? 'right' in value : tag === 'Left' && 'left' in value;
}
