import { type Either, left } from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { finalize, firstValueFrom, ignoreElements, lastValueFrom, map, type Observable, takeWhile, tap } from 'rxjs';
import { hook } from './hook.js';
import { isEndInGoodOrder, isTerminal, type LeftOf, type PassingError, type RightOf, united } from './observable-either.js';
import { markHandled, reportToStderr } from './unhandled.js';

/** What `runToEnd` does on the way. */
export interface RunToEndOptions<E> {
  /**
   * Sees each error that passes while the stream goes on; the terminal one is what the promise rejects with. What it throws is a defect and
   * ends the run. Without it such errors are written to stderr: the first of each tag at once, then one line per tag and ten seconds with
   * the number of those it stands for.
   */
  readonly onLeft?: ((error: PassingError<E>) => void) | undefined;
}

/**
 * Runs a stream to its end: the last line of a component.
 *
 * Resolves when the stream completes, or ends because its proxy was drained and closed. Rejects with the error of a terminal `Left`, after
 * unsubscribing, or with a defect; at the top level of a module that ends the process with a non-zero code, so the nucleus sees the
 * component as broken. The results are not kept: what is to happen to them happens in the stream.
 *
 * @example
 * ```ts
 * import { runToEnd } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * const outcomes$ = of(E.right(1), E.left(new Error('one message was garbled')), E.right(2));
 * await runToEnd(outcomes$, { onLeft: error => console.warn(error.message) });
 * console.log('done');
 * ```
 */
export function runToEnd<T extends Either<unknown, unknown>>(
  source: Observable<T>,
  options: RunToEndOptions<LeftOf<T>> = {},
): Promise<void> {
  const report = reportToStderr();
  const onLeft = hook('onLeft', options.onLeft) ?? report.left;
  const run = source.pipe(
    takeWhile(element => element._tag === 'Right' || !isEndInGoodOrder(element.left)),
    tap(element => {
      if (element._tag === 'Right') return;
      if (isTerminal(element)) {
        markHandled(element.left);
        throw element.left;
      }
      onLeft(element.left as PassingError<LeftOf<T>>);
    }),
    ignoreElements(),
    finalize(report.end),
  );
  return lastValueFrom(run, { defaultValue: undefined });
}

/**
 * Completes with the first terminal `Left`, and unsubscribes from the source.
 *
 * The combinators that join or replace streams do this themselves. Use it for streams made by hand, and where `mapLeft` has turned a
 * passing error into a terminal one.
 *
 * @example
 * ```ts
 * import { endAtTerminal } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * of(E.right(1), E.left({ kind: 'terminal' }), E.right(2))
 *   .pipe(endAtTerminal())
 *   .subscribe({ next: element => console.log(element._tag), complete: () => console.log('complete') }); // Right, Left, complete
 * ```
 */
export function endAtTerminal() {
  return <T extends Either<unknown, unknown>>(source: Observable<T>): Observable<T> =>
    source.pipe(takeWhile(element => !isTerminal(element), true));
}

/**
 * The results as a plain Observable that raises the first error, of whatever kind, and unsubscribes from the source. For tests, scripts and
 * code that expects failures the RxJS way. Errors that should not end it are caught before.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * of(E.right(1), E.left(new Error('garbled')), E.right(2))
 *   .pipe(OE.orThrow())
 *   .subscribe({ next: value => console.log(value), error: (error: Error) => console.log(error.message) }); // 1, garbled
 * ```
 */
export function orThrow() {
  return <T extends Either<unknown, unknown>>(source: Observable<T>): Observable<RightOf<T>> =>
    source.pipe(
      map(element => {
        if (element._tag === 'Left') {
          markHandled(element.left);
          throw element.left;
        }
        return element.right as RightOf<T>;
      }),
    );
}

/**
 * A task that gives a stream's first element, be it a `Right` or a `Left`. Each run subscribes, takes that element, and unsubscribes.
 *
 * For all results of a stream that ends, gather them first: `onRights(values$ => values$.pipe(toArray()))`. A defect rejects the promise.
 * The task is pending for as long as the stream neither emits nor completes; RxJS' `timeout` before it bounds that.
 *
 * @param onEmpty Names the error of a stream that completes without an element.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 *
 * const first = pipe(OE.right(21.5), OE.toTaskEither(() => 'no reading'));
 * console.log(await first()); // Right(21.5)
 * ```
 */
export function toTaskEither<E2>(onEmpty: () => E2) {
  return <T extends Either<unknown, unknown>>(source: Observable<T>): TaskEither<LeftOf<T> | E2, RightOf<T>> =>
    async () => {
      const handled$ = united(source).pipe(
        tap(element => {
          if (element._tag === 'Left') markHandled(element.left);
        }),
      );
      const first = await firstValueFrom<Either<LeftOf<T>, RightOf<T>>, undefined>(handled$, { defaultValue: undefined });
      return first ?? left(onEmpty());
    };
}
