import type { PublishError } from '../errors/errors.js';
import { copyError } from '../errors/failure.js';
import type { Accepted } from '../ports/mqtt-proxy.js';

/** What a port says about a message that was taken: who took it. */
export interface AcceptedBy {
  readonly by: string;
}

/** A value whose message the nucleus took. It says who took it, not that the cloud has it. */
export interface Published<out A, out Acc extends AcceptedBy = Accepted> {
  /** Who took it; see what the port's `publish$` emits. */
  readonly by: Acc['by'];
  readonly value: A;
  /** How often it was sent: 1 without a retry. */
  readonly attempts: number;
}

/**
 * Whether a failed publish can have had an effect. `refused`: it was not taken. `unknown`: it had been sent, at least
 * once, when the answer failed to come; publishing it again may duplicate it.
 */
export type PublishOutcome = 'refused' | 'unknown';

/** What a {@link PublishFailure} adds to the error. */
export interface FailedPublish<out A> {
  readonly value: A;
  /**
   * How often it was tried: 1 without a retry, 0 where no message could be made of the value, or its turn had not come when the stage
   * ended.
   */
  readonly attempts: number;
  readonly outcome: PublishOutcome;
}

/** A value whose message was not taken: the error of the last try, with the value it concerns. */
export type PublishFailure<A> = PublishError & FailedPublish<A>;

/** What the failure of a single try means for the message. */
export function outcomeOf(error: PublishError): PublishOutcome {
  switch (error._tag) {
    case 'ProtocolViolated':
      return 'unknown';
    case 'TimedOut':
    case 'ConnectionLost':
      return error.sent ? 'unknown' : 'refused';
    default:
      return 'refused';
  }
}

/** A copy of the error, with the value. */
export function publishFailure<A>(error: PublishError, value: A, attempts: number, outcome: PublishOutcome): PublishFailure<A> {
  return copyError(error, { value, attempts, outcome });
}
