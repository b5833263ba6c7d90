import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type ConnectError, ProtocolViolated, TimedOut } from '../errors/errors.js';
import type { Clock } from '../shared/clock.js';
import type { Session } from '../ipc/session.js';
import { CLASSIC_MAX_FRAME, LITE_MAX_FRAME } from '../ipc/wire/frame.js';
import { MessageType, type RpcMessage } from '../ipc/wire/rpc-message.js';
import type { Capabilities, Profile } from '../ports/mqtt-proxy.js';
import { PUBLISH } from '../shared/operations.js';
import type { TransportName } from '../shared/profile.js';

/** Publishes in flight at once. Lite keeps at most ten that the cloud has not acknowledged, and refuses the rest. */
const IN_FLIGHT: Record<Profile, number> = { classic: 64, lite: 8 };

/** What a nucleus of this profile can do. */
export function capabilitiesOf(profile: Profile, transport: TransportName, inFlight: number | undefined): Capabilities {
  return {
    profile,
    transport,
    maxFrameBytes: profile === 'classic' ? CLASSIC_MAX_FRAME : LITE_MAX_FRAME,
    inFlight: inFlight ?? IN_FLIGHT[profile],
    mqtt5Members: profile === 'classic',
  };
}

/**
 * Finds out which nucleus this is, since both accept a connection with the same bytes. It sends a publish without a topic, which publishes
 * nothing and needs no policy. The two nuclei refuse it differently: the classic nucleus checks the topic before anything else and answers
 * with an `InvalidArgumentsError`, Greengrass Lite with a `ServiceError`.
 *
 * Calls back once, with an error if no answer came in `timeout` milliseconds, or something else came; not at all if the session ends first.
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
  const exchange = session.request(PUBLISH, '{}', {
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
    exchange.abandon();
    callback(left(new TimedOut('terminal', 'connect', timeout, true)));
  });
}

function profileOf({ type, modelType, payload }: RpcMessage): Profile {
  const modelled = type === MessageType.ApplicationError && modelType !== undefined;
  // In an error of the model the classic nucleus always says which service speaks (`_service`), Lite never does.
  return modelled && !payload.includes('"_service"') ? 'lite' : 'classic';
}
