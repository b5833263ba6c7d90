import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import { firstValueFrom, type Subscription } from 'rxjs';
import type { PublishError, SubscribeError } from '../../src/errors/errors.js';
import { startLocalNucleus, type ArmedFault } from '../../src/local/index.js';
import { connect } from '../../src/proxy/connect.js';
import type { MqttMessage } from '../../src/proxy/mqtt-message.js';
import type { Accepted, MqttProxy, Profile, SubscriptionStatus } from '../../src/proxy/mqtt-proxy.js';
import { QOS } from '../../src/qos.js';
import { fixed } from '../../src/schedule/index.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { VirtualTime } from '../proxy/virtual-time.js';

/** One step of a script: something the cloud, the component or the weather does. */
export type Step =
  | { readonly do: 'message'; readonly topicName: string; readonly payload: string }
  | { readonly do: 'publish'; readonly topicName: string; readonly qos: QOS; readonly bytes: number }
  | { readonly do: 'publish and lose the answer' }
  | { readonly do: 'subscribe'; readonly topicName: string; readonly early?: 'message' | 'burst' | 'deny' | undefined }
  | { readonly do: 'unsubscribe' }
  | {
      readonly do:
        | 'drop connection'
        | 'restart'
        | 'offline'
        | 'online'
        | 'lose subscriptions'
        | 'find subscriptions'
        | 'end subscriptions'
        | 'spool full'
        | 'spool free'
        | 'cut the next frame'
        | 'drop after two messages';
    };

/** A nucleus of either kind, as a script sees it. */
interface World {
  readonly proxy: MqttProxy;
  readonly does: (
    step: Exclude<Step, { do: 'publish' | 'subscribe' | 'unsubscribe' | 'publish and lose the answer' }>,
  ) => void | Promise<void>;
  readonly arm: (fault: 'message' | 'burst' | 'deny' | 'lose the answer') => void;
  /** Moves time on, where it does not move by itself. */
  readonly advance: () => void | Promise<void>;
  readonly end: () => Promise<void>;
}

export const COMPONENT = 'com.example.Differential';
export const ACCESS_CONTROL = {
  'aws.greengrass.ipc.mqttproxy': { 'differential:mqttproxy:1': { operations: ['*'], resources: ['t/*', 'barrier'] } },
};
/** What says that the answer never came, so that nothing is known of what came before it. */
const BROKEN: ReadonlySet<string> = new Set(['ConnectionLost', 'SocketUnavailable', 'ProtocolViolated']);
const EARLY = { topicName: 't/early', payload: 'early' };
const BURST = [1, 2].map(n => ({ topicName: 't/burst', payload: `burst ${n}` }));

/** What a component sees of a script, in order. */
export async function play(world: World, script: readonly Step[]): Promise<readonly string[]> {
  const log: string[] = [];
  const subscriptions: { readonly name: string; readonly subscription: Subscription }[] = [];
  const statuses = new Map<string, SubscriptionStatus['status']>();
  let online = true;
  const subscribe = (topicName: string): void => {
    const name = `${subscriptions.length}`;
    const subscription = world.proxy
      .subscribe({ topicName, qos: QOS.AT_LEAST_ONCE, onStatus: ({ status }) => statuses.set(name, status) })
      .subscribe({
        next: element => log.push(`  ${name} ${described(element)}`),
        complete: () => log.push(`  ${name} complete`),
      });
    subscriptions.push({ name, subscription });
  };
  const allActive = (): boolean => !online || [...statuses.values()].every(status => status === 'active' || status === 'ended');
  for (const [i, step] of script.entries()) {
    log.push(`${i} ${step.do}`);
    if (step.do === 'offline' || step.do === 'online') online = step.do === 'online';
    if (step.do === 'publish' || step.do === 'publish and lose the answer') {
      const request =
        step.do === 'publish'
          ? { topicName: step.topicName, qos: step.qos, payload: 'x'.repeat(step.bytes) }
          : { topicName: 't/own', qos: QOS.AT_LEAST_ONCE, payload: 'lost' };
      if (step.do !== 'publish') world.arm('lose the answer');
      world.proxy.publish$(request).subscribe(outcome => log.push(`  published ${outcomeOf(outcome)}`));
    } else if (step.do === 'subscribe') {
      // Armed for nobody it would strike one of those that ask again later, and which is a matter of chance.
      if (step.early !== undefined && online && step.topicName !== 'forbidden') world.arm(step.early);
      subscribe(step.topicName);
    } else if (step.do === 'unsubscribe') subscriptions.find(({ subscription }) => !subscription.closed)?.subscription.unsubscribe();
    else await world.does(step);
    await settle(world, allActive);
  }
  for (const { subscription } of subscriptions) subscription.unsubscribe();
  await world.end();
  return log;
}

/** Lets all happen that follows from what was done. */
async function settle(world: World, allActive: () => boolean): Promise<void> {
  // Before anything is written to a connection that is about to break: a client that writes to it may lose what it has not read yet.
  await world.advance();
  do await roundTrip(world);
  while (!allActive());
}

/** All that the nucleus wrote before has been read after it, and on a new connection the subscriptions stand before it. */
async function roundTrip(world: World): Promise<void> {
  const outcome = firstValueFrom(world.proxy.publish$({ topicName: 'barrier', payload: '', qos: QOS.AT_LEAST_ONCE }));
  await world.advance();
  const settled = await outcome;
  if (isLeft(settled) && BROKEN.has(settled.left._tag)) await roundTrip(world);
}

function described(element: Either<SubscribeError, MqttMessage>): string {
  if (isLeft(element)) return `Left ${element.left._tag}`;
  const { topicName, payload, ...members } = element.right;
  return `${topicName} ${Buffer.from(payload).toString().slice(0, 20)} ${payload.length} ${JSON.stringify(members)}`;
}

function outcomeOf(outcome: Either<PublishError, Accepted>): string {
  if (!isLeft(outcome)) return outcome.right.by;
  const { left } = outcome;
  return left._tag === 'ServiceFault' ? `ServiceFault ${left.reason}` : left._tag;
}

/** The nucleus in memory, in virtual time. */
export function twin(profile: Profile): World {
  const scheduler = new VirtualTime();
  const nucleus = new MemoryNucleus({ scheduler, profile, accessControl: ACCESS_CONTROL });
  const proxy = nucleus.connect();
  const advance = (): void => {
    scheduler.advance(100);
  };
  return {
    proxy,
    does: step => {
      if (step.do === 'message') nucleus.publish({ topicName: step.topicName, payload: step.payload });
      else if (step.do === 'restart') {
        nucleus.inflict('kill nucleus');
        nucleus.inflict('start nucleus');
      } else if (step.do === 'cut the next frame') nucleus.inflict('cut frame');
      else if (step.do === 'drop after two messages') nucleus.inflict({ dropAfterMessages: 2 });
      else nucleus.inflict(step.do);
    },
    arm: fault => {
      if (fault === 'message') nucleus.inflict({ messageBeforeReply: EARLY });
      else if (fault === 'burst') nucleus.inflict({ burstThenEnd: BURST });
      else nucleus.inflict(fault === 'deny' ? 'deny subscription' : 'drop before publish reply');
    },
    advance,
    end: async () => {
      const closed = proxy.close();
      scheduler.advance(100);
      await closed;
    },
  };
}

/** Turns of the event loop, in which both ends of a socket in this process get to read. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise<void>(resolve => setImmediate(resolve));
}

/** The local nucleus, over its socket, in real time. */
export async function localNucleus(profile: Profile): Promise<World> {
  const nucleus = await startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl: ACCESS_CONTROL }] });
  const { faults } = nucleus;
  const lost: ArmedFault[] = [];
  const lasting = new Map<string, ArmedFault>();
  const proxy = connect({
    socketPath: nucleus.socketPath,
    authToken: nucleus.authToken(COMPONENT),
    profile,
    transport: 'socket',
    reconnect: fixed(1),
  });
  return {
    proxy,
    does: async step => {
      switch (step.do) {
        case 'message':
          nucleus.publish({ topicName: step.topicName, payload: step.payload, qos: 1 });
          return;
        case 'restart':
          await nucleus.restart({ keepTokens: true });
          return;
        case 'offline':
        case 'online':
          nucleus.setOnline(step.do === 'online');
          return;
        case 'drop connection':
          faults.killConnections();
          return;
        case 'lose subscriptions':
          lost.push(faults.loseSubscriptions());
          return;
        case 'find subscriptions':
          for (const fault of lost.splice(0)) fault.undo();
          return;
        case 'end subscriptions':
          faults.terminateSubscriptions();
          return;
        case 'spool full':
          lasting.get('spool')?.undo();
          lasting.set('spool', faults.spoolFull());
          return;
        case 'spool free':
          lasting.get('spool')?.undo();
          return;
        case 'cut the next frame':
          faults.killMidFrame();
          return;
        case 'drop after two messages':
          lasting.get('drop')?.undo();
          lasting.set('drop', faults.killAfterMessages(2));
          return;
      }
    },
    arm: fault => {
      if (fault === 'message') faults.messageBeforeReply(EARLY, { times: 1 });
      else if (fault === 'burst') faults.burstThenTerminate(BURST, { times: 1 });
      else if (fault === 'deny') faults.denySubscriptions({ times: 1 });
      else faults.dropBeforeReply({ operation: 'publish', times: 1 });
    },
    advance: turns,
    end: async () => {
      await proxy.close();
      await nucleus.stop();
    },
  };
}
