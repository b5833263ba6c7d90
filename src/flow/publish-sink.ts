import { type Either, left } from 'fp-ts/lib/Either.js';
import { Observable, Subscription } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import type { Accepted } from '../ports/mqtt-proxy.js';
import type { AcceptedBy, PublishFailure, Published } from './publish-outcome.js';
import { publishTo, type PublishPort, type PublishToOptions } from './publish-to.js';
import { OPEN, type Intake } from './stage.js';
import { hook } from '../stream/hook.js';
import { workOn } from '../stream/work-on.js';

/** How a stream of the platform publishes. */
export interface PublishSinkOptions<A, Acc extends AcceptedBy = Accepted> extends Omit<PublishToOptions<A>, 'buffer'> {
  /**
   * Sees the outcome of every value. With it, a failed publish does not end the stream unless it is terminal. Without it, the first one
   * destroys the stream with its error, so that `pipeline` rejects.
   */
  readonly onOutcome?: ((outcome: Either<PublishFailure<A>, Published<A, Acc>>) => void) | undefined;
}

/** What the platform's writable streams are made of. Each callback is called once, with an error if there was one. */
export interface PublishSink<A> {
  /** Calls back when there is room for another value. */
  readonly write: (value: A, written: (error?: Error) => void) => void;
  /** Calls back when every value has its outcome. */
  readonly finish: (finished: (error?: Error) => void) => void;
  /** Gives up what is under way; a callback that waits is called with `error`. */
  readonly stop: (error: Error) => void;
  /** Tells of a failure that no callback waits for, also of one from before: opening the stage may fail at once, when there is no stream yet. */
  readonly whenFailed: (onError: (error: Error) => void) => void;
}

/** What streams reject with must be an `Error`. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}

/** Opens the stage that a stream publishes through. */
export function openPublishSink<A, R, Acc extends AcceptedBy>(
  port: PublishPort<R, Acc>,
  request: (value: A) => R,
  options: PublishSinkOptions<A, Acc>,
): PublishSink<A> {
  const onOutcome = hook('onOutcome', options.onOutcome);
  const stage = publishTo<A, R, Acc>(port, request, options);
  let intake: Intake<A> | undefined;
  /** Who waits for room, or for the end. A stream waits for one of them at a time. */
  let waiting: ((error?: Error) => void) | undefined;
  let onError: ((error: Error) => void) | undefined;
  let untold: Error | undefined;
  const subscription = new Subscription();

  const answer = (error?: Error): void => {
    const callback = waiting;
    waiting = undefined;
    if (callback !== undefined) callback(error);
    else if (onError === undefined) untold ??= error;
    else if (error !== undefined) onError(error);
  };
  const fail = (error: Error): void => {
    subscription.unsubscribe();
    answer(error);
  };
  const look = (outcome: Either<PublishFailure<A> | Overflowed, Published<A, Acc>>): void => {
    if (outcome._tag === 'Right') {
      onOutcome?.(outcome);
      return;
    }
    const error = outcome.left;
    // An overflow cannot be: a value is given only when there is room. Should it be, it must not go unseen.
    if (error._tag !== 'Overflowed') onOutcome?.(left(error));
    if (onOutcome === undefined || error._tag === 'Overflowed' || error.kind === 'terminal') fail(error);
  };

  const outcomes$ = new Observable<Either<PublishFailure<A> | Overflowed, Published<A, Acc>>>(destination => {
    intake = stage[OPEN](destination, () => answer());
  });
  workOn(outcomes$, subscription, {
    next: look,
    error: (error: unknown) => fail(asError(error)),
    complete: () => answer(),
  });

  return {
    write: (value, written) => {
      waiting = written;
      intake?.receive(value);
      if (intake?.hasRoom === true) answer();
    },
    finish: finished => {
      waiting = finished;
      intake?.complete();
    },
    stop: error => {
      subscription.unsubscribe();
      if (waiting !== undefined) answer(error);
    },
    whenFailed: listener => {
      onError = listener;
      if (untold !== undefined) listener(untold);
    },
  };
}
