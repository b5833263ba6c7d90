import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type * as AwsCrt from 'aws-crt';
import { importCrt, untilLoaded } from '../../ipc/crt/crt-native.js';
import type { BrokerAddress, BrokerCredentials, BrokerTls } from './address.js';
import type { BrokerMessage } from './broker.js';

/**
 * As much of aws-crt's `mqtt5` as is used here, written down again: aws-crt is an optional dependency, so none of its types may
 * stand in the declarations of this package, and only {@link loadCrtMqtt} touches the module.
 */
interface NativePublish {
  readonly topicName: string;
  /** Missing when empty. */
  readonly payload?: ArrayBuffer | ArrayBufferView | undefined;
  readonly qos: number;
  readonly retain?: boolean | undefined;
  readonly payloadFormat?: number | undefined;
  readonly messageExpiryIntervalSeconds?: number | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: ArrayBuffer | ArrayBufferView | undefined;
  readonly contentType?: string | undefined;
  /** Received as an empty array where there are none. */
  readonly userProperties?: { readonly name: string; readonly value: string }[] | undefined;
}

/** An acknowledgement: its reason codes of 128 and more are failures. */
export interface NativeAck {
  readonly reasonCode: number;
  readonly reasonString?: string | undefined;
}

/** The answer to a SUBSCRIBE: a reason code for each filter. */
interface NativeSuback {
  readonly reasonCodes: readonly number[];
  readonly reasonString?: string | undefined;
}

/** The reason a connection failed or ended: a name such as `AWS_IO_SOCKET_CLOSED`, and the sentence that belongs to it. */
export interface NativeReason {
  readonly name: string;
  readonly text: string;
}

/** What the client tells. Each call comes in a turn of its own. */
interface NativeMqttListener {
  readonly onConnected: (rejoinedSession: boolean) => void;
  /** An attempt to connect has failed; the next follows by itself. */
  readonly onFailed: (reason: NativeReason, connack: NativeAck | undefined) => void;
  readonly onDisconnected: (reason: NativeReason, disconnect: NativeAck | undefined) => void;
  readonly onMessage: (message: NativePublish) => void;
}

/** One client and its one connection, which it makes again by itself. Must be closed, or it keeps the process alive. */
export interface NativeMqttClient {
  readonly start: () => void;
  /** Ends the connection, and the session at the broker. What was under way fails. Resolves when no event follows any more. */
  readonly stop: () => Promise<void>;
  /** Once stopped. */
  readonly close: () => void;
  /** Rejects with an `Error` where the packet is not valid, and with a text where the connection was lost or nobody answered. */
  readonly publish: (packet: NativePublish) => Promise<NativeAck | undefined>;
  readonly subscribe: (filters: NativeSubscription[]) => Promise<NativeSuback>;
  readonly unsubscribe: (topicFilters: string[]) => Promise<unknown>;
}

/** The native client's module. */
export interface CrtMqtt {
  /** Throws where a certificate or key cannot be used. */
  readonly newClient: (address: BrokerAddress, credentials: BrokerCredentials, listener: NativeMqttListener) => NativeMqttClient;
}

/**
 * Loads aws-crt at its first use. Rejects where it is not installed or has no binary for the machine, and each time it is asked tries
 * again.
 */
export const loadCrtMqtt: () => Promise<CrtMqtt> = untilLoaded(load);

const CONNECT_TIMEOUT = 10_000;

async function load(): Promise<CrtMqtt> {
  const { io, mqtt5 } = (await importCrt()) as typeof AwsCrt;
  const tlsContext = ({ alpn }: BrokerTls, { ca, certificate, privateKey }: BrokerCredentials) => {
    const options =
      certificate !== undefined && privateKey !== undefined
        ? io.TlsContextOptions.create_client_with_mtls(certificate, privateKey)
        : new io.TlsContextOptions();
    if (ca !== undefined) options.override_default_trust_store(ca);
    options.verify_peer = true;
    if (alpn !== undefined) options.alpn_list = [alpn];
    return new io.ClientTlsContext(options);
  };
  return {
    newClient: (address, credentials, { onConnected, onFailed, onDisconnected, onMessage }) => {
      const { host, port, clientId, username, password, tls, minDelay, maxDelay } = address;
      const domain = host.includes(':') ? io.SocketDomain.IPV6 : io.SocketDomain.IPV4;
      const client = new mqtt5.Mqtt5Client({
        hostName: host,
        port,
        ...(tls === undefined ? undefined : { tlsCtx: tlsContext(tls, credentials) }),
        socketOptions: new io.SocketOptions(io.SocketType.STREAM, domain, CONNECT_TIMEOUT),
        // Otherwise the name of an SDK is appended to the user name, and a broker with passwords knows no such user.
        disableMetrics: true,
        connackTimeoutMs: CONNECT_TIMEOUT,
        minReconnectDelayMs: minDelay,
        maxReconnectDelayMs: maxDelay,
        // As the classic nucleus does: what is under way fails at once, so that it can be told and sent again.
        sessionBehavior: mqtt5.ClientSessionBehavior.RejoinPostSuccess,
        offlineQueueBehavior: mqtt5.ClientOperationQueueBehavior.FailAllOnDisconnect,
        connectProperties: {
          clientId,
          keepAliveIntervalSeconds: 60,
          receiveMaximum: 100,
          sessionExpiryIntervalSeconds: 10_080,
          requestProblemInformation: true,
          ...(username === undefined ? undefined : { username }),
          ...(password === undefined ? undefined : { password: Buffer.from(password) }),
        },
      });
      client.on('connectionSuccess', ({ settings }) => {
        onConnected(settings.rejoinedSession);
      });
      client.on('connectionFailure', ({ error, connack }) => {
        onFailed(reasonOf(error), connack);
      });
      client.on('disconnection', ({ error, disconnect }) => {
        onDisconnected(reasonOf(error), disconnect);
      });
      client.on('messageReceived', ({ message }) => {
        onMessage(message as NativePublish);
      });
      // Failures of the binding itself; without a listener they would end the process, and what they broke fails anyway.
      client.on('error', () => undefined);
      return wrap(client as unknown as Mqtt5Client);
    },
  };
}

function reasonOf({ error_name: name = 'unknown', message }: { readonly error_name?: string; readonly message?: string }): NativeReason {
  return { name, text: message ?? name };
}

/** The broker forgets the session at once: nobody will come back for it. */
const GOODBYE = { reasonCode: 0, sessionExpiryIntervalSeconds: 0 };

/** Turns of the event loop that the failures of a stopped client are waited for; one has always been enough. */
const MAX_TURNS = 20;

/** One filter of a SUBSCRIBE. */
interface NativeSubscription {
  readonly topicFilter: string;
  readonly qos: number;
  readonly retainAsPublished: boolean;
}

/** The client itself, with numbers where its own types have enums. */
interface Mqtt5Client {
  start(): void;
  stop(packet: typeof GOODBYE): void;
  once(event: 'stopped', listener: () => void): unknown;
  close(): void;
  publish(packet: NativePublish): Promise<NativeAck | undefined>;
  subscribe(packet: { readonly subscriptions: NativeSubscription[] }): Promise<NativeSuback>;
  unsubscribe(packet: { readonly topicFilters: string[] }): Promise<unknown>;
}

function wrap(client: Mqtt5Client): NativeMqttClient {
  // Only here, so that letting go of it makes it garbage whoever still has the wrapper.
  let open: Mqtt5Client | undefined = client;
  const get = (): Mqtt5Client => {
    if (open === undefined) throw new Error('The MQTT client has been closed.');
    return open;
  };
  let underWay = 0;
  const ended = (): void => {
    underWay--;
  };
  const counted = <T>(operation: Promise<T>): Promise<T> => {
    underWay++;
    operation.then(ended, ended);
    return operation;
  };
  return {
    start: () => {
      get().start();
    },
    stop: async () => {
      await new Promise<void>(resolve => {
        get().once('stopped', () => {
          resolve();
        });
        get().stop(GOODBYE);
      });
      // What was under way fails a turn later, and never once the client is closed.
      for (let turn = 0; underWay > 0 && turn < MAX_TURNS; turn++) await new Promise(resolve => setImmediate(resolve));
    },
    close: () => {
      get().close();
      open = undefined;
      collectGarbage();
    },
    publish: packet => counted(get().publish(packet)),
    subscribe: subscriptions => counted(get().subscribe({ subscriptions })),
    unsubscribe: topicFilters => counted(get().unsubscribe({ topicFilters })),
  };
}

/**
 * aws-crt frees a closed MQTT client only when its JavaScript object is collected, and until then it keeps the process alive: a
 * program that has nothing else to do took eight seconds to end, which is when V8 collects what is idle.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Not in this turn, whose stack may still refer to the client.
  setImmediate(() => {
    collect();
  });
}

/** A message as aws-crt sends it. */
export function toNativePublish(message: BrokerMessage): NativePublish {
  const { topicName, payload, qos, retain = false, userProperties, payloadFormat, ...others } = message;
  return {
    ...withoutUndefined(others),
    topicName,
    payload,
    qos,
    retain,
    ...(payloadFormat === undefined ? undefined : { payloadFormat: payloadFormat === '1' ? 1 : 0 }),
    ...(userProperties === undefined ? undefined : { userProperties: userProperties.map(({ key, value }) => ({ name: key, value })) }),
  };
}

/** A message as aws-crt hands it over. */
export function fromNativePublish(packet: NativePublish): BrokerMessage {
  const { topicName, payload, qos, retain, payloadFormat, userProperties, correlationData } = packet;
  const { messageExpiryIntervalSeconds, responseTopic, contentType } = packet;
  return {
    topicName,
    payload: bytesOf(payload),
    qos: qos === 0 ? 0 : 1,
    retain: retain === true,
    userProperties:
      userProperties === undefined || userProperties.length === 0
        ? undefined
        : userProperties.map(({ name, value }) => ({ key: name, value })),
    messageExpiryIntervalSeconds,
    correlationData: correlationData === undefined ? undefined : bytesOf(correlationData),
    responseTopic,
    payloadFormat: payloadFormat === undefined ? undefined : payloadFormat === 1 ? '1' : '0',
    contentType,
  };
}

function bytesOf(data: ArrayBuffer | ArrayBufferView | undefined): Uint8Array {
  // Empty ones are handed over as detached buffers, of which no view can be made.
  if (data === undefined || data.byteLength === 0) return new Uint8Array(0);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}

/** The native client takes a member that is there for one that has a value. */
function withoutUndefined<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
