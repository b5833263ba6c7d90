import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { ProtocolViolated, TimedOut, type ConnectError } from '../errors/errors.js';
import type { Clock } from '../ipc/clock.js';
import { MessageType, type RpcMessage } from '../ipc/wire/rpc-message.js';
import type { Session } from '../ipc/session.js';
import { PUBLISH } from '../shared/operations.js';
import type { Profile } from '../ports/mqtt-proxy.js';

/**
 * Finds out which nucleus this is: both accept a connection with the same bytes. A publish without a topic publishes
 * nothing and needs no policy, and the two refuse it differently: the classic nucleus checks the topic before anything
 * else and answers with an `InvalidArgumentsError`, Greengrass Lite with a `ServiceError`.
 *
 * Calls back once, with an error if no answer came in `timeout` milliseconds or what came is none; not at all if the session ends first.
 */
export function detectProfile(
  session: Session,
  clock: Clock,
  timeout: number,
  callback: (found: Either<ConnectError, Profile>) => void,
): void {
  const settle = (found: Either<ConnectError, Profile>): void => {
    cancel();
    callback(found);
  };
  const operation = session.request(PUBLISH, '{}', {
    onReply: message => {
      settle(right(profileOf(message)));
    },
    onViolation: detail => {
      settle(left(new ProtocolViolated('terminal', detail)));
    },
    onLost: () => {
      cancel();
    },
  });
  const cancel = clock.after(timeout, () => {
    operation.abandon();
    callback(left(new TimedOut('terminal', 'connect', timeout, true)));
  });
}

function profileOf({ type, modelType, payload }: RpcMessage): Profile {
  const modelled = type === MessageType.ApplicationError && modelType !== undefined;
  // In an error of the model the classic nucleus always says which service speaks (`_service`), Lite never does.
  return modelled && !payload.includes('"_service"') ? 'lite' : 'classic';
}
