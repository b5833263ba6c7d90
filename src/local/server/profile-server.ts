import { CLASSIC_MAX_FRAME, LITE_MAX_FRAME } from '../../ipc/wire/frame.js';
import { ClassicServer } from '../classic/server.js';
import type { ConnectionLimits } from './client-connection.js';
import { LiteServer } from '../lite/server.js';
import type { LocalNucleusLimits, MqttVersion } from '../nucleus.js';
import type { Profile } from '../../shared/profile.js';
import type { ProfileContext, ProfileServer } from './protocol.js';
import { checkBound, checkPositiveTime } from '../../shared/check-argument.js';

const MEBIBYTE = 1024 * 1024;

/** The server of a profile with its limits. */
export function makeProfileServer(
  profile: Profile,
  context: ProfileContext,
  limits: LocalNucleusLimits,
  mqttVersion: MqttVersion = 'mqtt5',
): ProfileServer {
  if (profile === 'lite') {
    return new LiteServer(context, {
      subscriptions: 100,
      localSubscriptions: 99,
      publishWindow: { messages: 10, bytes: 15_000, pubacksPerSecond: limits.pubacksPerSecond ?? Infinity },
      maxInboundPacket: 4999,
    });
  }
  const spool = { bytes: limits.spoolBytes ?? 2.5 * MEBIBYTE, inFlight: limits.maxInFlightPublishes ?? 1000 };
  return new ClassicServer(context, { spool, maxPayload: 128 * 1024, mqttVersion });
}

/** What one client may do to the process under a profile. */
export function connectionLimits(profile: Profile, limits: LocalNucleusLimits): ConnectionLimits {
  const isLite = profile === 'lite';
  const { socketTimeout: timeout = 5000, handshakeTimeout = 30_000, ...bounds } = limits;
  checkPositiveTime(timeout, 'limits.socketTimeout');
  checkPositiveTime(handshakeTimeout, 'limits.handshakeTimeout');
  for (const [name, bound] of Object.entries(bounds)) if (bound !== undefined) checkBound(bound, `limits.${name}`, 0);
  return {
    maxFrame: isLite ? LITE_MAX_FRAME : CLASSIC_MAX_FRAME,
    handshakeTimeout,
    halfFrameTimeout: isLite ? timeout : undefined,
    outgoing: {
      queueBytes: limits.outgoingQueueBytes ?? (isLite ? 16 : 64) * MEBIBYTE,
      whenFull: isLite ? 'drop' : 'cut',
      stallTimeout: timeout,
    },
  };
}
