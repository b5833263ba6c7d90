import type { Either } from 'fp-ts/lib/Either.js';
import { defer, Observable, Subject } from 'rxjs';
import { isTerminal, type ObservableEither } from '../stream/observable-either.js';

/**
 * Runs a stream that is made for a configuration, and another one for each that follows: a component that changes without a restart.
 *
 * At a change `ending$` emits and completes, and the stream is to complete with it: put `takeUntil(ending$)` behind its source, and what stages and windows
 * hold goes out before the stream of the new configuration begins. (`switchMap` would throw it away.) What the source brings between the two is not
 * heard. Of several changes meanwhile the last one counts. A stream that does not complete keeps the next one waiting. `ending$` tells of changes, not of
 * a drain: a source that does not end at one by itself, as subscriptions do, ends with `takeUntil(merge(ending$, proxy.draining$))`.
 *
 * Emits what the streams emit, and the `Left`s of `config$`, under which the old stream goes on. Completes after a terminal `Left`, and when `config$` and
 * the stream have completed, as they do at a drain. What `make` throws is a defect and goes to the error channel.
 *
 * Memory: one configuration that waits.
 *
 * @example
 * ```ts
 * import { component, followConfig } from 'greengrass-rx/component';
 * import { E, t } from 'greengrass-rx/fp';
 * import { interval, map, merge, takeUntil } from 'rxjs';
 *
 * const ticker = component({
 *   name: 'com.example.Ticker',
 *   version: '1.0.0',
 *   config: t.type({ period: t.number }),
 *   defaults: { period: 1_000 },
 *   run: (proxy, _config, { config$ }) =>
 *     followConfig(config$, ({ period }, ending$) =>
 *       interval(period).pipe(takeUntil(merge(ending$, proxy.draining$)), map(tick => E.right(tick))),
 *     ),
 * });
 * console.log(ticker.name); // com.example.Ticker
 * ```
 */
export function followConfig<C, E1, A, E2>(
  config$: ObservableEither<E1, C>,
  make: (config: C, ending$: Observable<void>) => ObservableEither<E2, A>,
): ObservableEither<E1 | E2, A> {
  return new Observable<Either<E1 | E2, A>>(subscriber => {
    let ending: Subject<void> | undefined;
    let next: { readonly config: C } | undefined;
    let isLast = false;
    const begin = (config: C): void => {
      const ends = new Subject<void>();
      ending = ends;
      subscriber.add(
        defer(() => make(config, ends.asObservable())).subscribe({
          next: element => {
            subscriber.next(element);
            if (element._tag === 'Left' && isTerminal(element)) subscriber.complete();
          },
          error: (defect: unknown) => subscriber.error(defect),
          complete: () => {
            ending = undefined;
            if (next !== undefined) {
              const { config: following } = next;
              next = undefined;
              begin(following);
            } else if (isLast) subscriber.complete();
          },
        }),
      );
    };
    subscriber.add(
      config$.subscribe({
        next: change => {
          if (change._tag === 'Left') subscriber.next(change);
          else if (ending === undefined) begin(change.right);
          else {
            next = { config: change.right };
            ending.next();
            ending.complete();
          }
        },
        error: (defect: unknown) => subscriber.error(defect),
        complete: () => {
          isLast = true;
          if (ending === undefined) subscriber.complete();
        },
      }),
    );
  });
}
