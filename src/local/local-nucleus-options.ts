import type { Clock } from '../shared/clock.js';
import type { LocalComponent, RecipeComponent } from '../recipe/recipe.js';
import type { Profile } from '../shared/profile.js';
import type { BrokerChoice } from './broker/address.js';
import type { StartProcess } from './lifecycle/component-process.js';

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
  /**
   * Publishes of QoS 1 a second that the broker acknowledges to Lite, which keeps 10 until then and refuses the rest: as many as it does. A device with a
   * cloud 75 ms away gets some 130.
   */
  readonly pubacksPerSecond?: number | undefined;
  /** How long Lite waits for a client to read, and for the rest of a frame, in milliseconds: 5000. */
  readonly socketTimeout?: number | undefined;
  /** How long a client may be connected without its first message, in milliseconds: 30 000. Servers have no such limit. */
  readonly handshakeTimeout?: number | undefined;
  /** Connections at once: 50 on Lite; 2048 on classic, which has no such limit. */
  readonly connections?: number | undefined;
}

/** What the device speaks with its broker: `mqtt5`, the default since nucleus 2.10, or `mqtt3`. */
export type MqttVersion = 'mqtt5' | 'mqtt3';

/** How a local nucleus is set up. */
export interface LocalNucleusOptions {
  /** Which server it behaves as. */
  readonly profile: Profile;
  readonly components: readonly (LocalComponent | RecipeComponent)[];
  /**
   * The MQTT broker behind it: the embedded one on the loopback interface, any MQTT 5 broker by its URL, or AWS IoT Core. The last two
   * need the optional package aws-crt. All components share one connection. One that cannot be reached is no reason not to start: the
   * device is offline and events say why.
   */
  readonly broker?: BrokerChoice | undefined;
  /** TCP port of the embedded MQTT broker. Left out or 0: a free one. */
  readonly mqttPort?: number | undefined;
  /** `false`: the device has never been online, so that classic withholds answers to subscribe until `setOnline(true)`. */
  readonly online?: boolean | undefined;
  /** Whether `SubscribeToIoTCoreConnectionStatus` exists, an operation that is in no release yet. Left out: no. */
  readonly connectionStatus?: boolean | undefined;
  /**
   * Whether there are device shadows, classic and named ones of any thing, in memory: what is published on `$aws/things/T/shadow/get`, `update` and
   * `delete`, by a component or as the cloud does, is answered as AWS IoT Core answers it. Left out: no. Only with the embedded broker.
   */
  readonly shadows?: boolean | undefined;
  /** The name of the device's thing, for `{iot:thingName}`. Default: `local-thing`. */
  readonly thingName?: string | undefined;
  /** The nucleus' root folder, for `{kernel:rootPath}` and the paths below it. Default: `/greengrass/v2`. Nothing is written there. */
  readonly rootPath?: string | undefined;
  /**
   * Whether recipe variables in a component's configuration, and so in its policies, are filled in on classic; off by default, as on
   * a device. Lite always does so in policies.
   */
  readonly interpolateComponentConfiguration?: boolean | undefined;
  /**
   * The `mqtt.version` of a classic nucleus. Default: `mqtt5`. With `mqtt3` the MQTT 5 members are lost without an error, both ways, and
   * reserved topics have the limits of all others.
   */
  readonly mqttVersion?: MqttVersion | undefined;
  /**
   * Starts the processes of components that are rolled out (`rollOut`) with a recipe: its `startup` or else its `run` step. The nucleus
   * waits for them, starts them again when they fail, stops them, and rolls the deployment back as the profile does. Left out: it starts
   * none, and a component that reports `ERRORED` fails no deployment.
   */
  readonly startProcess?: StartProcess | undefined;
  readonly limits?: LocalNucleusLimits | undefined;
  /** Where its timeouts take their time from; tests hand in their own. */
  readonly clock?: Clock | undefined;
}
