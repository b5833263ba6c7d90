import type { Observable } from 'rxjs';
import type { ConnectError } from '../errors/errors.js';
import type { ConnectOptions } from './connect-options.js';
import { IpcMqttProxy, openLink } from './connect.js';
import { IpcConfiguration, type Configuration } from './configuration.js';
import { IpcLifecycle, type Lifecycle } from './lifecycle.js';
import { IpcLocalTopics, type LocalTopics } from './local-topics.js';
import type { Capabilities, ConnectionState, DrainReport, MqttProxy, RunnableTask, RunnableTaskEither } from '../ports/mqtt-proxy.js';
import type { NucleusLink } from './nucleus-link.js';

/** The nucleus: a port for each of its services, all on one connection, with one token, one reconnect, one drain and one end. */
export interface Nucleus extends AsyncDisposable {
  /** Messages to and from AWS IoT Core: what {@link connect} gives. Closing or draining it is closing or draining all. */
  readonly mqtt: MqttProxy;
  /** Messages between the components of the device. */
  readonly local: LocalTopics;
  /** The configuration of this component and of others, and its changes. */
  readonly configuration: Configuration;
  /** Reports of this component's state, and updates that the nucleus announces. */
  readonly lifecycle: Lifecycle;
  /** Connects, if that is not done yet, and tells what was found. */
  readonly ready: () => RunnableTaskEither<ConnectError, Capabilities>;
  /** The connection's state, from the current one on. Subscribing to it does not connect. */
  readonly state$: Observable<ConnectionState>;
  /** As `MqttProxy.drain`, for all ports: intake stops, and the publishes of all are waited for. */
  readonly drain: (deadline: number) => RunnableTask<DrainReport>;
  readonly draining$: Observable<void>;
  /** Keeps `drain` from ending until the function that it gives is called, as a stage does that still holds values. */
  readonly holdDrain: () => () => void;
  /** Ends the connection and everything on it; afterwards nothing keeps the process alive. */
  readonly close: () => Promise<void>;
}

/**
 * The nucleus with all its services, over its real IPC socket: MQTT proxy, local topics, configuration and lifecycle. Pure and lazy as {@link connect} is, which gives its MQTT proxy
 * alone: the first stream or task of any port that runs makes the one connection.
 *
 * What a nucleus does not offer is one `Left(UnsupportedOperation)` of kind `message` and then completion, found out once a connection.
 *
 * @throws RangeError, TypeError for options out of range, as `connect` does.
 *
 * @example
 * ```ts
 * import { connectNucleus } from 'greengrass-rx';
 * import { take } from 'rxjs';
 *
 * const nucleus = connectNucleus();
 * const { local } = nucleus;
 * local
 *   .subscribe({ topic: 'plc/7/raw', onStatus: ({ status }) => status === 'active' && void local.publish({ topic: 'plc/7/raw', json: { celsius: 21 } })() })
 *   .pipe(take(1))
 *   .subscribe(message => {
 *     console.log(message); // Right({ topic: 'plc/7/raw', format: 'json', … })
 *     void nucleus.close();
 *   });
 * ```
 */
export function connectNucleus(options: ConnectOptions = {}): Nucleus {
  return new IpcNucleus(openLink(options));
}

class IpcNucleus implements Nucleus {
  readonly mqtt: MqttProxy;
  readonly local: LocalTopics;
  readonly configuration: Configuration;
  readonly lifecycle: Lifecycle;
  readonly #link: NucleusLink;

  constructor(link: NucleusLink) {
    this.#link = link;
    this.mqtt = new IpcMqttProxy(link);
    this.local = new IpcLocalTopics(link);
    this.configuration = new IpcConfiguration(link);
    this.lifecycle = new IpcLifecycle(link);
  }

  get state$(): Observable<ConnectionState> {
    return this.#link.state$;
  }

  get draining$(): Observable<void> {
    return this.#link.draining$;
  }

  ready(): RunnableTaskEither<ConnectError, Capabilities> {
    return this.#link.ready();
  }

  drain(deadline: number): RunnableTask<DrainReport> {
    return this.#link.drain(deadline);
  }

  holdDrain(): () => void {
    return this.#link.holdDrain();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
