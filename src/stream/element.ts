import type { Either, Left, Right } from 'fp-ts/lib/Either.js';
import type { Observable } from 'rxjs';

/** The errors an element of type `R` can carry: `E` of an `Either<E, B>`, nothing of a plain value. */
export type LeftOf<R> = R extends Left<infer E> ? E : never;

/** The results an element of type `R` can carry: `B` of an `Either<E, B>`, a plain value itself. */
export type RightOf<R> = R extends Right<infer B> ? B : R extends Left<unknown> ? never : R;

/** The errors a stream can carry on its left side. */
export type ErrorOf<S> = S extends Observable<infer R> ? LeftOf<R> : never;

/** The results a stream can carry on its right side. */
export type ValueOf<S> = S extends Observable<infer R> ? RightOf<R> : never;

/**
 * Elements whose Eithers differ, as those of `of(right(1), left('x'))`, as one Either of the unions. Nothing happens at run time: the
 * compiler cannot see that `Left<LeftOf<T>> | Right<RightOf<T>>` takes every `T`.
 */
export function united<T extends Either<unknown, unknown>>(source: Observable<T>): Observable<Either<LeftOf<T>, RightOf<T>>> {
  return source as Observable<unknown> as Observable<Either<LeftOf<T>, RightOf<T>>>;
}
