import type { Either } from 'fp-ts/lib/Either.js';
import { right } from 'fp-ts/lib/Either.js';
import { concat, defer, EMPTY, map, Observable, of, Subject, takeUntil } from 'rxjs';
import { endAtTerminal } from './end-at-terminal.js';
import type { LeftOf, RightOf } from './element.js';
import { isTerminal } from './kind.js';

const isEither = (value: unknown): value is Either<unknown, unknown> => {
  if (typeof value !== 'object' || value === null) return false;
  const tag = (value as { readonly _tag?: unknown })._tag;
  return tag === 'Right' ? 'right' in value : tag === 'Left' && 'left' in value;
};

// The one edge where a result's type is read off its value; LeftOf and RightOf say the same to the compiler.
const toElement = <R>(result: R): Either<LeftOf<R>, RightOf<R>> =>
  (isEither(result) ? result : right(result)) as Either<LeftOf<R>, RightOf<R>>;

/** Hands each element either to `project` (`pick`) or straight on (`pass`). */
export type Route<T, S, P> = (element: T, pick: (picked: S) => void, pass: (passed: P) => void) => void;

/**
 * Sends a part of the elements through `project` and passes the others at once, in their place: the core of `onRights`
 * and of the `catch` family. A terminal `Left` that is passed stops the source and is kept until `project` has finished,
 * so that it is the last element; one that comes out of `project` ends the whole.
 */
export const divert = <T, S, P extends Either<unknown, unknown>, R>(
  source: Observable<T>,
  route: Route<T, S, P>,
  project: (picked$: Observable<S>) => Observable<R>,
): Observable<P | Either<LeftOf<R>, RightOf<R>>> =>
  new Observable<P | Either<LeftOf<R>, RightOf<R>>>(subscriber => {
    const picked = new Subject<S>();
    const stop = new Subject<void>();
    let last: P | undefined;

    const pick = (value: S): void => {
      picked.next(value);
    };
    const pass = (element: P): void => {
      if (isTerminal(element)) {
        last = element;
        stop.next();
      } else {
        subscriber.next(element);
      }
    };

    // Subscribed first: what the source emits while being subscribed to must find someone listening.
    concat(
      project(picked.asObservable()).pipe(map(toElement)),
      defer(() => (last === undefined ? EMPTY : of(last))),
    )
      .pipe(endAtTerminal())
      .subscribe(subscriber);

    // Only `stop` reaches a source that emits while subscribe() has not returned yet. Added after the inner subscription, which
    // is therefore gone when `stop` completes `picked`: unsubscribing must not flush what project() holds.
    subscriber.add(() => {
      stop.next();
    });
    if (subscriber.closed) return;
    source.pipe(takeUntil(stop)).subscribe({
      next: element => {
        route(element, pick, pass);
      },
      // A defect ends the whole here. Handed to project(), a retry() in there would subscribe to the dead subject for ever.
      error: (defect: unknown) => {
        subscriber.error(defect);
      },
      complete: () => {
        picked.complete();
      },
    });
  });
