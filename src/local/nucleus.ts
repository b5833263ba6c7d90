import type { BrokerMessage } from './broker-message.js';
import type { Faults } from './faults.js';
import type { NucleusEvent } from './nucleus-event.js';
import type { ProfileName } from './profile-name.js';

/** A message to publish as the cloud does. A string payload is sent as UTF-8. */
export interface CloudMessage extends Omit<BrokerMessage, 'payload' | 'qos'> {
  readonly payload: Uint8Array | string;
  readonly qos?: 0 | 1 | undefined;
}

/** The environment variables a component needs to connect. */
export interface ComponentEnvironment {
  readonly SVCUID: string;
  readonly AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: string;
}

/** A running local nucleus. */
export interface LocalNucleus extends AsyncDisposable {
  readonly profile: ProfileName;
  /** The Unix domain socket: mode 0600 in a fresh directory of mode 0700. */
  readonly socketPath: string;
  /** The component's token (`SVCUID`). Throws for a name that was not given to `startLocalNucleus`. */
  readonly authToken: (component: string) => string;
  /** The variables to start the component's process with. */
  readonly environment: (component: string) => ComponentEnvironment;
  /** The embedded MQTT broker, for any MQTT 3.1.1 client: `mqtt://127.0.0.1:port`. */
  readonly mqttUrl: string;
  readonly mqttHost: string;
  readonly mqttPort: number;
  /** Makes it misbehave. */
  readonly faults: Faults;
  /** Authenticated or not. */
  readonly connections: number;
  readonly subscriptions: number;
  /** Publishes taken from components that the broker has not acknowledged. */
  readonly spooled: number;
  /** Bytes that clients have not read yet. */
  readonly queuedBytes: number;
  /** Publishes as the cloud does: to every component and MQTT client subscribed. */
  readonly publish: (message: CloudMessage) => void;
  /** Takes the device's connection to the broker away, or gives it. */
  readonly setOnline: (online: boolean) => void;
  /** Calls back for each thing that happens, until the result is called. Costs something for each publish. */
  readonly observe: (observer: (event: NucleusEvent) => void) => () => void;
  /**
   * Ends every connection and starts again at the same path, with other tokens as a device does: a component that survived
   * is refused for ever. `keepTokens` is for tests of reconnecting.
   */
  readonly restart: (options?: { readonly keepTokens?: boolean | undefined }) => Promise<void>;
  /** Ends every connection, frees the port, removes the socket and its directory. Harmless when repeated. */
  readonly stop: () => Promise<void>;
}
