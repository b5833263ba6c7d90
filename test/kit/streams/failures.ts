import { ConnectionLost, InvalidRequest, TokenRefused, type PublishError } from '../../../src/errors/errors.js';
import { publishFailure, type PublishFailure, type PublishOutcome } from '../../../src/flow/publish-outcome.js';

const PUBLISH = 'aws.greengrass#PublishToIoTCore';

/** Refused for good. */
export const invalid: PublishError = new InvalidRequest('message', PUBLISH, 'out', 'client', 'The topic is wrong.');
/** Sent, and then no answer. */
export const lost: PublishError = new ConnectionLost('message', true);
/** The end of the stream. */
export const refusedToken: PublishError = new TokenRefused(true);

export const failed = <A>(value: A, error: PublishError = invalid, outcome: PublishOutcome = 'refused'): PublishFailure<A> =>
  publishFailure(error, value, 1, outcome);
