import type { Observable, SchedulerLike } from 'rxjs';
import type { ConnectOptions } from '../client/connect-options.js';
import { connectNucleusOver, connectOver, type Nucleus } from '../client/connect.js';
import type { LocalPublishRequest } from '../client/local-message.js';
import { localPublishProblem } from '../client/local-request.js';
import type { Clock } from '../shared/clock.js';
import { ComponentConfigurations } from '../local/configuration/component-configurations.js';
import { FaultSwitches } from '../local/faults/fault-switches.js';
import { LifecycleServices } from '../local/lifecycle/lifecycle-services.js';
import type { CloudMessage, LocalNucleusLimits } from '../local/nucleus.js';
import type { NucleusEvent } from '../local/nucleus-event.js';
import { addNeighbour, EVERYTHING, publishAsNeighbour } from '../local/pubsub/neighbour.js';
import { connectionLimits, makeProfileServer } from '../local/server/profile-server.js';
import { Link, type ProfileServer } from '../local/server/protocol.js';
import { Tokens } from '../local/server/components.js';
import type { MqttProxy, Profile } from '../ports/mqtt-proxy.js';
import type { Configuration } from '../recipe/configuration.js';
import type { AccessControl } from '../recipe/policy/access-control.js';
import { Policies } from '../recipe/policy/policies.js';
import { schedulerClock } from '../schedule/clock.js';
import { fixed } from '../schedule/schedule.js';
import { checkTime } from '../shared/check-argument.js';
import { qosNumberOf } from '../shared/qos.js';
import { type Fault, MemoryFaults } from './fault.js';
import { allow, type ArrivedMessage, COMPONENT, MemoryRecord, type PublishedMessage, type TimedNucleusEvent } from './memory-record.js';
import { Turns } from './virtual-time.js';
import { VirtualBroker } from './virtual-broker.js';
import { VirtualTransport } from './virtual-transport.js';
import type { Latency } from './server-end.js';

/** How a nucleus in memory is set up. */
export interface MemoryNucleusOptions {
  /** Where time comes from: a `TestScheduler`, or for real time `asyncScheduler`. */
  readonly scheduler: SchedulerLike;
  /** Which nucleus it behaves as. Default `'classic'`. */
  readonly profile?: Profile | undefined;
  /** The component's policies, as in its recipe. Default: it may do everything. */
  readonly accessControl?: AccessControl | undefined;
  /** The component's configuration, beside its policies. Default: none. */
  readonly configuration?: Configuration | undefined;
  /** `false`: the device has never reached the cloud. */
  readonly online?: boolean | undefined;
  /** Milliseconds from a request to its answer. Default: none. */
  readonly latency?: Latency | undefined;
  /** Whether the nucleus tells when the device goes offline: `cloud$`. Default: on Lite yes, on classic no. */
  readonly connectionStatus?: boolean | undefined;
  readonly limits?: Pick<LocalNucleusLimits, 'spoolBytes' | 'maxInFlightPublishes' | 'pubacksPerSecond'> | undefined;
}

/** Milliseconds that an update waits for an answer. */
const UPDATE_WAITS = 60_000;

/** How a component in memory connects. */
type MemoryConnectOptions = Omit<ConnectOptions, 'socketPath' | 'authToken' | 'transport' | 'profile' | 'scheduler'>;

/**
 * A nucleus without a socket, a broker or a clock of its own: the servers of the local nucleus behind a transport that is a queue in
 * memory, under any RxJS scheduler. The proxies it hands out are those of `connect()`, so that what reconnects, waits and times out
 * in a test is what does so on a device. Nothing in it uses a promise.
 *
 * It keeps all that was published and all that happened until it is dropped: memory grows with the test.
 *
 * @example
 * ```ts
 * import { QOS } from 'greengrass-rx';
 * import { MemoryNucleus } from 'greengrass-rx/testing';
 * import { VirtualTimeScheduler } from 'rxjs';
 *
 * const scheduler = new VirtualTimeScheduler();
 * const nucleus = new MemoryNucleus({ scheduler });
 * const proxy = nucleus.connect();
 * proxy.publish$({ topicName: 'hello', payload: 'world', qos: QOS.AT_LEAST_ONCE }).subscribe(console.log); // Right, by the spooler
 * scheduler.flush();
 * console.log(nucleus.published);
 * ```
 */
export class MemoryNucleus {
  readonly profile: Profile;
  readonly #scheduler: SchedulerLike;
  readonly #clock: Clock;
  readonly #server: ProfileServer;
  readonly #broker: VirtualBroker;
  readonly #link: Link;
  readonly #tokens: Tokens;
  readonly #configurations: ComponentConfigurations;
  readonly #lifecycle: LifecycleServices;
  readonly #transport: VirtualTransport;
  readonly #turns: Turns;
  readonly #faults: MemoryFaults;
  readonly #record: MemoryRecord;

  constructor(options: MemoryNucleusOptions) {
    const { scheduler, profile = 'classic', accessControl = EVERYTHING, latency, limits = {} } = options;
    for (const operation of ['connect', 'subscribe', 'publish'] as const) checkTime(latency?.[operation] ?? 0, `latency.${operation}`);
    const clock: Clock = schedulerClock(scheduler);
    const switches = new FaultSwitches();
    const policies = new Policies(profile);
    allow(policies, COMPONENT, accessControl);
    const record = new MemoryRecord(scheduler);
    const observe = (event: NucleusEvent): void => {
      record.happened(event);
    };
    this.#record = record;
    const configurations = new ComponentConfigurations(profile, () => scheduler.now(), observe);
    configurations.replace(COMPONENT, { accessControl, ...options.configuration });
    this.#configurations = configurations;
    this.#lifecycle = new LifecycleServices(observe);
    this.profile = profile;
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#turns = new Turns(clock);
    this.#link = new Link(options.online ?? true);
    this.#tokens = new Tokens(profile);
    this.#tokens.add(COMPONENT);
    addNeighbour(this.#tokens, policies);
    this.#broker = new VirtualBroker({
      turns: this.#turns,
      copies: profile === 'lite' ? 'each' : 'one',
      onMessage: message => {
        if (this.#link.isUp) this.#server.receive(message);
      },
      onArrival: message => {
        record.arrives(message);
      },
    });
    this.#server = makeProfileServer(
      profile,
      {
        broker: this.#broker,
        link: this.#link,
        tokens: this.#tokens,
        isObserver: () => false,
        permissions: policies,
        configurations,
        lifecycle: this.#lifecycle,
        faults: switches,
        clock,
        observe,
        observed: () => true,
        connectionStatus: options.connectionStatus ?? false,
      },
      limits,
    );
    this.#transport = new VirtualTransport({
      turns: this.#turns,
      clock,
      latency,
      faults: switches,
      server: this.#server,
      maxFrame: connectionLimits(profile, limits).maxFrame,
      connectFailure: () => this.#faults.connectFailure,
      frozen: () => this.#faults.frozen,
      observe,
      during: (request, work) => {
        record.during(request, work);
      },
    });
    const dropConnections = (): void => {
      for (const connection of [...this.#transport.connections]) connection.destroy();
    };
    this.#faults = new MemoryFaults({
      switches,
      component: COMPONENT,
      profile: () => this.#server,
      link: this.#link,
      dropConnections,
      restart: () => {
        dropConnections();
        this.#server.reset();
        this.#tokens.reissueAll();
      },
      resumeConnections: () => {
        for (const connection of this.#transport.connections) connection.resume();
      },
    });
  }

  /** All that was accepted from components so far, in order. */
  get published(): readonly PublishedMessage[] {
    return this.#record.published;
  }

  /** All that reached the cloud so far, in order: later than it was accepted if the device was offline, and perhaps never. */
  get arrived(): readonly ArrivedMessage[] {
    return this.#record.arrived;
  }

  /** What reaches the cloud from now on. Does not complete. */
  get arrived$(): Observable<ArrivedMessage> {
    return this.#record.arrived$;
  }

  /** What happens from now on. Does not complete. */
  get event$(): Observable<TimedNucleusEvent> {
    return this.#record.event$;
  }

  /** All that has happened so far, in order. */
  get events(): readonly TimedNucleusEvent[] {
    return this.#record.events;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#transport.connections.size;
  }

  /** Subscriptions of all connections. */
  get subscriptions(): number {
    return this.#server.subscriptions;
  }

  /** Publishes kept for the broker: on classic those that wait in the spool; on Lite those of QoS 1 that are not acknowledged. */
  get spooled(): number {
    return this.#server.spooled;
  }

  /**
   * A proxy of the component, as pure and lazy as that of `connect()`, and with the same options. Two of them have another default:
   * `reconnect` is every millisecond without jitter, so that diagrams can say when; and `refusalPatience` is 0, since the policies are
   * there from the beginning.
   */
  connect(options: MemoryConnectOptions = {}): MqttProxy {
    return connectOver(this.#transport, this.#connectOptions(options));
  }

  /** All services of the nucleus for the component, as `connectNucleus()` gives them; with the options of {@link MemoryNucleus.connect}. */
  connectNucleus(options: MemoryConnectOptions = {}): Nucleus {
    return connectNucleusOver(this.#transport, this.#connectOptions(options));
  }

  /** Publishes as the cloud does. */
  publish({ payload, qos = 1, ...message }: CloudMessage): void {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    this.#broker.publishAsOther({ ...message, qos: qosNumberOf(qos), payload: bytes });
  }

  /**
   * Publishes on a local topic as another component of the device does, which may do everything.
   *
   * @throws TypeError for what no nucleus takes.
   */
  publishLocal(request: LocalPublishRequest): void {
    const problem = localPublishProblem(request);
    if (problem !== undefined) throw new TypeError(problem.message);
    publishAsNeighbour(this.#server, this.#tokens, request);
  }

  /** Gives the component another configuration, as a deployment does: `accessControl` stays. */
  configure(configuration: Readonly<Record<string, unknown>>): void {
    this.#configurations.replace(COMPONENT, { ...this.#configurations.of(COMPONENT), ...configuration });
  }

  /**
   * Announces an update, which the component is to answer: only a classic nucleus does so. If the component defers it, it is announced
   * again after that time; if the component lets it go on, or does not answer within a minute, it is over. Nothing happens where the
   * component has not asked for updates.
   */
  announceUpdate(deploymentId: string): void {
    if (!this.#lifecycle.updateSubscribers.includes(COMPONENT)) return;
    const isOver = (): void => this.#lifecycle.tellUpdated(deploymentId);
    const takeBack = this.#lifecycle.announce(COMPONENT, deploymentId, recheckAfter => {
      cancel();
      // Behind the reply to the answer.
      this.#clock.after(recheckAfter, recheckAfter === 0 ? isOver : () => this.announceUpdate(deploymentId));
    });
    const cancel = this.#clock.after(UPDATE_WAITS, () => {
      takeBack();
      isOver();
    });
  }

  /** Lets something go wrong, or right again. */
  inflict(fault: Fault): void {
    if (typeof fault === 'function') fault();
    else this.#faults.inflict(fault);
  }

  /** @internal Does all that is due at this instant: at the end, when time stands still. */
  settle(): void {
    this.#turns.run();
  }

  #connectOptions(options: MemoryConnectOptions): ConnectOptions {
    return {
      reconnect: fixed(1),
      refusalPatience: 0,
      ...options,
      profile: this.profile,
      socketPath: '(a nucleus in memory)',
      authToken: this.#tokens.of(COMPONENT),
      scheduler: this.#scheduler,
    };
  }
}
