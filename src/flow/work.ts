import { type Either, right } from 'fp-ts/lib/Either.js';
import { from, isObservable, type Observable } from 'rxjs';
import type { LeftOf, RightOf } from '../stream/element.js';

/** What may be done with a value: an Observable, a promise or a task, of plain results or of `Either`s. */
export type Work = Observable<unknown> | PromiseLike<unknown> | (() => PromiseLike<unknown>);

/** What a piece of work results in. */
export type ResultOf<W> =
  W extends Observable<infer R> ? R : W extends PromiseLike<infer R> ? R : W extends () => PromiseLike<infer R> ? R : never;

/** Results of both kinds as `Either`: what is one already stays, anything else is a `Right`. */
export type EitherOf<R> = Either<LeftOf<R>, RightOf<R>>;

export const toObservable = (work: Work): Observable<unknown> => {
  if (isObservable(work)) return work;
  return from(typeof work === 'function' ? work() : work);
};

/** `R` says what the result is made of; only the shape can be looked at. */
export const toEither = <R>(result: R): EitherOf<R> => (isEither(result) ? result : right(result)) as EitherOf<R>;

const isEither = (result: unknown): boolean => {
  if (typeof result !== 'object' || result === null || !('_tag' in result)) return false;
  return (result._tag === 'Right' && 'right' in result) || (result._tag === 'Left' && 'left' in result);
};
