import type { Either, Left, Right } from 'fp-ts/lib/Either.js';
import { right } from 'fp-ts/lib/Either.js';
import { from, isObservable, type Observable } from 'rxjs';

/** What may be done with a value: an Observable, a promise or a task, of plain results or of `Either`s. */
export type Work = Observable<unknown> | PromiseLike<unknown> | (() => PromiseLike<unknown>);

type ResultOf<W> =
  W extends Observable<infer R> ? R : W extends PromiseLike<infer R> ? R : W extends () => PromiseLike<infer R> ? R : never;

/** The left side of a result that may be an `Either`. */
export type LeftOfResult<R> = R extends Left<infer E> ? E : never;
/** The right side of a result that is an `Either`, or the plain result. */
export type RightOfResult<R> = R extends Left<unknown> ? never : R extends Right<infer A> ? A : R;

/** The errors of a piece of work: the left sides of its results. */
export type ErrorOf<W> = LeftOfResult<ResultOf<W>>;

/** The values of a piece of work: the right sides of its results, and its plain results. */
export type ValueOf<W> = RightOfResult<ResultOf<W>>;

/** Results of both kinds as `Either`: what is one already stays, anything else is a `Right`. */
export type EitherOf<R> = Either<LeftOfResult<R>, RightOfResult<R>>;

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
