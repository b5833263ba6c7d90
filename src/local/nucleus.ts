import type { Clock } from '../shared/clock.js';
import type { LocalComponent, RecipeComponent } from '../recipe/recipe.js';
import type { Profile } from '../shared/profile.js';
import type { AnyQos } from '../shared/qos.js';
import type { BrokerChoice } from './broker/address.js';
import type { BrokerMessage } from './broker/broker.js';
import type { Faults } from './faults/faults.js';
import type { ComponentEnvironment, StartProcess } from './lifecycle/component-process.js';
import type { Deployment, RollOut, RollOutOptions } from './lifecycle/roll-out.js';
import type { NucleusEvent } from './nucleus-event.js';
import type { NeighbourMessage } from './pubsub/neighbour.js';

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
   * How many publishes of QoS 1 a second the broker acknowledges to Lite, which keeps 10 until they are acknowledged and refuses more.
   * Without a limit: as many as it can. A device with a cloud 75 ms away gets some 130.
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
   * Whether there are device shadows, classic and named ones of any thing, in memory: what is published on `$aws/things/T/shadow/get`,
   * `update` and `delete`, by a component or as the cloud does, is answered as AWS IoT Core answers it. Left out: no. Only with the
   * embedded broker.
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

/** A message to publish as the cloud does. A string payload is sent as UTF-8. */
export interface CloudMessage extends Omit<BrokerMessage, 'payload' | 'qos'> {
  readonly payload: Uint8Array | string;
  readonly qos?: AnyQos | undefined;
}

/** A running local nucleus. */
export interface LocalNucleus extends AsyncDisposable {
  readonly profile: Profile;
  /** The Unix domain socket: mode 0600 in a fresh directory of mode 0700. */
  readonly socketPath: string;
  /** The component's token (`SVCUID`). Throws for a component that was never deployed. */
  readonly authToken: (component: string) => string;
  /** The variables to start the component's process with. */
  readonly environment: (component: string) => ComponentEnvironment;
  /**
   * Its MQTT broker: the embedded one at `mqtt://127.0.0.1:port`, for any MQTT 3.1.1 client; or the one that was chosen, without its
   * password.
   */
  readonly mqttUrl: string;
  readonly mqttHost: string;
  readonly mqttPort: number;
  /**
   * Puts a component in place at once: a new one, or another version of one that is there. Nobody is asked, and no process is started; a
   * deployment as a nucleus carries it out is `rollOut`. Its policies apply from the next request on; its subscriptions stay, as on a
   * device.
   *
   * A recipe's configuration is worked out as a device does: what is on the device wins over the recipe's defaults. So a policy that was
   * changed under its old id is **not** in effect until it is reset. `problems` and a `policy` event say so.
   *
   * @example
   * ```ts
   * import { readRecipe, startLocalNucleus } from 'greengrass-rx/local';
   *
   * const recipe = (resource: string) => {
   *   const read = readRecipe(
   *     JSON.stringify({
   *       RecipeFormatVersion: '2020-01-25',
   *       ComponentName: 'com.example.Sensor',
   *       ComponentVersion: '1.0.0',
   *       ComponentConfiguration: {
   *         DefaultConfiguration: {
   *           accessControl: { 'aws.greengrass.ipc.mqttproxy': { 'sensor:1': { operations: ['*'], resources: [resource] } } },
   *         },
   *       },
   *       Manifests: [{ Lifecycle: { run: 'node sensor.js' } }],
   *     }),
   *   );
   *   if (read._tag === 'Left') throw read.left;
   *   return read.right;
   * };
   * const nucleus = await startLocalNucleus({ profile: 'classic', components: [{ recipe: recipe('old/#') }] });
   * console.log(nucleus.deploy({ recipe: recipe('new/#') }).problems); // policy sensor:1 is not as the recipe has it …
   * console.log(nucleus.deploy({ recipe: recipe('new/#'), configurationUpdate: { reset: ['/accessControl'] } }).problems); // []
   * await nucleus.stop();
   * ```
   *
   * Source: AWS IoT Greengrass developer guide, "Update component configurations".
   */
  readonly deploy: (component: LocalComponent | RecipeComponent) => Deployment;
  /**
   * Deploys components as a nucleus does: classic asks them first, Lite does not. A component that validates its configuration reports
   * whether it accepts the new one, unless its version changes, too. If one refuses, or does not answer in time, the deployment fails, and
   * nothing changes. With `notifyComponents` components that have subscribed to updates can defer it. Never rejects.
   *
   * Source: AWS IoT Greengrass developer guide, "Interact with component lifecycle" and "Interact with component configuration".
   */
  readonly rollOut: (components: readonly (LocalComponent | RecipeComponent)[], options?: RollOutOptions) => Promise<RollOut>;
  /** Makes it misbehave. */
  readonly faults: Faults;
  /** Authenticated or not. */
  readonly connections: number;
  /** Subscriptions of the components, without those of observers. */
  readonly subscriptions: number;
  /** Publishes kept for the broker: on classic those that wait in the spool; on Lite those of QoS 1 that are not acknowledged. */
  readonly spooled: number;
  /** Bytes that clients have not read yet. */
  readonly queuedBytes: number;
  /** Publishes as the cloud does: to every component and MQTT client subscribed. */
  readonly publish: (message: CloudMessage) => void;
  /**
   * Publishes on a local topic as another component of the device does, which may do everything. What the nucleus refuses, such as a topic
   * with a wildcard, is a `failed` event; its events are those of `com.example.Neighbour`, on no connection.
   */
  readonly publishLocal: (message: NeighbourMessage) => void;
  /** Takes the device's connection to the broker away, or gives it. */
  readonly setOnline: (online: boolean) => void;
  /**
   * Calls back for each thing that happens, until the result is called. Costs something for each publish. What the observer throws, or its
   * promise rejects with, is written to stderr, and the nucleus and other observers go on. So a test gathers events in an observer, and
   * makes its expectations elsewhere.
   */
  readonly observe: (observer: (event: NucleusEvent) => void) => () => void;
  /**
   * Ends every connection and starts again at the same path. As on a device the tokens are new: a component that goes on with its old one
   * is refused for ever. `keepTokens` is for tests of reconnecting.
   */
  readonly restart: (options?: { readonly keepTokens?: boolean | undefined }) => Promise<void>;
  /** Ends every connection, frees the port, removes the socket and its directory. Harmless when repeated. */
  readonly stop: () => Promise<void>;
}
