import { defer, retry, throwError, type MonoTypeOperatorFunction } from 'rxjs';
import { retrying, type RetryOptions } from './retry-options.js';
import type { Schedule } from './schedule.js';
import { waiting } from './wait.js';

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
