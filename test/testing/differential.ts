import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import type { Subscription } from 'rxjs';
import type { PublishError, SubscribeError } from '../../src/errors/errors.js';
import type { Accepted, MqttMessage, MqttProxy, SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { fixed } from '../../src/schedule/index.js';

/** One step of a script: something that the cloud or the component does, or a fault that begins or ends. */
export type Step =
  | { readonly do: 'message'; readonly topicName: string; readonly payload: string }
  | { readonly do: 'publish'; readonly topicName: string; readonly qos: QOS; readonly bytes: number }
  | { readonly do: 'subscribe'; readonly topicName: string; readonly early?: 'message' | 'burst' | 'deny' | undefined }
  | { readonly do: Simple };

/** Steps that a word is enough for. */
export type Simple =
  | ScriptFault
  | 'publish and lose the answer'
  | 'publish and never hear of it'
  | 'subscribe and lose the answer'
  | 'subscribe and never hear of it'
  | 'unsubscribe';

/** Faults that begin or end by themselves, and not with a request. */
export type ScriptFault =
  | 'drop connection'
  | 'restart'
  | 'restart with other tokens'
  | 'offline'
  | 'online'
  | 'broker down'
  | 'broker up'
  | 'lose subscriptions'
  | 'find subscriptions'
  | 'end subscriptions'
  | 'end subscriptions after a message'
  | 'spool full'
  | 'spool free'
  | 'withhold publish'
  | 'release publish'
  | 'withhold pubacks'
  | 'release pubacks'
  | 'cut the next frame'
  | 'corrupt the next frame'
  | 'frames in pieces'
  | 'whole frames'
  | 'old nucleus'
  | 'no socket for a while'
  | 'full backlog for a while'
  | 'drop while connecting'
  | 'hang while connecting'
  | 'refuse to connect'
  | 'drop after two messages';

/** What is armed for the next request. */
export type Arming = 'message' | 'burst' | 'deny' | 'lose publish' | 'hang publish' | 'lose subscribe' | 'hang subscribe';

/** A nucleus of either kind, as a script sees it. */
export interface World {
  readonly proxy: MqttProxy;
  readonly message: (topicName: string, payload: string) => void;
  readonly inflict: (fault: ScriptFault) => void | Promise<void>;
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
/** Long enough that asking again all through a timeout of ten seconds does not take long. */
export const RECONNECT_AFTER = 500;
export const RECONNECT = fixed(RECONNECT_AFTER);
/** After so many rounds, what is still under way will not end. */
const MAX_TIMERS = 1_000;
export const EARLY = { topicName: 't/early', payload: 'early' };
export const BURST = [1, 2].map(n => ({ topicName: 't/burst', payload: `burst ${n}` }));

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
      if (step.do === 'publish and lose the answer') world.arm('lose publish');
      if (step.do === 'publish and never hear of it') world.arm('hang publish');
      unanswered++;
      world.proxy.publish$(request).subscribe(outcome => {
        unanswered--;
        log.push(`  published ${outcomeOf(outcome)}`);
      });
    } else if (step.do === 'subscribe') {
      // While nobody can be struck it is not armed: it would strike one of those that ask again later, and which one would be a matter of
      // chance.
      if (step.early !== undefined && away.size === 0 && step.topicName !== 'forbidden') world.arm(step.early);
      subscribe(step.topicName);
    } else if (step.do === 'subscribe and lose the answer' || step.do === 'subscribe and never hear of it') {
      if (away.size === 0) world.arm(step.do === 'subscribe and lose the answer' ? 'lose subscribe' : 'hang subscribe');
      subscribe('t/own');
    } else if (step.do === 'unsubscribe') {
      const first = subscriptions.find(({ subscription }) => !subscription.closed);
      first?.subscription.unsubscribe();
      if (first !== undefined) statuses.delete(first.name);
    } else if (step.do === 'message') world.message(step.topicName, step.payload);
    else await world.inflict(step.do);
    await world.settle();
    for (let timers = 0; !isSettled(); timers++) {
      if (!world.advanceToNextTimer() || timers > MAX_TIMERS) throw new Error(`It hangs:\n${log.join('\n')}`);
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
