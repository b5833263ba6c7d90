import type { Either, Left } from 'fp-ts/lib/Either.js';
import {
  asyncScheduler,
  defer,
  EMPTY,
  type MonoTypeOperatorFunction,
  repeat,
  retry,
  type SchedulerLike,
  takeWhile,
  throwError,
} from 'rxjs';
import { steadyNow, waiting } from '../schedule/clock.js';
import { type Schedule, startSeries } from '../schedule/schedule.js';
import { atOnce } from '../shared/check-argument.js';
import { hook } from './hook.js';
import { isTerminalError, type LeftOf } from './observable-either.js';
import { endAtTerminal } from './run-to-end.js';
import { markHandled } from './unhandled.js';

/** A failure after which the source is tried again. */
export interface Retry<E> {
  readonly error: E;
  /** 1 for the first retry of a series. */
  readonly attempt: number;
  /** Milliseconds until the source is subscribed to again. */
  readonly delay: number;
}

/** The options of retrying, besides the schedule. */
export interface RetryOptions<E> {
  /** Whether a failure is worth a retry. If not, the schedule is not asked. Default: yes, unless the error says `retryable: false`. */
  readonly while?: ((error: E) => boolean) | undefined;
  /** Is told of each retry before its wait, for a log. The failure does not pass on the stream. */
  readonly onRetry?: ((retry: Retry<E>) => void) | undefined;
  /** From 0 up to but not including 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Where the waits run and the time comes from. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The default for `while`. An error that does not say whether it is retryable is worth a retry: the schedule bounds how many there are. */
export function isRetryable(error: unknown): boolean {
  return !(typeof error === 'object' && error !== null && 'retryable' in error && error.retryable === false);
}

/** One subscriber's retries: what the operators for both kinds of stream have in common. */
interface Retrying<E> {
  readonly scheduler: SchedulerLike;
  /** The source is being subscribed to. */
  readonly subscribing: () => void;
  /** The wait after a failure, or `undefined` if the failure is to pass. */
  readonly waitAfter: (error: E) => number | undefined;
}

/** Begins the retries of one subscriber. */
export function retrying<E>(schedule: Schedule, options: RetryOptions<E>): Retrying<E> {
  const { while: isWorthIt = isRetryable, random, scheduler = asyncScheduler } = options;
  const onRetry = hook('onRetry', options.onRetry);
  const series = startSeries(schedule, { now: steadyNow(scheduler), random });
  return {
    scheduler,
    subscribing: series.succeeded,
    waitAfter: error => {
      const delay = atOnce(isWorthIt(error), 'while') ? series.next() : undefined;
      if (delay === undefined) return undefined;
      markHandled(error);
      onRetry?.({ error, attempt: series.attempt, delay });
      return delay;
    },
  };
}

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
      /** The wait after this try; `undefined` while the try goes on, and if there is to be no other. */
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

function isLeftOf<T extends Either<unknown, unknown>>(element: T): element is T & Left<LeftOf<T>> {
  return element._tag === 'Left';
}

/**
 * For plain Observables: subscribes to the source again when it errors, after the wait the schedule gives. For a stream
 * of Eithers use {@link retryWith}: there a failure is a value, and an error is a defect that no retry mends.
 *
 * Emits what the source emits, each time. Completes when the source does. Errors with the source's last error when the
 * schedule gives up or the error is not worth a retry, and with whatever a function in the options throws. The source is
 * unsubscribed from before each wait, and the wait goes through the scheduler even when it is 0 ms, so a source that
 * errors at once neither grows the stack nor holds up others. Each subscriber has a series of its own. Holds no elements.
 *
 * Unlike `retry({ resetOnSuccess: true })` of RxJS, one element does not begin a new series: see {@link resetAfter}.
 *
 * @example
 * ```ts
 * import { exponential, limited, retryErrorsWith } from 'greengrass-rx';
 * import { pipe } from 'greengrass-rx/fp';
 * import { defer, of, throwError } from 'rxjs';
 *
 * let tries = 0;
 * const flaky$ = defer(() => (++tries < 3 ? throwError(() => new Error('not yet')) : of('there')));
 *
 * flaky$
 *   .pipe(retryErrorsWith(pipe(exponential(10), limited(5)), { onRetry: ({ attempt }) => console.log('retry', attempt) }))
 *   .subscribe(value => console.log(value)); // retry 1, retry 2, there
 * ```
 */
export function retryErrorsWith<T>(schedule: Schedule, options: RetryOptions<unknown> = {}): MonoTypeOperatorFunction<T> {
  return source =>
    defer(() => {
      const retries = retrying(schedule, options);
      return defer(() => {
        retries.subscribing();
        return source;
      }).pipe(
        retry({
          delay: (error: unknown) => {
            const wait = retries.waitAfter(error);
            return wait === undefined ? throwError(() => error) : waiting(wait, retries.scheduler);
          },
        }),
      );
    });
}
