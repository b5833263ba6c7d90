import type { ClassicSpool, SpoolLimits } from './classic-spool.js';
import type { DeviceSubscriptions } from '../broker/device-subscriptions.js';
import type { MqttVersion } from '../local-nucleus-options.js';
import type { LocalTopics } from '../pubsub/local-topics.js';
import type { ProfileContext } from '../server/protocol.js';

/** Limits of the classic nucleus that a device's configuration can change. */
export interface ClassicLimits {
  readonly spool: SpoolLimits;
  readonly mqttVersion: MqttVersion;
  /** The largest payload, in bytes: 128 KiB. */
  readonly maxPayload: number;
}

/** What the connections of a classic nucleus work with. */
export interface ClassicShared {
  readonly context: ProfileContext;
  readonly limits: ClassicLimits;
  readonly spool: ClassicSpool;
  readonly table: DeviceSubscriptions;
  readonly local: LocalTopics;
}
