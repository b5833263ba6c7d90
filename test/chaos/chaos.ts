import type { Either } from 'fp-ts/lib/Either.js';
import { expect, onTestFinished } from 'vitest';
import {
  connect,
  fixed,
  QOS,
  type Accepted,
  type ConnectionState,
  type ConnectOptions,
  type MqttMessage,
  type MqttProxy,
  type PublishError,
  type PublishRequest,
  type SubscribeError,
  type SubscribeRequest,
  type SubscriptionStatus,
} from '../../src/index.js';
import type { TransportName } from '../../src/client/index.js';
import type { ArmedFault, FaultScope, LocalNucleus, LocalNucleusOptions, NucleusEvent, Profile } from '../../src/local/index.js';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { record, type Recorded } from '../kit/streams/recorded.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { watched } from '../kit/streams/watched.js';

/** One of the ways in which this library meets a nucleus. */
export interface Combination {
  readonly transport: TransportName;
  readonly profile: Profile;
}

const TRANSPORTS: readonly TransportName[] = ['socket', 'crt'];
export const COMBINATIONS: readonly Combination[] = TRANSPORTS.flatMap(transport => PROFILES.map(profile => ({ transport, profile })));

/** Milliseconds from a break to the next try to connect. */
export const RECONNECT = 1_000;
/** The default of `connect()`: from opening the socket to the accepted token. */
export const CONNECT_TIMEOUT = 10_000;
/** From publish to answer. Longer than that of the connection, so that the two are told apart. */
export const PUBLISH_TIMEOUT = 50_000;

export interface ChaosSubscription {
  readonly messages: Recorded<Either<SubscribeError, MqttMessage>>;
  readonly statuses: Recorded<SubscriptionStatus>;
  /** What it has brought, one word each: the text of a message, or the tag of a failure. */
  readonly brought: () => readonly string[];
  /** Resolves when it is active for the `nth` time. */
  readonly active: (nth?: number) => Promise<SubscriptionStatus>;
}

/** A proxy with a nucleus that will misbehave. Sockets and frames are real; only the proxy's timers stand until they are moved. */
export interface Chaos {
  readonly nucleus: LocalNucleus;
  readonly proxy: MqttProxy;
  readonly time: VirtualTime;
  /** What the nucleus saw. */
  readonly events: readonly NucleusEvent[];
  /** Resolves with the first event, by now or later, that fits. */
  readonly event: (fits: (event: NucleusEvent) => boolean) => Promise<NucleusEvent>;
  /** Topics of the publishes that the nucleus took, in order. */
  readonly taken: () => readonly string[];
  readonly states: Recorded<ConnectionState>;
  /** Resolves with the next state of this name after the one that was waited for last. */
  readonly reaches: <S extends ConnectionState['status']>(status: S) => Promise<Extract<ConnectionState, { status: S }>>;
  /** Waits for the break, lets the time to the next try pass, and waits for the connection. */
  readonly recovers: () => Promise<void>;
  readonly subscribe: (request?: Partial<SubscribeRequest>) => ChaosSubscription;
  /** A subscription that is active. */
  readonly subscribed: (request?: Partial<SubscribeRequest>) => Promise<ChaosSubscription>;
  readonly publish: (request?: Partial<PublishRequest>) => Recorded<Either<PublishError, Accepted>>;
  readonly accepted: unknown;
  /** Shows that all is well: a publish is accepted, and the cloud sends it back to the subscription. */
  readonly flows: (subscription: ChaosSubscription) => Promise<void>;
}

/** Starts both. At the end of the test it closes the proxy and sees to it that nothing is left of it anywhere. */
export async function begin(
  { transport, profile }: Combination,
  options: { readonly nucleus?: Partial<LocalNucleusOptions>; readonly proxy?: Partial<ConnectOptions> } = {},
): Promise<Chaos> {
  const nucleus = await start(profile, options.nucleus);
  const time = new VirtualTime();
  const proxy = connect({
    refusalPatience: 0,
    socketPath: nucleus.socketPath,
    authToken: nucleus.authToken(COMPONENT),
    transport,
    profile,
    publishTimeout: PUBLISH_TIMEOUT,
    reconnect: fixed(RECONNECT),
    scheduler: time,
    ...options.proxy,
  });
  const states = record(proxy.state$);
  const subscriptions: ChaosSubscription[] = [];
  const publishes: Recorded<Either<PublishError, Accepted>>[] = [];
  const { events, event } = recordEvents(nucleus);
  const accepted = { _tag: 'Right', right: { by: profile === 'classic' ? 'spooler' : 'mqtt-socket' } };
  let seen = 0;
  let flows = 0;

  onTestFinished(async () => {
    await proxy.close();
    await event(() => nucleus.connections === 0);
    await nucleus.stop();
    expect(time.timers).toBe(0);
    expect(nucleus.subscriptions).toBe(0);
    for (const publish of publishes) expect(await publish.all()).toHaveLength(1);
    for (const { messages, statuses } of subscriptions) {
      if (!messages.subscription.closed) await messages.all();
      expect(statuses.values.at(-1)).toEqual({ status: 'ended' });
    }
  });

  const reaches: Chaos['reaches'] = async <S extends ConnectionState['status']>(status: S) => {
    const is = (state: ConnectionState): state is Extract<ConnectionState, { status: S }> => state.status === status;
    const state = await states.first(state => states.values.indexOf(state) >= seen && (is(state) || state.status === 'failed'));
    if (!is(state)) throw new Error(`The connection did not become ${status}: ${JSON.stringify(state)}`);
    seen = states.values.indexOf(state) + 1;
    return state;
  };
  const subscribe: Chaos['subscribe'] = request => {
    const { request: told, statuses } = watched({ topicName: 'test/#', qos: QOS.AT_LEAST_ONCE, ...request });
    const messages = record(proxy.subscribe(told));
    const subscription: ChaosSubscription = {
      messages,
      statuses,
      brought: () => messages.values.map(message => (message._tag === 'Left' ? message.left._tag : text(message.right))),
      active: (nth = 1) => statuses.first(status => actives(statuses.values).indexOf(status) === nth - 1),
    };
    subscriptions.push(subscription);
    return subscription;
  };
  const publish: Chaos['publish'] = request => {
    const publish = record(proxy.publish$({ topicName: 'test/a', qos: QOS.AT_LEAST_ONCE, payload: '', ...request }));
    publishes.push(publish);
    return publish;
  };
  return {
    nucleus,
    proxy,
    time,
    events,
    event,
    taken: () => events.flatMap(event => (event.kind === 'published' ? [event.topicName] : [])),
    states,
    reaches,
    recovers: async () => {
      await reaches('interrupted');
      time.advance(RECONNECT);
      await reaches('connected');
    },
    subscribe,
    subscribed: async request => {
      const subscription = subscribe(request);
      await subscription.active();
      return subscription;
    },
    publish,
    accepted,
    flows: async ({ messages }) => {
      const payload = `flow ${++flows}`;
      expect(await publish({ topicName: 'test/flow', payload }).all()).toMatchObject([accepted]);
      await messages.first(message => message._tag === 'Right' && text(message.right) === payload);
    },
  };
}

/** Arms a fault for one time, or more. Resolves when it has struck for the last. */
export function strikes(arm: (scope: FaultScope) => ArmedFault, times = 1): Promise<void> {
  return new Promise(resolve => {
    let left = times;
    arm({
      times,
      onStrike: () => {
        if (--left === 0) resolve();
      },
    });
  });
}

export function text({ payload }: MqttMessage): string {
  return Buffer.from(payload).toString();
}

function actives(statuses: readonly SubscriptionStatus[]): readonly SubscriptionStatus[] {
  return statuses.filter(({ status }) => status === 'active');
}

/** What happens in a nucleus, and a way to wait for it. */
export function recordEvents(nucleus: LocalNucleus): Pick<Chaos, 'events' | 'event'> {
  const events: NucleusEvent[] = [];
  const lookers = new Set<() => void>();
  nucleus.observe(event => {
    events.push(event);
    // The nucleus reports just before it acts: a connection that it reports as gone is still counted.
    queueMicrotask(() => {
      for (const look of lookers) look();
    });
  });
  return {
    events,
    event: fits =>
      new Promise(resolve => {
        const look = (): void => {
          const found = events.find(fits);
          if (found === undefined) return;
          lookers.delete(look);
          resolve(found);
        };
        lookers.add(look);
        look();
      }),
  };
}
