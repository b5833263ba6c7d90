import { type Observable, of } from 'rxjs';
import type { ConnectError } from '../errors/errors.js';
import { crtTransport } from '../ipc/crt/crt-transport.js';
import { socketTransport } from '../ipc/socket/socket-transport.js';
import type { Transport } from '../ipc/transport.js';
import type { Capabilities, ConnectionState, DrainReport, MqttProxy, RunnableTask, RunnableTaskEither } from '../ports/mqtt-proxy.js';
import { capped, equalJitter, exponential, fixed, fullJitter, resetAfter } from '../schedule/schedule.js';
import type { TransportName } from '../shared/profile.js';
import { type Configuration, IpcConfiguration } from './configuration.js';
import { ConnectionLife, IpcMqttProxy } from './mqtt-proxy.js';
import { type ConnectOptions, type DefaultSchedules, resolveOptions } from './connect-options.js';
import { IpcLifecycle, type Lifecycle } from './lifecycle.js';
import { IpcLocalTopics, type LocalTopics } from './local-topics.js';
import { NucleusLink, type WaitsFor } from './nucleus-link.js';

const TRANSPORTS: Record<TransportName, Transport> = { socket: socketTransport, crt: crtTransport };

/**
 * Reconnecting: full jitter, so that the components of a device do not all come back at the same moment. A connection that has lasted for
 * five seconds begins a new series when it breaks.
 *
 * Subscribing again: if only the subscription is dead and the connection is not, longer and longer waits would spare nobody anything, and
 * only make the outage longer.
 */
const SCHEDULES: DefaultSchedules = {
  reconnect: resetAfter(5_000)(fullJitter(capped(30_000)(exponential(100)))),
  resubscribe: equalJitter(fixed(2_000)),
};

/**
 * The MQTT proxy of the nucleus, over its real IPC socket. Pure and lazy: nothing is read from the socket or written to it
 * before the first `subscribe`, `publish` or `ready` runs, and every failure, a missing environment variable too, arrives
 * there as a `Left`.
 *
 * A connection that breaks is made anew by the `reconnect` schedule, its subscriptions first; see {@link MqttProxy}.
 *
 * @throws RangeError, TypeError for options out of range, which are mistakes of the program, and for a `GREENGRASS_RX_TRANSPORT` that is no
 *   transport: a typing error there should be seen at once, not at the first message.
 *
 * @example
 * ```ts
 * import { connect, QOS } from 'greengrass-rx';
 *
 * const proxy = connect();
 * console.log(await proxy.ready()());
 * console.log(await proxy.publish({ topicName: 'hello', payload: 'world', qos: QOS.AT_LEAST_ONCE })());
 * await proxy.close();
 * ```
 */
export function connect(options: ConnectOptions = {}): MqttProxy {
  return new IpcMqttProxy(openLink(options));
}

/**
 * What `connect` and `connectNucleus` put their ports on.
 *
 * @internal
 */
export function openLink(options: ConnectOptions): NucleusLink {
  const resolved = resolveOptions(options, SCHEDULES, process.env);
  return new NucleusLink(resolved, TRANSPORTS[resolved.transport]);
}

/**
 * The same over another transport: the testing kit puts a nucleus in memory behind it, so that under virtual time the same code runs as on
 * a device.
 *
 * @internal
 */
export function openLinkOver(transport: Transport, options: ConnectOptions): NucleusLink {
  return new NucleusLink(resolveOptions(options, SCHEDULES, {}), transport);
}

/**
 * {@link connect} over a transport of another kind.
 *
 * @internal
 */
export function connectOver(transport: Transport, options: ConnectOptions): MqttProxy {
  return new IpcMqttProxy(openLinkOver(transport, options));
}

/**
 * {@link connectNucleus} over a transport of another kind.
 *
 * @internal
 */
export function connectNucleusOver(transport: Transport, options: ConnectOptions): Nucleus {
  return new IpcNucleus(openLinkOver(transport, options));
}

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
 * The nucleus with all its services, over its real IPC socket: MQTT proxy, local topics, configuration and lifecycle. Pure and lazy as
 * {@link connect} is, which gives its MQTT proxy alone: the first stream or task of any port that runs makes the one connection.
 *
 * An operation that the nucleus does not offer is one `Left(UnsupportedOperation)` of kind `message` and then completion. This is found out
 * once for each connection.
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
 * const topic = 'plc/7/raw';
 * local
 *   .subscribe({ topic, onStatus: ({ status }) => status === 'active' && void local.publish({ topic, json: { celsius: 21 } })() })
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

/**
 * What the subscriptions of a nucleus still wait for. For one that this library has not made, this is not known.
 *
 * @internal
 */
export function awaitedBy(nucleus: Nucleus): Observable<WaitsFor> {
  return nucleus instanceof IpcNucleus ? nucleus.awaited$ : of('nothing');
}

class IpcNucleus extends ConnectionLife implements Nucleus {
  readonly mqtt: MqttProxy;
  readonly local: LocalTopics;
  readonly configuration: Configuration;
  readonly lifecycle: Lifecycle;
  readonly awaited$: Observable<WaitsFor>;

  constructor(link: NucleusLink) {
    super(link);
    this.mqtt = new IpcMqttProxy(link);
    this.local = new IpcLocalTopics(link);
    this.configuration = new IpcConfiguration(link);
    this.lifecycle = new IpcLifecycle(link);
    this.awaited$ = link.awaited$;
  }
}
