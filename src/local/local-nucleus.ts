import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../ipc/clock.js';
import { CLASSIC_MAX_FRAME, LITE_MAX_FRAME } from '../ipc/frame.js';
import type { AccessControl } from './access-control.js';
import type { Authorizer } from './authorizer.js';
import type { BrokerMessage } from './broker-message.js';
import { classicPolicy } from './classic-policy.js';
import { ClassicServer } from './classic-server.js';
import type { ConnectionLimits } from './client-connection.js';
import { EmbeddedBroker } from './embedded-broker.js';
import { FaultSwitches } from './fault-switches.js';
import { Faults } from './faults.js';
import { IpcServer } from './ipc-server.js';
import { Link } from './link.js';
import { litePolicy } from './lite-policy.js';
import { LiteServer } from './lite-server.js';
import type { NucleusEvent } from './nucleus-event.js';
import type { ProfileName } from './profile-name.js';
import type { ProfileContext, ProfileServer } from './protocol.js';
import { systemClock } from './system-clock.js';
import { Tokens } from './tokens.js';
import { WriteBudget } from './write-budget.js';

/** A component that may connect. */
export interface LocalComponent {
  /** Such as `com.example.Sensor`. */
  readonly name: string;
  /** As in its recipe. Left out: it may connect, and every operation is Unauthorized, as on a device. */
  readonly accessControl?: AccessControl | undefined;
}

/** Limits that a local nucleus takes from its profile unless told otherwise. */
export interface LocalNucleusLimits {
  /** Bytes that may wait for a client that does not read: 64 MiB on classic (then it is cut), 16 MiB on Lite (then messages are dropped). */
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
  /** The component's token (`SVCUID`). Throws for a name that was not given to {@link startLocalNucleus}. */
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

/** What a Unix domain socket's address has room for, in bytes: 108 with the closing NUL on Linux, 104 on macOS. */
const MAX_SOCKET_PATH = process.platform === 'darwin' ? 103 : 107;

const MEBIBYTE = 1024 * 1024;
/** Bytes waiting for, and unfinished from, all clients together. */
const ALL_CLIENTS_BYTES = 256 * MEBIBYTE;

/**
 * Starts a nucleus on this machine: the real protocol on a real Unix domain socket, with a real MQTT broker behind it, for
 * components in any language. It keeps the process alive until it is stopped.
 *
 * It behaves as the chosen profile does: handshake, order of checks, error texts, limits, policy matching. Rejects if the socket or the port
 * cannot be had. What clients do is bounded: a slow or hostile one costs memory up to its limits and never stops the others.
 *
 * @example
 * ```ts
 * import { startLocalNucleus } from 'greengrass-rx/local';
 *
 * const nucleus = await startLocalNucleus({
 *   profile: 'classic',
 *   components: [
 *     {
 *       name: 'com.example.Sensor',
 *       accessControl: {
 *         'aws.greengrass.ipc.mqttproxy': {
 *           'com.example.Sensor:mqttproxy:1': {
 *             operations: ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'],
 *             resources: ['sensors/#'],
 *           },
 *         },
 *       },
 *     },
 *   ],
 * });
 * console.log(nucleus.environment('com.example.Sensor'), nucleus.mqttUrl);
 * await nucleus.stop();
 * ```
 *
 * Source: the classic nucleus 2.x and Greengrass Lite 2.6; AWS IoT Greengrass developer guide, "Interprocess communication".
 */
export async function startLocalNucleus(options: LocalNucleusOptions): Promise<LocalNucleus> {
  const { profile, components, limits = {}, clock = systemClock } = options;
  const observers = new Set<(event: NucleusEvent) => void>();
  const observe = (event: NucleusEvent): void => {
    for (const observer of [...observers]) observer(event);
  };
  const faults = new FaultSwitches();
  const tokens = new Tokens(
    profile,
    components.map(({ name }) => name),
  );
  const link = new Link(options.online ?? true);
  const policies = readPolicies(profile, components);
  // The broker comes first and the profile needs it; by the time a message arrives both are there.
  const started: { server?: ProfileServer } = {};
  const broker = await EmbeddedBroker.start(
    { port: options.mqttPort ?? 0, copies: profile === 'lite' ? 'each' : 'one' },
    {
      onMessage: message => {
        if (link.isUp) started.server?.receive(message);
      },
      onLink: up => {
        link.set('broker', !up);
      },
    },
  );
  const context: ProfileContext = {
    broker,
    link,
    tokens,
    authorizers: policies.authorizers,
    faults,
    clock,
    observe,
    observed: () => observers.size > 0,
    connectionStatus: options.connectionStatus ?? profile === 'lite',
  };
  const profileServer = makeServer(profile, context, limits);
  started.server = profileServer;
  const directory = await mkdtemp(join(tmpdir(), 'ggrx-'));
  const socketPath = join(directory, 'ipc.socket');
  const remove = async (): Promise<void> => {
    await broker.close();
    await rm(directory, { recursive: true, force: true });
  };
  const ipc = new IpcServer(
    socketPath,
    profileServer,
    {
      clock,
      faults,
      limits: connectionLimits(profile, limits),
      outgoing: new WriteBudget(ALL_CLIENTS_BYTES),
      incoming: new WriteBudget(ALL_CLIENTS_BYTES),
      observe,
    },
    limits.connections ?? (profile === 'lite' ? 50 : 2048),
  );
  try {
    if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH) {
      throw new RangeError(
        `The socket path ${socketPath} is longer than ${String(MAX_SOCKET_PATH)} bytes. Set TMPDIR to a shorter directory.`,
      );
    }
    await ipc.listen();
  } catch (error) {
    await remove();
    throw error;
  }
  const control = new Faults({ switches: faults, server: () => ipc, profile: () => profileServer, link, broker });
  const authToken = (component: string): string => {
    const token = tokens.of(component);
    if (token !== undefined) return token;
    throw new RangeError(`No component ${JSON.stringify(component)} was given to startLocalNucleus.`);
  };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await control.undoAll();
      await ipc.close();
      await remove();
    })();
    return stopping;
  };
  return {
    profile,
    socketPath,
    authToken,
    environment: component => ({ SVCUID: authToken(component), AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socketPath }),
    mqttUrl: broker.url,
    mqttHost: broker.host,
    mqttPort: broker.port,
    faults: control,
    get connections() {
      return ipc.connections.size;
    },
    get subscriptions() {
      return profileServer.subscriptions;
    },
    get spooled() {
      return profileServer.spooled;
    },
    get queuedBytes() {
      return [...ipc.connections].reduce((sum, { outbox }) => sum + outbox.queuedBytes, 0);
    },
    publish: ({ payload, qos = 0, ...message }) => {
      broker.publish({ ...message, qos, payload: typeof payload === 'string' ? Buffer.from(payload) : payload }, () => undefined);
    },
    setOnline: online => {
      link.set('offline', !online);
    },
    observe: observer => {
      observers.add(observer);
      for (const problem of policies.problems) observer(problem);
      return () => observers.delete(observer);
    },
    restart: async ({ keepTokens = false } = {}) => {
      if (stopping !== undefined) throw new Error('The local nucleus has been stopped.');
      await ipc.close();
      profileServer.reset();
      if (!keepTokens) tokens.reissueAll();
      await ipc.listen();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function makeServer(profile: ProfileName, context: ProfileContext, limits: LocalNucleusLimits): ProfileServer {
  if (profile === 'lite') {
    return new LiteServer(context, { subscriptions: 100, publishWindow: { messages: 10, bytes: 15_000 }, maxInboundPacket: 5000 });
  }
  const spool = { bytes: limits.spoolBytes ?? 2.5 * MEBIBYTE, inFlight: limits.maxInFlightPublishes ?? 1000 };
  return new ClassicServer(context, { spool, maxPayload: 128 * 1024 });
}

function connectionLimits(profile: ProfileName, limits: LocalNucleusLimits): ConnectionLimits {
  const isLite = profile === 'lite';
  const timeout = limits.socketTimeoutMs ?? 5000;
  return {
    maxFrame: isLite ? LITE_MAX_FRAME : CLASSIC_MAX_FRAME,
    halfFrameTimeoutMs: isLite ? timeout : undefined,
    outbox: {
      queueBytes: limits.outgoingQueueBytes ?? (isLite ? 16 : 64) * MEBIBYTE,
      whenFull: isLite ? 'drop' : 'cut',
      stallTimeoutMs: timeout,
    },
  };
}

function readPolicies(
  profile: ProfileName,
  components: readonly LocalComponent[],
): { readonly authorizers: ReadonlyMap<string, Authorizer>; readonly problems: readonly NucleusEvent[] } {
  const read = profile === 'lite' ? litePolicy : classicPolicy;
  const outcomes = components.map(({ name, accessControl }) => ({ name, outcome: read(accessControl) }));
  return {
    authorizers: new Map(outcomes.map(({ name, outcome }) => [name, outcome.authorize])),
    problems: outcomes.flatMap(({ name, outcome }) =>
      outcome.problems.map(problem => ({ kind: 'policy', component: name, problem }) as const),
    ),
  };
}
