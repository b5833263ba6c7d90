import { rm } from 'node:fs/promises';
import { asyncScheduler } from 'rxjs';
import { deviceSettings } from '../recipe/interpolate.js';
import { Policies } from '../recipe/policy/policies.js';
import type { LocalComponent, RecipeComponent } from '../recipe/recipe.js';
import { schedulerClock } from '../schedule/clock.js';
import { qosNumberOf } from '../shared/qos.js';
import { tooLongForSocket } from '../shared/socket-path.js';
import { harmlessHook } from '../stream/hook.js';
import { planBroker, startBroker } from './broker/start-broker.js';
import { ComponentConfigurations } from './configuration/component-configurations.js';
import { FaultSwitches } from './faults/fault-switches.js';
import { Faults } from './faults/faults.js';
import type { ComponentEnvironment } from './lifecycle/component-process.js';
import { ComponentProcesses } from './lifecycle/component-processes.js';
import { Deployments } from './lifecycle/deployments.js';
import { LifecycleServices } from './lifecycle/lifecycle-services.js';
import type { Deployment } from './lifecycle/roll-out.js';
import type { LocalNucleus, LocalNucleusOptions } from './nucleus.js';
import type { BrokerEvent, NucleusEvent } from './nucleus-event.js';
import { addNeighbour, publishAsNeighbour } from './pubsub/neighbour.js';
import { Backpressure } from './server/backpressure.js';
import { Components, type DeployedComponent, Tokens } from './server/components.js';
import { IpcServer, makeSocketFolder, socketIn } from './server/ipc-server.js';
import { ByteBudget } from './server/outgoing-queue.js';
import { connectionLimits, makeProfileServer } from './server/profile-server.js';
import { Link, type ProfileContext, type ProfileServer } from './server/protocol.js';
import { serveShadows } from './shadow/shadows.js';

/** Bytes that may wait to be sent to all clients together; and as many again of frames from them that are not complete. */
const ALL_CLIENTS_BYTES = 256 * 1024 * 1024;

/**
 * Starts a nucleus on this machine: the real protocol on a real Unix domain socket (on Windows a named pipe), with a real MQTT broker
 * behind it, for components in any language. It keeps the process alive until it is stopped.
 *
 * It behaves as the chosen profile does: handshake, order of checks, error texts, limits, policy matching. Rejects if the socket or the
 * port cannot be had. What clients do is bounded: a slow or hostile one costs memory up to its limits and never stops the others.
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
  const { profile, components, limits = {}, clock = schedulerClock(asyncScheduler) } = options;
  const bounds = connectionLimits(profile, limits);
  const observers = new Set<(event: NucleusEvent) => void>();
  const observe = (event: NucleusEvent): void => {
    for (const observer of [...observers]) observer(event);
  };
  const faults = new FaultSwitches();
  const backpressure = new Backpressure();
  const tokens = new Tokens(profile);
  const plan = planBroker(options.broker, options.mqttPort);
  if (options.shadows === true && plan.kind === 'remote')
    throw new RangeError(
      'Shadows are those of the embedded broker. A broker elsewhere answers on their topics itself, as AWS IoT Core does.',
    );
  const link = new Link(options.online ?? true, plan.kind === 'remote' ? ['broker'] : []);
  let brokerNews: BrokerEvent | undefined;
  const policies = new Policies(profile);
  const configurations = new ComponentConfigurations(profile, () => asyncScheduler.now(), observe);
  const lifecycle = new LifecycleServices(observe);
  addNeighbour(tokens, policies);
  const deployed = new Components(profile, deviceSettings(options), tokens, policies, configurations);
  const problems = new Map(components.map(component => deployed.deploy(component)).map(({ component, problems }) => [component, problems]));
  // The broker comes first and the profile needs it; by the time a message arrives both are there.
  const started: { server?: ProfileServer } = {};
  const broker = await startBroker(
    plan,
    { copies: profile === 'lite' ? 'each' : 'one', retainAsPublished: profile === 'classic' && options.mqttVersion !== 'mqtt3' },
    clock,
    {
      onMessage: message => {
        if (link.isUp) started.server?.receive(message);
      },
      pass: goOn => backpressure.pass(goOn),
      onLink: up => {
        link.set('broker', !up);
      },
      onEvent: event => {
        if (event.kind === 'broker') brokerNews = event;
        observe(event);
      },
    },
  );
  const stopShadows = options.shadows === true ? serveShadows(broker, () => asyncScheduler.now()) : undefined;
  const context: ProfileContext = {
    broker,
    link,
    tokens,
    permissions: policies,
    isObserver: component => deployed.isObserver(component),
    configurations,
    lifecycle,
    faults,
    clock,
    observe,
    observed: () => observers.size > 0,
    connectionStatus: options.connectionStatus ?? false,
  };
  const profileServer = makeProfileServer(profile, context, limits, options.mqttVersion);
  started.server = profileServer;
  const closeBroker = async (): Promise<void> => {
    stopShadows?.();
    await broker.close();
  };
  const directory = await makeSocketFolder().catch(async (error: unknown) => {
    await closeBroker();
    throw error;
  });
  const socketPath = socketIn(directory);
  const remove = async (): Promise<void> => {
    await closeBroker();
    await rm(directory, { recursive: true, force: true });
  };
  const ipc = new IpcServer(
    socketPath,
    profileServer,
    {
      clock,
      faults,
      limits: bounds,
      backpressure,
      outgoing: new ByteBudget(ALL_CLIENTS_BYTES),
      incoming: new ByteBudget(ALL_CLIENTS_BYTES),
      observe,
    },
    { connections: limits.connections ?? (profile === 'lite' ? 50 : 2048), whenFull: profile === 'lite' ? 'refuse' : 'makeRoom' },
  );
  try {
    const excess = tooLongForSocket(socketPath);
    if (excess !== undefined) {
      throw new RangeError(`The socket path ${socketPath} is longer than ${excess.limit} bytes. Set TMPDIR to a shorter directory.`);
    }
    await ipc.listen();
  } catch (error) {
    await remove();
    throw error;
  }
  const authToken = (component: string): string => {
    const token = tokens.of(component);
    if (token !== undefined) return token;
    throw new RangeError(`No component ${JSON.stringify(component)} was given to startLocalNucleus, nor deployed later.`);
  };
  const environment = (component: string): ComponentEnvironment => ({
    SVCUID: authToken(component),
    AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socketPath,
    ...(profile === 'classic' ? { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH: socketPath } : undefined),
  });
  const deploy = (component: LocalComponent | RecipeComponent): Deployment => {
    const deployment = deployed.deploy(component);
    problems.set(deployment.component, deployment.problems);
    for (const problem of deployment.problems) observe({ kind: 'policy', component: deployment.component, problem });
    return deployment;
  };
  const processes = new ComponentProcesses({
    profile,
    clock,
    startProcess: options.startProcess,
    environment: component => environment(component),
    onState: (component, state) => observe({ kind: 'stateChanged', component, state }),
  });
  lifecycle.onReported = (component, state) => processes.reported(component, state);
  const restore = (name: string, before: DeployedComponent | undefined): void => {
    const inEffect = deployed.restore(name, before);
    if (before === undefined) problems.delete(name);
    else problems.set(name, inEffect);
  };
  const deployments = new Deployments({ profile, components: deployed, services: lifecycle, processes, clock, observe, deploy, restore });
  let stopping: Promise<void> | undefined;
  const restart: LocalNucleus['restart'] = async ({ keepTokens = false } = {}) => {
    if (stopping !== undefined) throw new Error('The local nucleus has been stopped.');
    await control.undoUnreachable();
    await ipc.close();
    profileServer.reset();
    if (!keepTokens) tokens.reissueAll();
    await ipc.listen();
  };
  const control = new Faults({ switches: faults, server: () => ipc, profile: () => profileServer, link, broker, restart });
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      deployments.close();
      await processes.stopAll();
      try {
        await control.undoAll();
      } finally {
        // Also where something cannot be put right, such as a socket file that is gone.
        await ipc.close();
        // Nothing of the nucleus is to keep its process alive.
        profileServer.reset();
        await remove();
      }
    })();
    return stopping;
  };
  return {
    profile,
    socketPath,
    authToken,
    environment,
    mqttUrl: broker.url,
    mqttHost: broker.host,
    mqttPort: broker.port,
    deploy,
    rollOut: (components, options = {}) => deployments.rollOut(components, options),
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
      return [...ipc.connections].reduce((sum, { outgoing }) => sum + outgoing.queuedBytes, 0);
    },
    publish: message => {
      // Spread, not rest: leaving members out of an object costs more than all else here.
      const payload = typeof message.payload === 'string' ? Buffer.from(message.payload) : message.payload;
      broker.publish({ ...message, payload, qos: qosNumberOf(message.qos ?? 0) }, () => undefined);
    },
    publishLocal: message => publishAsNeighbour(profileServer, tokens, message),
    setOnline: online => {
      link.set('offline', !online);
    },
    observe: observer => {
      const hear = harmlessHook('an observer of the local nucleus', observer);
      observers.add(hear);
      for (const [component, all] of problems) for (const problem of all) hear({ kind: 'policy', component, problem });
      if (brokerNews !== undefined) hear(brokerNews);
      return () => observers.delete(hear);
    },
    restart,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
