import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { Observable, type SchedulerLike, Subscription } from 'rxjs';
import type { PublishError } from '../errors/errors.js';
import { TimedOut } from '../errors/errors.js';
import type { PublishRequest } from '../client/mqtt-message.js';
import type { Accepted, MqttProxy } from '../client/mqtt-proxy.js';
import { type RetrySeries, startSeries } from '../schedule/retry-series.js';
import type { Schedule } from '../schedule/schedule.js';
import { steadyNow } from '../schedule/steady-now.js';
import { wait } from '../schedule/wait.js';
import type { Deadlines } from './deadlines.js';
import { outcomeOf, publishFailure, type PublishFailure, type PublishOutcome, type Published } from './publish-outcome.js';

/** How often a publish is tried. */
export interface Attempts {
  readonly proxy: Pick<MqttProxy, 'publish$'>;
  /** Milliseconds a try may take, for the message of the error. */
  readonly timeout: number;
  readonly deadlines: Deadlines;
  readonly retry: Schedule;
  readonly retryWhile: (error: PublishError) => boolean;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
}

export const PUBLISH = 'aws.greengrass#PublishToIoTCore';

/** Publishes one value, again and again if need be: one outcome, then completion. */
export const publishAttempts = <A>(
  attempts: Attempts,
  request: PublishRequest,
  value: A,
): Observable<Either<PublishFailure<A>, Published<A>>> =>
  new Observable(destination => {
    const { proxy, timeout, deadlines, retry, retryWhile, random, scheduler } = attempts;
    let made = 0;
    let outcome: PublishOutcome = 'refused';
    let series: RetrySeries | undefined;
    let underWay: Subscription | undefined;
    let clearDeadline: () => void = () => undefined;

    const attempt = (): void => {
      made++;
      let answered = false;
      const thisTry = new Subscription();
      underWay = thisTry;
      clearDeadline = deadlines.set(() => {
        answered = true;
        thisTry.unsubscribe();
        failed(new TimedOut('message', PUBLISH, timeout, true));
      });
      const answer = (answer: Either<PublishError, Accepted>): void => {
        if (answered) return;
        answered = true;
        clearDeadline();
        if (answer._tag === 'Left') {
          failed(answer.left);
          return;
        }
        destination.next(right({ by: answer.right.by, value, attempts: made }));
        destination.complete();
      };
      let publish$: ReturnType<typeof proxy.publish$>;
      try {
        publish$ = proxy.publish$(request);
      } catch (defect) {
        // A later try is made by a timer: nobody else would catch what a port throws.
        destination.error(defect);
        return;
      }
      thisTry.add(
        publish$.subscribe({
          next: answer,
          error: error => destination.error(error),
          complete: () => {
            if (!answered) destination.error(new Error('publish$ completed without an answer, against the contract of MqttProxy.'));
          },
        }),
      );
    };

    const failed = (error: PublishError): void => {
      if (outcomeOf(error) === 'unknown') outcome = 'unknown';
      let delay: number | undefined;
      try {
        if (retryWhile(error)) {
          series ??= startSeries(retry, { now: steadyNow(scheduler), random });
          delay = series.next();
        }
      } catch (defect) {
        destination.error(defect);
        return;
      }
      if (delay === undefined) {
        destination.next(left(publishFailure(error, value, made, outcome)));
        destination.complete();
        return;
      }
      underWay = wait(delay, scheduler, attempt);
    };

    attempt();
    return () => {
      clearDeadline();
      underWay?.unsubscribe();
    };
  });
