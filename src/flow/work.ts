import { from, isObservable, type Observable } from 'rxjs';

/** What may be done with a value: an Observable, a promise or a task, of plain results or of `Either`s. */
export type Work = Observable<unknown> | PromiseLike<unknown> | (() => PromiseLike<unknown>);

/** What a piece of work results in. */
export type ResultOf<W> =
  W extends Observable<infer R> ? R : W extends PromiseLike<infer R> ? R : W extends () => PromiseLike<infer R> ? R : never;

export function toObservable(work: Work): Observable<unknown> {
  if (isObservable(work)) return work;
  return from(typeof work === 'function' ? work() : work);
}
