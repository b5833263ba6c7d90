import { toUnion, type Either } from 'fp-ts/lib/Either.js';
import { from, Subject, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { fixed, publishTo, QOS, type Accepted, type MqttProxy, type PublishError, type PublishPort } from '../../src/index.js';
import { record, type Recorded } from '../kit/streams/recorded.js';
import { begin, COMBINATIONS, PUBLISH_TIMEOUT, RECONNECT, strikes } from './chaos.js';

const LOST = { left: { _tag: 'ConnectionLost', kind: 'message', sent: true, retryable: true } };
const request = (topicName: string) => ({ topicName, payload: topicName, qos: QOS.AT_LEAST_ONCE });

/** The proxy as a stage's port, with its answers recorded. */
function listening(proxy: MqttProxy): { readonly port: PublishPort; readonly answers: Recorded<Either<PublishError, Accepted>> } {
  const answers$ = new Subject<Either<PublishError, Accepted>>();
  const publish$: PublishPort['publish$'] = request => proxy.publish$(request).pipe(tap(answer => answers$.next(answer)));
  return { port: { state$: proxy.state$, publish$ }, answers: record(answers$) };
}

describe.each(COMBINATIONS)('publishing, $transport, $profile', combination => {
  const { profile } = combination;
  /** What Lite says to all of these. */
  const notPublished = { left: { _tag: 'ServiceFault', kind: 'message', reason: 'PublishFailed', retryable: true } };

  it('without a reply', async () => {
    const { nucleus, time, subscribed, publish, flows, taken, states } = await begin(combination);
    const subscription = await subscribed();
    const struck = strikes(scope => nucleus.faults.noReply({ operation: 'publish', ...scope }));
    const unanswered = publish(request('test/unanswered'));
    await struck;
    // The others are answered meanwhile.
    await flows(subscription);
    expect(unanswered.values).toEqual([]);
    time.advance(PUBLISH_TIMEOUT);
    expect(await unanswered.all()).toMatchObject([
      {
        left: {
          _tag: 'TimedOut',
          kind: 'message',
          operation: 'aws.greengrass#PublishToIoTCore',
          timeout: PUBLISH_TIMEOUT,
          sent: true,
        },
      },
    ]);
    // "Unknown" is right: the nucleus had taken it.
    expect(taken()).toContain('test/unanswered');
    await flows(subscription);
    expect(states.values.at(-1)?.status).toBe('connected');
  });

  it('to a connection that drops before the reply', async () => {
    const { nucleus, subscribed, reaches, recovers, publish, accepted, flows, taken } = await begin(combination, {
      proxy: { inFlight: 1 },
    });
    const subscription = await subscribed();
    await reaches('connected');
    nucleus.faults.dropBeforeReply({ operation: 'publish', times: 1 });
    const inFlight = publish(request('test/1'));
    const queued = publish(request('test/2'));
    await recovers();
    expect(await inFlight.all()).toMatchObject([LOST]);
    expect(await queued.all()).toMatchObject([accepted]);
    expect(taken()).toEqual(['test/1', 'test/2']);
    await flows(subscription);
  });

  it('with a retry, to a connection that drops before the reply: at least once', async () => {
    const { nucleus, proxy, time, subscribed, reaches, recovers, flows, taken } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    nucleus.faults.dropBeforeReply({ operation: 'publish', times: 1 });
    const outcomes = record(
      from(['test/1', 'test/2']).pipe(publishTo(proxy, request, { inFlight: 1, retry: fixed(2 * RECONNECT), scheduler: time })),
    );
    await recovers();
    time.advance(RECONNECT);
    expect(await outcomes.all()).toMatchObject([
      { _tag: 'Right', right: { value: 'test/1', attempts: 2 } },
      { _tag: 'Right', right: { value: 'test/2', attempts: 1 } },
    ]);
    // The first was taken both times: a duplicate.
    expect(taken()).toEqual(['test/1', 'test/1', 'test/2']);
    await flows(subscription);
  });

  it('without a retry, to a connection that drops: each value has its outcome', async () => {
    const { nucleus, proxy, time, subscribed, reaches, recovers, flows } = await begin(combination, { proxy: { inFlight: 4 } });
    const subscription = await subscribed();
    await reaches('connected');
    nucleus.faults.withholdReply({ operation: 'publish' });
    const struck = strikes(scope => nucleus.faults.dropBeforeReply({ operation: 'subscribe', ...scope }));
    const values = Array.from({ length: 10 }, (_, i) => `test/${i}`);
    const outcomes = record(from(values).pipe(publishTo(proxy, request, { inFlight: 4, scheduler: time })));
    // The answer to another request drops the connection.
    record(proxy.subscribe({ topicName: 'test/other', qos: QOS.AT_LEAST_ONCE }));
    await struck;
    await nucleus.faults.undoAll();
    await recovers();
    const settled = (await outcomes.all()).map(toUnion);
    // aws-crt gives answers of the same moment in any order.
    const place = (outcome: (typeof settled)[number]): number => ('value' in outcome ? values.indexOf(outcome.value) : -1);
    settled.sort((one, other) => place(one) - place(other));
    expect(settled.slice(0, 4)).toMatchObject(values.slice(0, 4).map(value => ({ _tag: 'ConnectionLost', value, outcome: 'unknown' })));
    expect(settled.slice(4)).toMatchObject(
      values.slice(4).map(value => ({ by: profile === 'classic' ? 'spooler' : 'mqtt-socket', value, attempts: 1 })),
    );
    await flows(subscription);
  });

  it('into a full spool', async () => {
    const { nucleus, proxy, time, subscribed, publish, flows, states } = await begin(combination);
    const subscription = await subscribed();
    const refused =
      profile === 'classic' ? { left: { _tag: 'ServiceFault', kind: 'message', reason: 'SpoolFull', retryable: true } } : notPublished;
    nucleus.faults.spoolFull({ times: 1 });
    expect(await publish().all()).toMatchObject([refused]);
    nucleus.faults.spoolFull({ times: 1 });
    const { port, answers } = listening(proxy);
    const outcomes = record(from(['test/1']).pipe(publishTo(port, request, { retry: fixed(RECONNECT), scheduler: time })));
    expect(await answers.take(1)).toMatchObject([refused]);
    time.advance(RECONNECT);
    expect(await outcomes.all()).toMatchObject([{ right: { value: 'test/1', attempts: 2 } }]);
    await flows(subscription);
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'connected']);
  });

  it('while the device is offline', async () => {
    const { nucleus, subscribed, publish, accepted, flows, states } = await begin(combination);
    const subscription = await subscribed();
    const fault = nucleus.faults.offline();
    const once = await publish({ payload: 'once', qos: QOS.AT_MOST_ONCE }).all();
    const atLeastOnce = await publish({ payload: 'at least once' }).all();
    if (profile === 'classic') {
      expect(once).toMatchObject([{ left: { _tag: 'ServiceFault', reason: 'OfflineQos0Dropped', retryable: true } }]);
      expect(atLeastOnce).toMatchObject([accepted]);
      expect(nucleus.spooled).toBe(1);
    } else {
      expect([once, atLeastOnce]).toMatchObject([[notPublished], [notPublished]]);
    }
    fault.undo();
    await flows(subscription);
    // Nothing reported the outage; what the nucleus had spooled went to the cloud and came back.
    expect(subscription.brought()).toEqual(profile === 'classic' ? ['at least once', 'flow 1'] : ['flow 1']);
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'connected']);
  });

  it('while the broker is down', async () => {
    const { nucleus, time, subscribe, subscribed, publish, accepted, flows, states } = await begin(combination);
    const subscription = await subscribed({ topicName: 'test/+' });
    const fault = await nucleus.faults.brokerDown();
    expect(await publish({ payload: 'spooled' }).all()).toMatchObject(profile === 'classic' ? [accepted] : [notPublished]);
    // No subscription that exists covers it, so the broker would have to be asked.
    expect(await subscribe({ topicName: 'test/other/#' }).messages.all()).toMatchObject([
      { left: { _tag: 'ServiceFault', kind: 'terminal', reason: 'SubscribeFailed', retryable: true } },
    ]);
    await fault.undo();
    await flows(subscription);
    expect(subscription.brought()).toEqual(profile === 'classic' ? ['spooled', 'flow 1'] : ['flow 1']);
    expect(subscription.statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active']);
    expect(states.values.at(-1)?.status).toBe('connected');
    expect(time.timers).toBeLessThanOrEqual(1);
  });

  it.runIf(profile === 'lite')('more than is acknowledged', async () => {
    const { nucleus, proxy, time, subscribed, publish, accepted, flows } = await begin(combination);
    const subscription = await subscribed();
    const fault = nucleus.faults.withholdPubacks();
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => publish().all()));
    expect(outcomes).toMatchObject([...Array.from({ length: 10 }, () => [accepted]), [notPublished], [notPublished]]);
    // publishTo tries that refusal again by itself: nothing was sent, so nothing is sent twice.
    const { port, answers } = listening(proxy);
    const held = record(from(['test/1']).pipe(publishTo(port, request, { scheduler: time })));
    expect(await answers.take(1)).toMatchObject([notPublished]);
    fault.undo();
    time.advance(RECONNECT);
    expect(await held.all()).toMatchObject([{ right: { value: 'test/1', attempts: 2 } }]);
    await flows(subscription);
  });

  it('to an old nucleus, that drops the connection for a terminate that comes late', async () => {
    const { nucleus, event, time, subscribed, reaches, publish, flows } = await begin(combination);
    const subscription = await subscribed({ topicName: 'test/flow' });
    await reaches('connected');
    nucleus.faults.oldNucleus();
    // For the nucleus the answer ends the stream. It is held back until the next frame takes it along.
    nucleus.faults.glueFrames(2);
    const late = publish();
    await event(({ kind }) => kind === 'published');
    // The wait is given up, and the failure says so.
    time.advance(PUBLISH_TIMEOUT);
    expect(await late.all()).toMatchObject([{ left: { _tag: 'TimedOut', sent: true } }]);
    const { error } = await reaches('interrupted');
    expect(error._tag).toBe(profile === 'classic' ? 'ProtocolViolated' : 'ConnectionLost');
    await nucleus.faults.undoAll();
    time.advance(RECONNECT);
    await reaches('connected');
    await flows(subscription);
    expect(subscription.brought()).toContain('Interrupted');
  });

  it.runIf(profile === 'classic')('and unsubscribing keep the connection of an old nucleus in use as it should be', async () => {
    const { nucleus, subscribed, publish, accepted, flows, states } = await begin(combination);
    nucleus.faults.oldNucleus();
    const subscription = await subscribed();
    for (let i = 0; i < 20; i++) {
      expect(await publish().all()).toMatchObject([accepted]);
      (await subscribed({ topicName: 'test/other' })).messages.subscription.unsubscribe();
    }
    await flows(subscription);
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'connected']);
  });
});
