import { describe, expect, it } from 'vitest';
import { begin, COMBINATIONS, RECONNECT } from './chaos.js';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

describe.each(COMBINATIONS)('bytes, $transport, $profile', combination => {
  it('of a frame that ends in its middle, with the connection', async () => {
    const { nucleus, reaches, time, subscribed, publish, accepted, flows } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    nucleus.faults.killMidFrame();
    nucleus.publish({ topicName: 'test/a', payload: 'half' });
    expect(await reaches('interrupted')).toMatchObject({ error: { _tag: 'ConnectionLost', retryable: true } });
    const queued = publish({ payload: 'queued' });
    time.advance(RECONNECT);
    await reaches('connected');
    expect(await queued.all()).toMatchObject([accepted]);
    await flows(subscription);
    expect(subscription.brought()).toEqual(['Interrupted', 'queued', 'flow 1']);
  });

  it('of a reply that ends in its middle, with the connection', async () => {
    const { nucleus, reaches, recovers, subscribed, publish, flows, taken } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    nucleus.faults.killMidFrame();
    const publishing = publish({ topicName: 'test/1' });
    await recovers();
    expect(await publishing.all()).toMatchObject([{ left: { _tag: 'ConnectionLost', kind: 'message', sent: true } }]);
    expect(taken()).toEqual(['test/1']);
    await flows(subscription);
  });

  it('with a wrong checksum', async () => {
    const { nucleus, reaches, time, subscribed, publish, flows } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    nucleus.faults.corruptFrames({ times: 1 });
    const inFlight = publish();
    const { error } = await reaches('interrupted');
    expect(error).toMatchObject({ _tag: 'ProtocolViolated', kind: 'terminal', retryable: true });
    expect(await inFlight.all()).toMatchObject([{ left: { _tag: 'ConnectionLost', sent: true, cause: { _tag: 'ProtocolViolated' } } }]);
    time.advance(RECONNECT);
    await subscription.active(2);
    await flows(subscription);
    expect(subscription.messages.values.find(({ _tag }) => _tag === 'Left')).toMatchObject({
      left: { _tag: 'Interrupted', cause: { _tag: 'ProtocolViolated' } },
    });
  });

  it('with a wrong checksum in the very first answer', async () => {
    const { nucleus, subscribe, publish, flows } = await begin(combination);
    nucleus.faults.corruptFrames({ times: 1 });
    const subscription = subscribe();
    const queued = publish();
    expect(await subscription.messages.all()).toMatchObject([{ left: { _tag: 'ProtocolViolated', kind: 'terminal', retryable: true } }]);
    expect(await queued.all()).toMatchObject([{ left: { _tag: 'ProtocolViolated', kind: 'message' } }]);
    const again = subscribe();
    await again.active();
    await flows(again);
  });

  it('that come one by one', async () => {
    const { nucleus, subscribe, flows, states } = await begin(combination);
    nucleus.faults.splitFrames(1);
    const subscription = subscribe();
    await subscription.active();
    nucleus.publish({ topicName: 'test/a', payload: 'in pieces' });
    await flows(subscription);
    expect(subscription.brought()).toEqual(['in pieces', 'flow 1']);
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'connected']);
    await nucleus.faults.undoAll();
  });

  it('of many frames that come at once', async () => {
    const { nucleus, subscribed, publish, accepted, flows, states } = await begin(combination);
    const subscription = await subscribed();
    nucleus.faults.glueFrames(60);
    const publishes = Array.from({ length: 8 }, () => publish({ topicName: 'test/a', payload: 'mine' }));
    for (const payload of numbers(44)) nucleus.publish({ topicName: 'test/b', payload });
    await Promise.all(publishes.map(async outcome => expect(await outcome.all()).toMatchObject([accepted])));
    await nucleus.faults.undoAll();
    await flows(subscription);
    expect(subscription.brought().filter(word => word !== 'mine')).toEqual([...numbers(44), 'flow 1']);
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'connected']);
  });

  it('of whole messages, behind which the connection is killed', async () => {
    const { nucleus, reaches, recovers, subscribed, flows } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    nucleus.faults.killAfterMessages(500);
    for (const payload of numbers(800)) nucleus.publish({ topicName: 'test/a', payload });
    await recovers();
    await subscription.active(2);
    await flows(subscription);
    // All that was sent has come, and then the gap is told.
    expect(subscription.brought()).toEqual([...numbers(500), 'Interrupted', 'flow 1']);
  });
});
