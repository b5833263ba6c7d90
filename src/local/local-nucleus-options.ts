import type { Clock } from '../ipc/clock.js';
import type { AccessControl } from './access-control.js';
import type { ProfileName } from './profile-name.js';

/** A component that may connect. */
export interface LocalComponent {
  /** Such as `com.example.Sensor`. */
  readonly name: string;
  /** As in its recipe. Left out: it may connect, and every operation is Unauthorized, as on a device. */
  readonly accessControl?: AccessControl | undefined;
}

/** Limits that a local nucleus takes from its profile unless told otherwise. */
export interface LocalNucleusLimits {
  /**
   * Bytes that may wait for a client that does not read: 64 MiB on classic (then it is cut), 16 MiB on Lite (then messages are dropped).
   */
  readonly outgoingQueueBytes?: number | undefined;
  /** Bytes of payload in classic's spool: 2.5 MB. */
  readonly spoolBytes?: number | undefined;
  /**
   * Publishes of classic on their way to the broker at once. A device has 5 (`maxInFlightPublishes`), with a cloud 50 ms away;
   * here 1000, so that the spool fills only when something holds it up.
   */
  readonly maxInFlightPublishes?: number | undefined;
  /** How long Lite waits for a client to read, and for the rest of a frame, in milliseconds: 5000. */
  readonly socketTimeoutMs?: number | undefined;
  /** Connections at once: 50 on Lite; 2048 on classic, which has no such limit. */
  readonly connections?: number | undefined;
}

/** How a local nucleus is set up. */
export interface LocalNucleusOptions {
  /** Which server it behaves as. */
  readonly profile: ProfileName;
  readonly components: readonly LocalComponent[];
  /** TCP port of the embedded MQTT broker on the loopback interface. Left out or 0: a free one. */
  readonly mqttPort?: number | undefined;
  /** `false`: the device has never been online, so that classic withholds answers to subscribe until `setOnline(true)`. */
  readonly online?: boolean | undefined;
  /** Whether `SubscribeToIoTCoreConnectionStatus` exists, an operation of mid-2026. Left out: on Lite yes, on classic no. */
  readonly connectionStatus?: boolean | undefined;
  readonly limits?: LocalNucleusLimits | undefined;
  /** Where its timeouts take their time from; tests hand in their own. */
  readonly clock?: Clock | undefined;
}
