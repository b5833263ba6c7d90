import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { markHandled } from '../stream/unhandled.js';
import { startSeries } from './retry-series.js';
import type { Schedule } from './schedule.js';
import { steadyNow } from './steady-now.js';
import { atOnce } from '../shared/at-once.js';

/** A failure that is answered by another try. */
export interface Retry<E> {
  readonly error: E;
  /** 1 for the first retry of a series. */
  readonly attempt: number;
  /** How long until the source is subscribed to again. */
  readonly delayMilliseconds: number;
}

/** What retrying asks and tells besides its schedule. */
export interface RetryOptions<E> {
  /** Whether a failure is worth a retry; the schedule is not asked where it is not. Default: unless the error says `retryable: false`. */
  readonly while?: ((error: E) => boolean) | undefined;
  /** Hears of each retry before its wait, such as a log. The failure does not pass on the stream. */
  readonly onRetry?: ((retry: Retry<E>) => void) | undefined;
  /** From 0 up to but not including 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Where the waits run and the time comes from. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The default for `while`: an error that does not say is worth a retry, since the schedule bounds how many there are. */
export const isRetryable = (error: unknown): boolean =>
  !(typeof error === 'object' && error !== null && 'retryable' in error && error.retryable === false);

/** One subscriber's retries: what the operators for both kinds of stream have in common. */
export interface Retrying<E> {
  readonly scheduler: SchedulerLike;
  /** The source is being subscribed to. */
  readonly subscribing: () => void;
  /** The wait that answers a failure, or `undefined` where it is to pass. */
  readonly waitAfter: (error: E) => number | undefined;
}

/** Begins the retries of one subscriber. */
export function retrying<E>(schedule: Schedule, options: RetryOptions<E>): Retrying<E> {
  const { while: isWorthIt = isRetryable, onRetry, random, scheduler = asyncScheduler } = options;
  const series = startSeries(schedule, { now: steadyNow(scheduler), random });
  return {
    scheduler,
    subscribing: series.succeeded,
    waitAfter: error => {
      const delayMilliseconds = atOnce(isWorthIt(error), 'while') ? series.next() : undefined;
      if (delayMilliseconds === undefined) return undefined;
      markHandled(error);
      onRetry?.({ error, attempt: series.attempt, delayMilliseconds });
      return delayMilliseconds;
    },
  };
}
