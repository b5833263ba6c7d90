import type { Clock } from '../ipc/clock.js';
import { MessageType, type RpcMessage } from '../ipc/wire/rpc-message.js';
import type { Session } from '../ipc/session.js';
import { PUBLISH_TO_IOT_CORE } from '../ipc/wire/shapes.js';
import type { Profile } from './mqtt-proxy.js';

/**
 * Finds out which nucleus this is: both accept a connection with the same bytes. A publish without a topic publishes
 * nothing and needs no policy, and the two refuse it differently: the classic nucleus checks the topic before anything
 * else and answers with an `InvalidArgumentsError`, Greengrass Lite with a `ServiceError`.
 *
 * Calls back once, with `undefined` if no answer came in `timeout` milliseconds; not at all if the session ends first.
 */
export function detectProfile(session: Session, clock: Clock, timeout: number, callback: (profile: Profile | undefined) => void): void {
  const operation = session.request(PUBLISH_TO_IOT_CORE, '{}', {
    onReply: message => {
      cancel();
      callback(profileOf(message));
    },
    onLost: () => {
      cancel();
    },
  });
  const cancel = clock.after(timeout, () => {
    operation.abandon();
    callback(undefined);
  });
}

function profileOf(message: RpcMessage): Profile {
  const plainFault = message.type === MessageType.ApplicationError && message.modelType === 'aws.greengrass#ServiceError';
  // The classic nucleus always says which service speaks (`_service`), Lite never does.
  return plainFault && !message.payload.includes('"_service"') ? 'lite' : 'classic';
}
