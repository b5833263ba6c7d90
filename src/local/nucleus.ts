import type { LocalComponent, RecipeComponent } from '../recipe/recipe.js';
import type { Profile } from '../shared/profile.js';
import type { AnyQos } from '../shared/qos.js';
import type { BrokerMessage } from './broker/broker.js';
import type { Faults } from './faults/faults.js';
import type { ComponentEnvironment } from './lifecycle/component-process.js';
import type { Deployment, RollOut, RollOutOptions } from './lifecycle/roll-out.js';
import type { NucleusEvent } from './nucleus-event.js';
import type { NeighbourMessage } from './pubsub/neighbour.js';

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
  /** Its MQTT broker: the embedded one, for any MQTT 3.1.1 client, at `mqtt://127.0.0.1:port`; or the one it was told, without password. */
  readonly mqttUrl: string;
  readonly mqttHost: string;
  readonly mqttPort: number;
  /**
   * Deploys a component: a new one, or another version of one there is. Its policies count from the next request on; what it has
   * subscribed stays, as on a device.
   *
   * A recipe's configuration is worked out as a device does: what is on the device wins over the recipe's defaults, so that a changed
   * policy under an old id is **not** in effect until it is reset. `problems` tells, and a `policy` event.
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
   * Deploys components as a nucleus does, which asks them first; on Lite nobody is asked. Those that have subscribed to validate configurations, and
   * whose configuration changes in the same version, report whether they take it: one that refuses, or does not answer in time, makes the
   * deployment fail, and nothing changes. With `notifyComponents` those that have subscribed to component updates can put it off. Never rejects.
   *
   * Source: AWS IoT Greengrass developer guide, "Interact with component lifecycle" and "Interact with component configuration".
   */
  readonly rollOut: (components: readonly (LocalComponent | RecipeComponent)[], options?: RollOutOptions) => Promise<RollOut>;
  /** Makes it misbehave. */
  readonly faults: Faults;
  /** Authenticated or not. */
  readonly connections: number;
  /** Those of the components; not of observers. */
  readonly subscriptions: number;
  /** Publishes taken from components that the broker has not acknowledged. */
  readonly spooled: number;
  /** Bytes that clients have not read yet. */
  readonly queuedBytes: number;
  /** Publishes as the cloud does: to every component and MQTT client subscribed. */
  readonly publish: (message: CloudMessage) => void;
  /**
   * Publishes on a local topic as another component of the device does, which may do everything. What the nucleus refuses, such as a topic with a
   * wildcard, is a `failed` event; its events are those of `com.example.Neighbour`, on no connection.
   */
  readonly publishLocal: (message: NeighbourMessage) => void;
  /** Takes the device's connection to the broker away, or gives it. */
  readonly setOnline: (online: boolean) => void;
  /**
   * Calls back for each thing that happens, until the result is called. Costs something for each publish. What the observer throws, or its promise
   * rejects with, is written to stderr: the nucleus and other observers go on. So expect nothing in one: gather, and expect then.
   */
  readonly observe: (observer: (event: NucleusEvent) => void) => () => void;
  /**
   * Ends every connection and starts again at the same path, with other tokens as a device does: a component that survived
   * is refused for ever. `keepTokens` is for tests of reconnecting.
   */
  readonly restart: (options?: { readonly keepTokens?: boolean | undefined }) => Promise<void>;
  /** Ends every connection, frees the port, removes the socket and its directory. Harmless when repeated. */
  readonly stop: () => Promise<void>;
}
