import type { Clock } from '../../shared/clock.js';
import { type BrokerAddress, type BrokerCredentials, probeTls, readCredentials } from './address.js';
import { type Broker, type BrokerListener, type BrokerMessage, type SubscribeAnswer, topicIsValid } from './broker.js';
import { type CrtMqtt, fromNativePublish, loadCrtMqtt, type NativeAck, type NativeMqttClient, type NativeReason } from './crt-mqtt.js';
import type { DeviceMqtt } from './embedded-broker.js';
import {
  BrokerClientMissing,
  BrokerConnectionLost,
  BrokerCredentialsInvalid,
  type BrokerProblem,
  BrokerRefused,
  BrokerSubscriptionDenied,
  BrokerTlsFailed,
  BrokerUnreachable,
  type UnreachableReason,
} from './errors.js';
import { RemotePublishes, RemoteSubscriptions } from './remote-session.js';

/** How long starting waits for the first attempt to connect to end, in milliseconds; then the nucleus begins offline. */
const FIRST_ATTEMPT = 5000;
/** After so long without an answer it is looked whether the broker's certificate is to blame, in milliseconds. */
const PROBE_AFTER = 1000;

/**
 * How long stopping waits for aws-crt, in milliseconds. Where the broker's certificate is not trusted s2n holds the connection for up
 * to half a minute, on purpose and with no way to end it, and a Ctrl-C would seem to do nothing.
 */
const STOP_WITHIN = 1000;

/**
 * An MQTT 5 broker elsewhere, through aws-crt's client: one connection for all components. What it cannot reach it tries again,
 * for as long as the nucleus runs; meanwhile the device is offline and its profile does what it does then.
 */
export class RemoteBroker implements Broker {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly #address: BrokerAddress;
  readonly #listener: BrokerListener;
  readonly #clock: Clock;
  readonly #client: NativeMqttClient;
  readonly #credentials: BrokerCredentials;
  readonly #publishes: RemotePublishes;
  readonly #subscriptions: RemoteSubscriptions;
  #state: 'running' | 'down' | 'closed' = 'running';
  #isConnected = false;
  #onFirstAttempt: (() => void) | undefined;

  private constructor(
    crt: CrtMqtt,
    address: BrokerAddress,
    credentials: BrokerCredentials,
    { retainAsPublished }: DeviceMqtt,
    clock: Clock,
    listener: BrokerListener,
  ) {
    this.url = address.url;
    this.host = address.host;
    this.port = address.port;
    this.#address = address;
    this.#credentials = credentials;
    this.#listener = listener;
    this.#clock = clock;
    this.#client = crt.newClient(address, credentials, {
      onConnected: rejoinedSession => {
        this.#connected(rejoinedSession);
      },
      onFailed: (reason, connack) => {
        if (this.#state === 'running') this.#offline(connectProblem(address, reason, connack));
      },
      onDisconnected: (reason, disconnect) => {
        this.#disconnected(reason, disconnect);
      },
      onMessage: packet => {
        if (this.#state !== 'closed') this.#subscriptions.receive(fromNativePublish(packet));
      },
    });
    this.#publishes = new RemotePublishes(this.#client, clock, reason => {
      listener.onEvent({ kind: 'dropped', connection: undefined, component: undefined, messages: 1, reason });
    });
    this.#subscriptions = new RemoteSubscriptions(this.#client, retainAsPublished, listener.onMessage, (filter, reasonCode) => {
      const problem = new BrokerSubscriptionDenied(this.url, filter, reasonCode);
      listener.onEvent({ kind: 'broker', url: this.url, state: 'denied', problem });
    });
  }

  static async start(address: BrokerAddress, device: DeviceMqtt, clock: Clock, listener: BrokerListener): Promise<RemoteBroker> {
    const credentials = await readCredentials(address);
    const crt = await loadCrtMqtt().catch((error: unknown) => {
      throw new BrokerClientMissing(address.url, error);
    });
    let broker: RemoteBroker;
    try {
      broker = new RemoteBroker(crt, address, credentials, device, clock, listener);
    } catch (error) {
      throw BrokerCredentialsInvalid.malformed(address.url, 'certificate', error);
    }
    await broker.#begin();
    return broker;
  }

  publish(message: BrokerMessage, onAcknowledged: () => void): void {
    if (this.#state === 'closed' || !topicIsValid(message.topicName)) setImmediate(onAcknowledged);
    else this.#publishes.publish(message, onAcknowledged);
  }

  subscribe(filter: string, qos: 0 | 1, onAnswer: (answer: SubscribeAnswer) => void = () => undefined): void {
    if (this.#state !== 'closed') this.#subscriptions.subscribe(filter, qos, onAnswer);
  }

  unsubscribe(filter: string): void {
    if (this.#state !== 'closed') this.#subscriptions.unsubscribe(filter);
  }

  async setDown(down: boolean): Promise<void> {
    if (this.#state === 'closed' || down === (this.#state === 'down')) return;
    if (down) {
      this.#state = 'down';
      await this.#stop();
    } else {
      this.#state = 'running';
      await this.#begin();
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const wasRunning = this.#state === 'running';
    this.#state = 'closed';
    this.#publishes.close();
    if (wasRunning) await this.#stop();
    this.#client.close();
  }

  /** Starts connecting. Resolves when the first attempt has ended either way, or has taken too long. */
  #begin(): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#clock.after(FIRST_ATTEMPT, () => {
        this.#settleFirstAttempt();
      });
      const cancelProbe = this.#address.tls === undefined ? undefined : this.#clock.after(PROBE_AFTER, () => void this.#probe());
      this.#onFirstAttempt = () => {
        cancel();
        cancelProbe?.();
        resolve();
      };
      this.#client.start();
    });
  }

  async #probe(): Promise<void> {
    const problem = await probeTls(this.#address, this.#credentials);
    if (problem === undefined || this.#onFirstAttempt === undefined || this.#state !== 'running') return;
    const { name, message } = problem;
    const code = 'code' in problem && typeof problem.code === 'string' ? problem.code : name === 'Error' ? message : name;
    this.#offline(new BrokerTlsFailed(this.url, code, problem));
  }

  #stop(): Promise<void> {
    const stopped = this.#client.stop();
    this.#settleFirstAttempt();
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(STOP_WITHIN, () => resolve());
      stopped.finally(cancel).then(resolve, reject);
    });
  }

  #connected(rejoinedSession: boolean): void {
    if (this.#state !== 'running') return;
    this.#isConnected = true;
    this.#subscriptions.connected(rejoinedSession);
    // What was lost goes before what the spool will send once the link is up.
    this.#publishes.connected();
    this.#listener.onLink(true);
    this.#listener.onEvent({ kind: 'broker', url: this.url, state: 'connected' });
    this.#settleFirstAttempt();
  }

  #disconnected(reason: NativeReason, disconnect: NativeAck | undefined): void {
    if (!this.#isConnected || this.#state === 'closed') return;
    this.#offline(this.#state === 'down' ? undefined : lossProblem(this.#address, reason, disconnect));
  }

  #offline(problem: BrokerProblem | undefined): void {
    this.#isConnected = false;
    this.#publishes.disconnected();
    this.#subscriptions.disconnected();
    this.#listener.onLink(false);
    this.#listener.onEvent({ kind: 'broker', url: this.url, state: 'offline', problem });
    this.#settleFirstAttempt();
  }

  #settleFirstAttempt(): void {
    this.#onFirstAttempt?.();
    this.#onFirstAttempt = undefined;
  }
}

const REASONS: Readonly<Record<string, UnreachableReason>> = {
  AWS_IO_SOCKET_CONNECTION_REFUSED: 'refused',
  AWS_IO_SOCKET_NO_ROUTE_TO_HOST: 'timeout',
  AWS_IO_SOCKET_NETWORK_DOWN: 'timeout',
  AWS_IO_SOCKET_TIMEOUT: 'timeout',
  AWS_IO_SOCKET_CLOSED: 'closed',
  AWS_ERROR_MQTT_UNEXPECTED_HANGUP: 'closed',
  AWS_ERROR_MQTT5_CONNACK_TIMEOUT: 'silent',
};

/** What a failed attempt to connect means, with the remedy. */
function connectProblem({ url }: BrokerAddress, { name, text }: NativeReason, connack: NativeAck | undefined): BrokerProblem {
  const cause = withStack(new Error(text));
  if (connack !== undefined) return withStack(new BrokerRefused(url, connack.reasonCode, connack.reasonString, cause));
  if (name.includes('_TLS_')) return withStack(new BrokerTlsFailed(url, name, cause));
  const reason = name.includes('_DNS_') ? 'unknown-host' : (REASONS[name] ?? 'other');
  return withStack(new BrokerUnreachable(url, reason, cause));
}

/** What it means that a connection has ended. */
function lossProblem({ url }: BrokerAddress, { name, text }: NativeReason, disconnect: NativeAck | undefined): BrokerProblem {
  const detail = disconnect === undefined ? name : `reason code ${disconnect.reasonCode}`;
  return withStack(new BrokerConnectionLost(url, detail, withStack(new Error(text))));
}

/**
 * Writes an error's stack down. Until that is done V8 keeps the frames themselves, and in one of them the native client, which
 * could then not be freed after it has been closed and would keep the process alive.
 */
function withStack<E extends Error>(error: E): E {
  Reflect.get(error, 'stack');
  return error;
}
