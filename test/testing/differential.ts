import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import type { Subscription } from 'rxjs';
import type { PublishError, SubscribeError } from '../../src/errors/errors.js';
import { startLocalNucleus, type ArmedFault, type LastingFault } from '../../src/local/index.js';
import { connect } from '../../src/proxy/connect.js';
import type { MqttMessage } from '../../src/proxy/mqtt-message.js';
import type { Accepted, MqttProxy, Profile, SubscriptionStatus } from '../../src/proxy/mqtt-proxy.js';
import { QOS } from '../../src/qos.js';
import { fixed } from '../../src/schedule/index.js';
import { MemoryNucleus, type FaultName } from '../../src/testing/index.js';
import { VirtualTime } from '../proxy/virtual-time.js';
import { quietSockets } from './quiet-sockets.js';

/** One step of a script: something the cloud, the component or the weather does. */
export type Step =
  | { readonly do: 'message'; readonly topicName: string; readonly payload: string }
  | { readonly do: 'publish'; readonly topicName: string; readonly qos: QOS; readonly bytes: number }
  | { readonly do: 'publish and lose the answer' }
  | { readonly do: 'publish and never hear of it' }
  | { readonly do: 'subscribe and lose the answer' }
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
        | 'corrupt the next frame'
        | 'whole frames'
        | 'frames in pieces'
        | 'old nucleus'
        | 'broker down'
        | 'broker up'
        | 'no socket for a while'
        | 'full backlog for a while'
        | 'drop while connecting'
        | 'drop after two messages';
    };

/** Steps that ask something of the proxy. */
type Asking = 'publish' | 'publish and lose the answer' | 'publish and never hear of it' | 'subscribe' | 'subscribe and lose the answer';

/** What is armed for the next request. */
type Arming = 'message' | 'burst' | 'deny' | 'lose the answer' | 'never answer' | 'lose the answer to a subscribe';

/** A nucleus of either kind, as a script sees it. */
interface World {
  readonly proxy: MqttProxy;
  readonly does: (step: Exclude<Step, { do: Asking | 'unsubscribe' }>) => void | Promise<void>;
  readonly arm: (fault: Arming) => void;
  /** Lets all happen that is under way and needs no time. */
  readonly settle: () => void | Promise<void>;
  readonly advanceToNextTimer: () => boolean;
  readonly end: () => Promise<void>;
}

export const COMPONENT = 'com.example.Differential';
export const ACCESS_CONTROL = {
  'aws.greengrass.ipc.mqttproxy': { 'differential:mqttproxy:1': { operations: ['*'], resources: ['t/*'] } },
};
/** Not so short that asking again all through a timeout of ten seconds takes long. */
const RECONNECT_MS = 500;
const RECONNECT = fixed(RECONNECT_MS);
/** After so many, what is under way will not end. */
const MOST_TIMERS = 1_000;
const EARLY = { topicName: 't/early', payload: 'early' };
const BURST = [1, 2].map(n => ({ topicName: 't/burst', payload: `burst ${n}` }));

/** What a component sees of a script, in order. */
export async function play(world: World, script: readonly Step[]): Promise<readonly string[]> {
  const log: string[] = [];
  const subscriptions: { readonly name: string; readonly subscription: Subscription }[] = [];
  const statuses = new Map<string, SubscriptionStatus['status']>();
  const away = new Set<string>();
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
  let connecting = false;
  const watching = world.proxy.state$.subscribe(({ status }) => (connecting = status === 'connecting' || status === 'interrupted'));
  let unanswered = 0;
  /** Nothing is under way that ends by itself. What subscribes while the cloud is away waits for it. */
  const isSettled = (): boolean =>
    !connecting && unanswered === 0 && (away.size > 0 || [...statuses.values()].every(status => status === 'active' || status === 'ended'));
  for (const [i, step] of script.entries()) {
    log.push(`${i} ${step.do}`);
    if (step.do === 'offline' || step.do === 'broker down') away.add(step.do);
    if (step.do === 'online') away.delete('offline');
    if (step.do === 'broker up') away.delete('broker down');
    if (step.do === 'publish' || step.do === 'publish and lose the answer' || step.do === 'publish and never hear of it') {
      const request =
        step.do === 'publish'
          ? { topicName: step.topicName, qos: step.qos, payload: 'x'.repeat(step.bytes) }
          : { topicName: 't/own', qos: QOS.AT_LEAST_ONCE, payload: 'lost' };
      if (step.do === 'publish and lose the answer') world.arm('lose the answer');
      if (step.do === 'publish and never hear of it') world.arm('never answer');
      unanswered++;
      world.proxy.publish$(request).subscribe(outcome => {
        unanswered--;
        log.push(`  published ${outcomeOf(outcome)}`);
      });
    } else if (step.do === 'subscribe') {
      // Armed for nobody it would strike one of those that ask again later, and which is a matter of chance.
      if (step.early !== undefined && away.size === 0 && step.topicName !== 'forbidden') world.arm(step.early);
      subscribe(step.topicName);
    } else if (step.do === 'subscribe and lose the answer') {
      if (away.size === 0) world.arm('lose the answer to a subscribe');
      subscribe('t/own');
    } else if (step.do === 'unsubscribe') {
      const first = subscriptions.find(({ subscription }) => !subscription.closed);
      first?.subscription.unsubscribe();
      if (first !== undefined) statuses.delete(first.name);
    } else await world.does(step);
    await world.settle();
    for (let timers = 0; !isSettled(); timers++) {
      if (!world.advanceToNextTimer() || timers > MOST_TIMERS) throw new Error(`It hangs:\n${log.join('\n')}`);
      await world.settle();
    }
  }
  watching.unsubscribe();
  for (const { subscription } of subscriptions) subscription.unsubscribe();
  await world.end();
  return log;
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

const ARMED: Readonly<Record<Exclude<Arming, 'message' | 'burst'>, FaultName>> = {
  deny: 'deny subscription',
  'lose the answer': 'drop before publish reply',
  'never answer': 'hang publish',
  'lose the answer to a subscribe': 'drop before subscribe reply',
};

/** The nucleus in memory, in virtual time. */
export function twin(profile: Profile): World {
  const scheduler = new VirtualTime();
  const nucleus = new MemoryNucleus({ scheduler, profile, accessControl: ACCESS_CONTROL });
  const proxy = nucleus.connect({ reconnect: RECONNECT });
  const settle = (): void => {
    scheduler.advance(0);
  };
  const unreachable = (fault: FaultName): void => {
    nucleus.inflict(fault);
    nucleus.inflict('drop connection');
    scheduler.advance(3 * RECONNECT_MS);
    nucleus.inflict('start nucleus');
  };
  return {
    proxy,
    does: step => {
      if (step.do === 'message') nucleus.publish({ topicName: step.topicName, payload: step.payload });
      else if (step.do === 'restart') {
        nucleus.inflict('kill nucleus');
        nucleus.inflict('start nucleus');
      } else if (step.do === 'no socket for a while') unreachable('remove socket');
      else if (step.do === 'full backlog for a while') unreachable('fill backlog');
      else if (step.do === 'drop while connecting') {
        nucleus.inflict('drop before connect reply');
        nucleus.inflict('drop connection');
      } else if (step.do === 'cut the next frame') nucleus.inflict('cut frame');
      else if (step.do === 'corrupt the next frame') nucleus.inflict('corrupt frame');
      else if (step.do === 'frames in pieces') nucleus.inflict({ splitFrames: 3 });
      else if (step.do === 'whole frames') nucleus.inflict({ splitFrames: Infinity });
      else if (step.do === 'drop after two messages') nucleus.inflict({ dropAfterMessages: 2 });
      else nucleus.inflict(step.do);
    },
    arm: fault => {
      if (fault === 'message') nucleus.inflict({ messageBeforeReply: EARLY });
      else if (fault === 'burst') nucleus.inflict({ burstThenEnd: BURST });
      else nucleus.inflict(ARMED[fault]);
    },
    settle,
    advanceToNextTimer: () => scheduler.advanceToNextTimer(),
    end: async () => {
      const closed = proxy.close();
      scheduler.advance(100);
      await closed;
    },
  };
}

/** The local nucleus, over its socket. Of the proxy only the timers are virtual. */
export async function localNucleus(profile: Profile): Promise<World> {
  const nucleus = await startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl: ACCESS_CONTROL }] });
  const { faults } = nucleus;
  const time = new VirtualTime();
  const unreachable = async (begin: () => Promise<LastingFault>): Promise<void> => {
    const fault = await begin();
    faults.killConnections();
    for (let i = 0; i < 3; i++) {
      await quietSockets();
      time.advance(RECONNECT_MS);
    }
    await quietSockets();
    await fault.undo();
  };
  let brokerDown: LastingFault | undefined;
  const lost: ArmedFault[] = [];
  const lasting = new Map<string, ArmedFault>();
  const proxy = connect({
    socketPath: nucleus.socketPath,
    authToken: nucleus.authToken(COMPONENT),
    profile,
    transport: 'socket',
    reconnect: RECONNECT,
    scheduler: time,
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
        case 'corrupt the next frame':
          faults.corruptFrames({ times: 1 });
          return;
        case 'frames in pieces':
          lasting.get('split')?.undo();
          lasting.set('split', faults.splitFrames(3));
          return;
        case 'whole frames':
          lasting.get('split')?.undo();
          return;
        case 'old nucleus':
          lasting.get('old')?.undo();
          lasting.set('old', faults.oldNucleus());
          return;
        case 'broker down':
          brokerDown ??= await faults.brokerDown();
          return;
        case 'broker up':
          await brokerDown?.undo();
          brokerDown = undefined;
          return;
        case 'no socket for a while':
          return unreachable(() => faults.removeSocketFile());
        case 'full backlog for a while':
          return unreachable(() => faults.fullBacklog());
        case 'drop while connecting':
          faults.noConnectAck({ times: 1, onStrike: () => faults.killConnections() });
          faults.killConnections();
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
      else if (fault === 'never answer') faults.noReply({ operation: 'publish', times: 1 });
      else faults.dropBeforeReply({ operation: fault === 'lose the answer' ? 'publish' : 'subscribe', times: 1 });
    },
    settle: quietSockets,
    advanceToNextTimer: () => time.advanceToNextTimer(),
    end: async () => {
      await proxy.close();
      await nucleus.stop();
    },
  };
}
