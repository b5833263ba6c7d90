import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, fixed, QOS } from '../../src/index.js';
import { accepting, startRawServer } from '../kit/nucleus/raw-server.js';
import { record } from '../kit/streams/recorded.js';
import { arrived, failed, subscribed as answer } from '../kit/nucleus/scripted-nucleus.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { begin, COMBINATIONS, PUBLISH_TIMEOUT, RECONNECT, strikes } from './chaos.js';

const SUBSCRIBE_TIMEOUT = 120_000;
const RESTORE_PATIENCE = 5_000;
const SILENCE = 60_000;
const messages = (count: number) => Array.from({ length: count }, (_, i) => ({ topicName: 'test/a', payload: String(i) }));
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const names = (statuses: readonly { readonly status: string }[]): string[] => statuses.map(({ status }) => status);

describe.each(COMBINATIONS)('subscribing, $transport, $profile', combination => {
  const { profile, transport } = combination;

  it('with the answer withheld', async () => {
    const { nucleus, time, subscribe, publish, accepted, flows, taken } = await begin(combination);
    const struck = strikes(({ onStrike }) => nucleus.faults.withholdReply({ operation: 'subscribe', onStrike }));
    const subscription = subscribe();
    const queued = publish();
    await struck;
    // Publishes wait a moment for the subscription, not for ever.
    time.advance(RESTORE_PATIENCE - 1);
    expect(taken()).toEqual([]);
    time.advance(1);
    expect(await queued.all()).toMatchObject([accepted]);
    expect(names(subscription.statuses.values)).toEqual(['subscribing']);
    await nucleus.faults.undoAll();
    expect(await subscription.active()).toEqual({ status: 'active', resumedAfter: undefined });
    await flows(subscription);
  });

  it('on a device that has never been online', async () => {
    const { nucleus, time, reaches, subscribe, publish, accepted, flows } = await begin(combination, { nucleus: { online: false } });
    const subscription = subscribe();
    if (profile === 'lite') {
      // Lite does not wait for the cloud, it refuses.
      expect(await subscription.messages.all()).toMatchObject([
        { left: { _tag: 'ServiceFault', kind: 'terminal', reason: 'SubscribeFailed', retryable: true } },
      ]);
      nucleus.setOnline(true);
      const again = subscribe();
      await again.active();
      await flows(again);
      return;
    }
    const queued = publish({ payload: 'queued' });
    const refused = publish({ qos: QOS.AT_MOST_ONCE });
    // Its time for the subscription begins when the client knows that it is connected, which is later than the nucleus does.
    await reaches('connected');
    time.advance(RESTORE_PATIENCE);
    expect(await queued.all()).toMatchObject([accepted]);
    expect(await refused.all()).toMatchObject([{ left: { _tag: 'ServiceFault', reason: 'OfflineQos0Dropped' } }]);
    expect(names(subscription.statuses.values)).toEqual(['subscribing']);
    nucleus.setOnline(true);
    await subscription.active();
    await flows(subscription);
  });

  it('without an answer', async () => {
    const { nucleus, time, event, subscribe, publish, accepted, flows, states } = await begin(combination);
    const struck = strikes(scope => nucleus.faults.noReply({ operation: 'subscribe', ...scope }));
    const subscription = subscribe();
    await struck;
    time.advance(SUBSCRIBE_TIMEOUT);
    expect(await subscription.messages.all()).toMatchObject([
      { left: { _tag: 'TimedOut', kind: 'terminal', operation: 'aws.greengrass#SubscribeToIoTCore', sent: true, retryable: true } },
    ]);
    // The nucleus is told, and keeps no ghost of it.
    await event(({ kind }) => kind === 'unsubscribed');
    expect(nucleus.subscriptions).toBe(0);
    expect(await publish().all()).toMatchObject([accepted]);
    const again = subscribe();
    await again.active();
    await flows(again);
    expect(names(states.values)).toEqual(['idle', 'connecting', 'connected']);
  });

  it('with a message before the answer', async () => {
    const { nucleus, subscribe, flows } = await begin(combination);
    nucleus.faults.messageBeforeReply({ topicName: 'test/a', payload: 'early' }, { times: 1 });
    const subscription = subscribe();
    await flows(subscription);
    expect(subscription.brought()).toEqual(['early', 'flow 1']);
    expect(names(subscription.statuses.values)).toEqual(['subscribing', 'active']);
  });

  it('to a connection that drops before the answer', async () => {
    const { nucleus, recovers, reaches, subscribe, publish, accepted, flows } = await begin(combination);
    nucleus.faults.dropBeforeReply({ operation: 'subscribe', times: 1 });
    const subscription = subscribe();
    const queued = publish({ payload: 'queued' });
    await reaches('connected');
    await recovers();
    await subscription.active();
    expect(await queued.all()).toMatchObject([accepted]);
    await flows(subscription);
    // The subscription had not begun, so nothing is missing.
    expect(subscription.brought()).toEqual(['queued', 'flow 1']);
    expect(names(subscription.statuses.values)).toEqual(['subscribing', 'interrupted', 'active']);
  });

  it('and a burst of messages, after which the nucleus ends the stream', async () => {
    const { nucleus, time, subscribe, flows, states } = await begin(combination);
    nucleus.faults.burstThenTerminate(messages(2_000), { times: 1 });
    const subscription = subscribe();
    const gap = await subscription.messages.first(({ _tag }) => _tag === 'Left');
    expect(gap).toMatchObject({ left: { _tag: 'Interrupted', kind: 'gap', cause: { _tag: 'ConnectionLost' } } });
    time.advance(RECONNECT);
    expect(await subscription.active(2)).toEqual({ status: 'active', resumedAfter: RECONNECT });
    await flows(subscription);
    expect(subscription.brought()).toEqual([...numbers(2_000), 'Interrupted', 'flow 1']);
    expect(names(states.values)).toEqual(['idle', 'connecting', 'connected']);
  });

  it('and being ended by the nucleus later, with others', async () => {
    const { nucleus, time, subscribed, flows } = await begin(combination);
    const [one, two] = [await subscribed(), await subscribed({ topicName: 'test/flow' })];
    nucleus.faults.terminateSubscriptions([{ topicName: 'test/a', payload: 'bye' }]);
    for (const { messages } of [one, two]) await messages.take(2);
    time.advance(RECONNECT);
    await Promise.all([one.active(2), two.active(2)]);
    await flows(one);
    await flows(two);
    expect(one.brought().slice(0, 3)).toEqual(['bye', 'Interrupted', 'flow 1']);
  });

  it('to what the broker denies', async () => {
    const { nucleus, time, subscribe, publish, accepted, flows } = await begin(combination);
    nucleus.faults.denySubscriptions({ times: 1 });
    const subscription = subscribe({ silence: { maximum: SILENCE } });
    if (profile === 'classic') {
      expect(await subscription.messages.all()).toMatchObject([
        { left: { _tag: 'ServiceFault', kind: 'terminal', reason: 'SubscribeFailed', retryable: false } },
      ]);
      expect(await publish().all()).toMatchObject([accepted]);
      return;
    }
    // Lite says that it succeeded. Only the silence shows that it did not.
    await subscription.active();
    expect(await publish({ payload: 'unheard' }).all()).toMatchObject([accepted]);
    time.advance(SILENCE);
    expect(await subscription.messages.take(1)).toMatchObject([{ left: { _tag: 'Silent' } }]);
    time.advance(RECONNECT);
    await subscription.active(2);
    await flows(subscription);
  });

  it('and losing it without a word: nothing tells', async () => {
    const { nucleus, time, subscribed, publish, accepted, flows, states } = await begin(combination);
    const lost = await subscribed();
    nucleus.faults.loseSubscriptions();
    expect(await publish({ payload: 'unheard' }).all()).toMatchObject([accepted]);
    time.advance(PUBLISH_TIMEOUT);
    expect(time.timers).toBe(0);
    // A new one works, and a message that came to it did not come to the other.
    await flows(await subscribed());
    expect(lost.brought()).toEqual([]);
    expect(names(lost.statuses.values)).toEqual(['subscribing', 'active']);
    expect(names(states.values)).toEqual(['idle', 'connecting', 'connected']);
  });

  it('and losing it without a word: the silence watch finds out', async () => {
    const { nucleus, time, subscribed, publish, accepted, flows } = await begin(combination);
    const subscription = await subscribed({ silence: { maximum: SILENCE } });
    nucleus.faults.loseSubscriptions();
    expect(await publish({ payload: 'unheard' }).all()).toMatchObject([accepted]);
    time.advance(SILENCE);
    expect(subscription.messages.values).toMatchObject([{ left: { _tag: 'Silent', kind: 'gap', maximum: SILENCE } }]);
    time.advance(RECONNECT);
    expect(await subscription.active(2)).toEqual({ status: 'active', resumedAfter: RECONNECT });
    await flows(subscription);
    expect(subscription.brought()).toEqual(['Silent', 'flow 1']);
    expect(names(subscription.statuses.values)).toEqual(['subscribing', 'active', 'silent', 'interrupted', 'active']);
    expect(nucleus.subscriptions).toBe(1);
  });

  it('and losing it without a word: the canary tells a quiet topic from a dead subscription', async () => {
    const { nucleus, time, event, subscribed, taken, flows } = await begin(combination);
    const subscription = await subscribed({ silence: { maximum: SILENCE, canaryTopicName: 'test/canary' } });
    const canaries = (): number => taken().filter(topicName => topicName === 'test/canary').length;
    // Quiet for hours: a canary every minute, which nobody sees, and no alarm.
    for (let minute = 1; minute <= 120; minute++) {
      time.advance(SILENCE / 2);
      await event(() => canaries() === minute);
      await heard();
      time.advance(SILENCE / 2);
    }
    expect(subscription.brought().filter(word => word !== '')).toEqual([]);
    nucleus.faults.loseSubscriptions();
    time.advance(SILENCE / 2);
    time.advance(SILENCE / 2);
    time.advance(RECONNECT);
    await subscription.active(2);
    await flows(subscription);
    expect(subscription.brought().slice(-2)).toEqual(['Silent', 'flow 1']);

    /** Behind the canary on the same subscription comes another message, and then the canary has been heard. */
    async function heard(): Promise<void> {
      const count = subscription.messages.values.length;
      nucleus.publish({ topicName: 'test/marker', payload: '' });
      await subscription.messages.take(count + 1);
    }
  });

  it('after a restart with another policy', async () => {
    // The local nucleus reads its policies once, so a script stands in for the second.
    let connections = 0;
    const server = await startRawServer(connection => {
      const first = connections++ === 0;
      accepting(({ operation, streamId }) => {
        if (operation === undefined) return;
        if (first) connection.send(answer(streamId), arrived(streamId, 'test/a', 'before'));
        else
          connection.send(failed(streamId, 'UnauthorizedError', profile === 'lite' ? 'IPC Operation not authorized.' : 'Not Authorized'));
      })(connection);
    });
    const time = new VirtualTime();
    const proxy = connect({
      refusalPatience: 0,
      socketPath: server.path,
      authToken: 'ABCDEFGHIJKLMNOP',
      transport,
      profile,
      reconnect: fixed(RECONNECT),
      scheduler: time,
    });
    onTestFinished(async () => {
      await proxy.close();
      await server.stop();
      expect(time.timers).toBe(0);
    });
    const states = record(proxy.state$);
    const subscription = record(proxy.subscribe({ topicName: 'test/#', qos: QOS.AT_LEAST_ONCE }));
    await subscription.take(1);
    (await server.connection(0)).kill();
    await states.first(({ status }) => status === 'interrupted');
    time.advance(RECONNECT);
    expect(await subscription.all()).toMatchObject([
      { _tag: 'Right' },
      { left: { _tag: 'Interrupted' } },
      { left: { _tag: 'Unauthorized', kind: 'terminal', operation: 'aws.greengrass#SubscribeToIoTCore', topicName: 'test/#' } },
    ]);
    // The connection is as good as before: others go on.
    expect(states.values.at(-1)?.status).toBe('connected');
  });

  it('to what the policy does not allow', async () => {
    const { subscribe, publish, subscribed, flows } = await begin(combination);
    const good = await subscribed();
    expect(await subscribe({ topicName: 'other/#' }).messages.all()).toMatchObject([
      { left: { _tag: 'Unauthorized', kind: 'terminal', retryable: false } },
    ]);
    expect(await publish({ topicName: 'other/a' }).all()).toMatchObject([
      { left: { _tag: 'Unauthorized', kind: 'message', topicName: 'other/a', retryable: false } },
    ]);
    await flows(good);
  });
});
