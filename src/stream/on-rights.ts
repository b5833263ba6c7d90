import type { Either } from 'fp-ts/lib/Either.js';
import { filter, map, mergeMap, Observable, type OperatorFunction, Subject, takeUntil } from 'rxjs';
import { along, type Feed, feedBeingSubscribed } from './feed.js';
import {
  isTerminal,
  isTerminalError,
  kindOf,
  type LeftOf,
  type ObservableEither,
  type OfKind,
  type RightOf,
  toEither,
  united,
} from './observable-either.js';
import { markHandled, markLetGo, reportUnhandled } from './unhandled.js';
import { workOn } from './work-on.js';

/** Hands each element either to `project` (`pick`) or straight on (`pass`). */
type Diversion<T, S, P> = (element: T, pick: (picked: S) => void, pass: (passed: P) => void) => void;

/**
 * Sends a part of the elements through `project` and passes the others at once, in their place: the core of `onRights`
 * and of the `catch` family. A terminal `Left` that is passed stops the source and is kept until `project` has finished,
 * so that it is the last element; one that comes out of `project` ends the whole.
 *
 * @param project is also given what passes beside it, each element just before it is handed on.
 */
export function divert<T, S, P extends Either<unknown, unknown>, R>(
  source: Observable<T>,
  route: Diversion<T, S, P>,
  project: (picked$: Observable<S>, passing$: Observable<P>) => Observable<R>,
): Observable<P | Either<LeftOf<R>, RightOf<R>>> {
  return new Observable<P | Either<LeftOf<R>, RightOf<R>>>(subscriber => {
    const picked = new Subject<S>();
    const passing = new Subject<P>();
    const stop = new Subject<void>();
    /** The terminal element, kept until `project` has finished; and its error, once it has been emitted. */
    let last: P | undefined;
    let letGo: unknown;

    const pick = (value: S): void => {
      picked.next(value);
    };
    const pass = (element: P): void => {
      if (element._tag === 'Left' && isTerminalError(element.left)) {
        last = element;
        markHandled(element.left);
        stop.next();
      } else {
        if (passing.observed) passing.next(element);
        subscriber.next(element);
      }
    };

    // The stage in `project` that the source feeds, for the ledger: the source is not subscribed through it.
    let fed: Feed | undefined;
    const picked$ = new Observable<S>(inner => {
      fed ??= feedBeingSubscribed();
      return picked.subscribe(inner);
    });

    // Subscribed before the source, which may emit while it is being subscribed. One observer, and no operators behind `project`: each
    // would be three frames of stack for every message.
    workOn(project(picked$, passing.asObservable()), subscriber, {
      next: result => {
        const element = toEither(result);
        subscriber.next(element);
        if (isTerminal(element)) subscriber.complete();
      },
      error: defect => subscriber.error(defect),
      complete: () => {
        if (last !== undefined) {
          letGo = last._tag === 'Left' ? last.left : undefined;
          markLetGo(letGo);
          subscriber.next(last);
        }
        subscriber.complete();
      },
    });
    subscriber.add(() => {
      reportUnhandled(letGo);
    });

    // Only `stop` reaches a source that emits before its subscribe() has returned. This is added after the inner subscription, so that the
    // latter is gone when `stop` completes `picked`: unsubscribing must not flush what project() holds.
    subscriber.add(() => {
      stop.next();
    });
    if (subscriber.closed) return;
    along(fed, () => {
      source.pipe(takeUntil(stop)).subscribe({
        next: element => {
          try {
            route(element, pick, pass);
          } catch (thrown) {
            subscriber.error(thrown);
          }
        },
        // A defect ends the whole stream here. If it were handed to project(), a retry() in there would subscribe to the dead subject for
        // ever.
        error: (defect: unknown) => {
          subscriber.error(defect);
        },
        complete: () => {
          picked.complete();
          passing.complete();
        },
      });
    });
  });
}

/**
 * Puts a stream in place of each error that `catches` takes, and passes everything else at once: the core of `orElse`,
 * `catchTag` and their kin. Several such streams can be running at a time; the source goes on meanwhile.
 */
export function divertLefts<E, A, C extends E, R extends Either<unknown, unknown>>(
  source: ObservableEither<E, A>,
  catches: (error: E) => error is C,
  handler: (error: C) => Observable<R>,
): ObservableEither<Exclude<E, C> | LeftOf<R>, A | RightOf<R>> {
  return divert<Either<E, A>, C, Either<Exclude<E, C>, A>, R>(
    source,
    (element, pick, pass) => {
      if (element._tag === 'Left' && catches(element.left)) {
        markHandled(element.left);
        pick(element.left);
      } else pass(element as Either<Exclude<E, C>, A>);
    },
    // The handler is called in here, so that what it throws reaches the error channel.
    caught$ => caught$.pipe(mergeMap(handler)),
  );
}

/** The signatures of `onRights`. */
export interface OnRights {
  /** Inside a `pipe`: the values' type comes from the source. */
  <T extends Either<unknown, unknown>, R>(
    project: (rights$: Observable<RightOf<T>>, gap$: Observable<OfKind<LeftOf<T>, 'gap'>>) => Observable<R>,
  ): OperatorFunction<T, Either<LeftOf<T> | LeftOf<R>, RightOf<R>>>;
  /** As a stage of its own, whose values have the type that `project` names: `const stage = onRights((m$: Observable<Reading>) => …)`. */
  <A, R>(
    project: (rights$: Observable<A>, gap$: Observable<unknown>) => Observable<R>,
  ): <T extends Either<unknown, A>>(source: Observable<T>) => Observable<Either<LeftOf<T> | LeftOf<R>, RightOf<R>>>;
}

function routeRights<E, A>(element: Either<E, A>, pick: (value: A) => void, pass: (element: Either<E, never>) => void): void {
  if (element._tag === 'Right') pick(element.right);
  else pass(element);
}

function gapsOf<E>(lefts$: Observable<Either<E, never>>): Observable<OfKind<E, 'gap'>> {
  return lefts$.pipe(
    filter(element => element._tag === 'Left' && kindOf(element.left) === 'gap'),
    map(element => (element as { readonly left: OfKind<E, 'gap'> }).left),
  );
}

/**
 * Plain RxJS on the results of a stream; its errors pass outside.
 *
 * `project` gets the values of the `Right`s as an ordinary Observable and may use any operator on it. What it emits becomes a `Right`. Only
 * an `Either`, such as stages emit, is passed as it is, and its errors join the union; so stages nest without any type annotation.
 *
 * - *Lefts* pass at once, in their place: before what `project` emits for later values.
 * - *A terminal `Left`* of the source stops the source and completes `project`'s input; it comes out as the last element, when `project`'s
 *   output has completed, after everything that was still under way. A side input that never ends, such as an `interval` merged in,
 *   therefore keeps it waiting: end side inputs with `takeUntil(m$.pipe(last(null, null)))`.
 * - *Completes* when source and output have. If the output completes earlier (`take(1)`) or emits a terminal `Left`, the whole completes
 *   and the source is unsubscribed.
 * - *A defect*, an error thrown in `project` or raised by the source, goes to the Observable's error channel. The source's does not go
 *   through `project`, so `retry()` in there means `project`'s own operators.
 * - *Gaps.* The second argument of `project` emits the error of each `Left` of kind `gap` before it passes outside, and so before the next
 *   value: operators that remember earlier values take it for `onGap: 'reset'`. It completes with the source.
 * - *Several subscriptions* to the input inside `project` share the one source (`merge(m$.pipe(…), m$.pipe(…))`); one that comes later sees
 *   later values only.
 *
 * Holds no values itself.
 *
 * @example
 * ```ts
 * import { onRights } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { filter, map, of } from 'rxjs';
 *
 * of(E.right(20), E.left('unreadable'), E.right(30))
 *   .pipe(onRights(celsius$ => celsius$.pipe(filter(celsius => celsius > 25), map(celsius => `${celsius} °C`))))
 *   .subscribe(element => console.log(element)); // Left('unreadable'), Right('30 °C')
 * ```
 *
 * @function
 */
export const onRights: OnRights = <T extends Either<unknown, unknown>, R>(
  project: (rights$: Observable<RightOf<T>>, gap$: Observable<OfKind<LeftOf<T>, 'gap'>>) => Observable<R>,
): OperatorFunction<T, Either<LeftOf<T> | LeftOf<R>, RightOf<R>>> => {
  return source => divert(united(source), routeRights<LeftOf<T>, RightOf<T>>, (rights$, passing$) => project(rights$, gapsOf(passing$)));
};
