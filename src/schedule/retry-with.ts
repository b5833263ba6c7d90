import type { Either, Left } from 'fp-ts/lib/Either.js';
import { defer, EMPTY, repeat, takeWhile, type MonoTypeOperatorFunction } from 'rxjs';
import type { LeftOf } from '../stream/element.js';
import { endAtTerminal } from '../stream/end-at-terminal.js';
import { isTerminalError } from '../stream/kind.js';
import { retrying, type RetryOptions } from './retry-options.js';
import type { Schedule } from './schedule.js';
import { waiting } from './wait.js';

/** What {@link retryWith} can be told. */
export interface RetryWithOptions<E> extends RetryOptions<E> {
  /**
   * Which Lefts end a try. `terminal`, the default: those of kind `terminal`; the others pass, since the stream goes on
   * behind them. `all`: any Left that is worth a retry, for streams that give one answer, such as `publish$`.
   */
  readonly lefts?: 'terminal' | 'all' | undefined;
}

/**
 * Subscribes to the source again when it ends with a terminal `Left`, after the wait the schedule gives. That `Left` is
 * not passed on; `onRetry` hears of it. Messages that come while nobody is subscribed are missed.
 *
 * Emits what the source emits, each time. When the schedule gives up, or an error is not worth a retry, the last `Left`
 * passes and completion follows. Completes when the source does. The error channel carries only defects of the source,
 * which are not retried, and what a function in the options throws. The source is unsubscribed from before each wait,
 * and the wait goes through the scheduler even when it is 0 ms, so a source that fails at once neither grows the stack nor
 * holds up others. Each subscriber has a series of its own. Holds no elements.
 *
 * One element does not begin a new series, so a source that fails soon after each first element uses up its schedule all
 * the same: see {@link resetAfter}. A publish that is retried can arrive twice: its first try may have been taken by a
 * nucleus whose answer was lost.
 *
 * @example
 * ```ts
 * import { capped, exponential, fullJitter, limited, resetAfter, retryWith } from 'greengrass-rx';
 * import { E, pipe } from 'greengrass-rx/fp';
 * import { defer, of } from 'rxjs';
 *
 * let tries = 0;
 * const starting = { _tag: 'Starting', kind: 'terminal', retryable: true } as const;
 * const readings$ = defer(() => of(++tries < 3 ? E.left(starting) : E.right(21.5)));
 * const schedule = pipe(exponential(10), capped(1_000), fullJitter, limited(10), resetAfter(60_000));
 *
 * readings$
 *   .pipe(retryWith(schedule, { onRetry: ({ error, attempt }) => console.log(error._tag, attempt) }))
 *   .subscribe(reading => console.log(reading)); // Starting 1, Starting 2, { _tag: 'Right', right: 21.5 }
 * ```
 */
export function retryWith<T extends Either<unknown, unknown>>(
  schedule: Schedule,
  options: RetryWithOptions<LeftOf<T>> = {},
): MonoTypeOperatorFunction<T> {
  const { lefts = 'terminal' } = options;
  const endsTry = (error: unknown): boolean => lefts === 'all' || isTerminalError(error);
  return source =>
    defer(() => {
      const retries = retrying(schedule, options);
      /** The wait after this try; `undefined` while it goes on, and when there is to be no other. */
      let wait: number | undefined;
      const isToPass = (element: T): boolean => {
        if (isLeftOf(element) && endsTry(element.left)) wait = retries.waitAfter(element.left);
        return wait === undefined;
      };
      return defer(() => {
        wait = undefined;
        retries.subscribing();
        return source;
      }).pipe(
        takeWhile(isToPass),
        repeat({ delay: () => (wait === undefined ? EMPTY : waiting(wait, retries.scheduler)) }),
        endAtTerminal(),
      );
    });
}

const isLeftOf = <T extends Either<unknown, unknown>>(element: T): element is T & Left<LeftOf<T>> => element._tag === 'Left';
