import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { VirtualTimeScheduler } from 'rxjs';
import { schedulerClock } from '../../../src/schedule/clock.js';
import {
  GET_CONFIGURATION,
  PUBLISH_TO_TOPIC,
  SUBSCRIBE_TO_CONFIGURATION_UPDATE,
  SUBSCRIBE_TO_TOPIC,
  UPDATE_CONFIGURATION,
} from '../../../src/shared/operations.js';
import { COMPONENT, OTHER, PROFILES, allowLocal, start } from '../../kit/nucleus/nuclei.js';
import { RawClient, body, eventOf } from '../../kit/nucleus/raw-client.js';
import { IS_WINDOWS } from '../../kit/process/platform.js';

const IS_EVENT = { modelType: 'aws.greengrass#IoTCoreMessage' };

/** The error of a connect to a nucleus that has died: its socket file stays, its pipe goes. */
const NOBODY_LISTENS = IS_WINDOWS ? 'ENOENT' : 'ECONNREFUSED';

/** The error a connect to the path fails with. */
function connectError(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code);
    });
  });
}

describe.each(PROFILES)('%s', profile => {
  test('no ConnectAck: the connection stays open and silent', async () => {
    await using nucleus = await start(profile);
    const struck = new Promise<void>(onStrike =>
      nucleus.faults.noConnectAck({
        times: 1,
        onStrike: () => {
          onStrike();
        },
      }),
    );
    const client = await RawClient.open(nucleus.socketPath);
    client.connect(nucleus.authToken(COMPONENT));
    await struck;
    await RawClient.accepted(nucleus, COMPONENT);
    expect(client.received).toEqual([]);
    expect(nucleus.connections).toBe(2);
  });

  test('a refused Connect is of this component only, and ends with the undo', async () => {
    await using nucleus = await start(profile);
    const fault = nucleus.faults.refuseConnect({ component: COMPONENT });
    const client = await RawClient.open(nucleus.socketPath);
    client.connect(nucleus.authToken(COMPONENT));
    await client.closed;
    expect(client.received.map(({ type, flags }) => [type, flags])).toEqual(profile === 'classic' ? [[5, 0]] : []);
    await RawClient.accepted(nucleus, OTHER);
    expect(fault.strikes).toBe(1);
    fault.undo();
    await RawClient.accepted(nucleus, COMPONENT);
  });

  test('the nucleus has died: connections are gone and connecting is refused, until it listens again with the same tokens', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const fault = await nucleus.faults.nucleusDown();
    await client.closed;
    expect(await connectError(nucleus.socketPath)).toBe(NOBODY_LISTENS);
    await fault.undo();
    await RawClient.accepted(nucleus, COMPONENT);
  });

  test('a frozen nucleus takes connections and answers nobody until it goes on', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const fault = nucleus.faults.freeze();
    client.publish(1, 'test/a', 'x');
    const late = await RawClient.open(nucleus.socketPath);
    late.connect(nucleus.authToken(OTHER));
    // Long enough for an answer of a nucleus that is not frozen: another one's whole round trip.
    await using other = await start(profile);
    const others = await RawClient.accepted(other, COMPONENT);
    others.publish(1, 'test/a', 'x');
    await others.next();
    expect(client.untaken + late.untaken).toBe(0);
    fault.undo();
    expect(await client.next()).toMatchObject({ streamId: 1 });
    expect(await late.next()).toMatchObject({ type: 5, flags: 1 });
  });

  test('every operation is unauthorized, of this component only, and what is subscribed stays', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    using fault = nucleus.faults.unauthorized({ component: COMPONENT });
    client.publish(2, 'test/a', 'x');
    expect(body(await client.next())).toMatchObject({ _errorCode: 'UnauthorizedError' });
    const other = await RawClient.accepted(nucleus, OTHER);
    other.publish(1, 'test/a', 'from another');
    expect(eventOf(await client.next()).text).toBe('from another');
    fault.undo();
    client.publish(3, 'test/b', 'x');
    expect(await client.next()).toMatchObject({ streamId: 3, type: 0 });
  });

  test('no reply: the publish is done and never answered', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    nucleus.faults.noReply({ operation: 'publish', times: 1 });
    client.publish(2, 'test/a', 'done');
    expect(await client.next()).toMatchObject(IS_EVENT);
    client.publish(3, 'test/b', 'x');
    expect(await client.next()).toMatchObject({ streamId: 3 });
  });

  test('dropped before the reply: done, and the connection is gone', async () => {
    await using nucleus = await start(profile);
    const watcher = await RawClient.accepted(nucleus, OTHER);
    watcher.subscribe(1, 'test/a');
    await watcher.next();
    const fault = nucleus.faults.dropBeforeReply({ times: 1, operation: 'publish' });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'test/a', 'done');
    await client.closed;
    expect(client.untaken).toBe(0);
    expect(eventOf(await watcher.next()).text).toBe('done');
    expect(fault.armed).toBe(false);
  });

  test('a withheld answer comes with the undo, and not if the client has given up', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const fault = nucleus.faults.withholdReply({ operation: 'subscribe' });
    client.subscribe(1, 'test/a');
    client.subscribe(2, 'test/b');
    client.terminate(1);
    client.publish(3, 'test/x', 'x');
    expect(await client.next()).toMatchObject({ streamId: 3 });
    expect(fault.strikes).toBe(2);
    fault.undo();
    expect(await client.next()).toMatchObject({ streamId: 2, payload: '{}' });
    client.publish(4, 'test/x', 'x');
    expect(await client.next()).toMatchObject({ streamId: 4 });
  });

  test('a message before the answer to its subscribe', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    nucleus.faults.messageBeforeReply({ topicName: 'test/a', payload: 'early' }, { times: 1 });
    client.subscribe(1, 'test/a');
    const [first, second] = [await client.next(), await client.next()];
    expect(eventOf(first)).toEqual({ topicName: 'test/a', text: 'early' });
    expect(second.payload).toBe('{}');
  });

  test('the first real message comes before the answer to its subscribe', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    nucleus.faults.messageBeforeReply();
    const subscribed = new Promise<void>(resolve =>
      nucleus.observe(({ kind }) => {
        if (kind === 'subscribed') resolve();
      }),
    );
    client.subscribe(1, 'test/a');
    await subscribed;
    nucleus.publish({ topicName: 'test/a', payload: '1' });
    nucleus.publish({ topicName: 'test/a', payload: '2' });
    const messages = [await client.next(), await client.next(), await client.next()];
    expect(messages.map(({ payload }) => (payload === '{}' ? 'reply' : 'event'))).toEqual(['event', 'reply', 'event']);
  });

  test('a burst after the answer, and then the server ends the stream', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const burst = Array.from({ length: 50 }, (_, i) => ({ topicName: 'test/a', payload: String(i) }));
    nucleus.faults.burstThenTerminate(burst, { times: 1 });
    client.subscribe(1, 'test/a');
    expect(await client.next()).toMatchObject({ payload: '{}' });
    for (let i = 0; i < 50; i++) expect(eventOf(await client.next()).text).toBe(String(i));
    expect(await client.next()).toMatchObject({ type: 0, flags: 2, streamId: 1, payload: '' });
    expect(nucleus.subscriptions).toBe(0);
  });

  test('all subscriptions are ended by the server', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    client.subscribe(2, 'test/b');
    await client.next();
    await client.next();
    expect(nucleus.faults.terminateSubscriptions([{ topicName: 'x', payload: 'bye' }])).toBe(2);
    const got = [await client.next(), await client.next(), await client.next(), await client.next()];
    expect(got.map(({ streamId, flags }) => [streamId, flags])).toEqual([
      [1, 0],
      [1, 2],
      [2, 0],
      [2, 2],
    ]);
  });

  test('all connections are killed, or one component’s', async () => {
    await using nucleus = await start(profile);
    const one = await RawClient.accepted(nucleus, COMPONENT);
    const two = await RawClient.accepted(nucleus, OTHER);
    nucleus.faults.killConnections(COMPONENT);
    await one.closed;
    two.publish(1, 'a', 'x');
    expect(await two.next()).toMatchObject({ streamId: 1 });
    nucleus.faults.killConnections();
    await two.closed;
    expect(nucleus.connections).toBe(0);
  });

  test('killed after five messages', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    nucleus.faults.killAfterMessages(5);
    for (let i = 0; i < 9; i++) nucleus.publish({ topicName: 'test/a', payload: String(i) });
    await client.closed;
    expect(client.received.slice(2).map(message => eventOf(message).text)).toEqual(['0', '1', '2', '3', '4']);
  });

  test('killed in the middle of a frame', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const bytes = new Promise<Buffer>(resolve => client.socket.once('data', resolve));
    nucleus.faults.killMidFrame();
    client.publish(1, 'test/a', 'x');
    const half = await bytes;
    await client.closed;
    expect(half.length).toBe(half.readUInt32BE(0) >> 1);
    expect(client.untaken).toBe(0);
  });

  test('a wrong checksum', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    nucleus.faults.corruptFrames({ times: 1 });
    client.publish(1, 'test/a', 'x');
    await expect.poll(() => client.frameFailure).toEqual({ reason: 'frame-checksum' });
  });

  test('every byte on its own, and many frames at once', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const chunks: number[] = [];
    client.socket.on('data', chunk => chunks.push(chunk.length));
    const split = nucleus.faults.splitFrames(1, { times: 1 });
    client.publish(1, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ streamId: 1 });
    expect(chunks.length).toBeGreaterThan(20);
    expect(split.armed).toBe(false);
    chunks.length = 0;
    const glue = nucleus.faults.glueFrames(4);
    for (let i = 2; i <= 4; i++) client.publish(i, 'test/a', 'x');
    client.subscribe(5, 'test/a');
    for (let i = 2; i <= 5; i++) expect(await client.next()).toMatchObject({ streamId: i });
    expect(chunks).toHaveLength(1);
    client.publish(6, 'test/b', 'x');
    glue.undo();
    expect(await client.next()).toMatchObject({ streamId: 6 });
  });

  test('subscriptions die in silence, and live again with the undo', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    const fault = nucleus.faults.loseSubscriptions();
    nucleus.publish({ topicName: 'test/a', payload: 'lost' });
    client.subscribe(2, 'test/a');
    await client.next();
    nucleus.publish({ topicName: 'test/a', payload: 'new' });
    expect(await client.next()).toMatchObject({ streamId: 2 });
    fault.undo();
    nucleus.publish({ topicName: 'test/a', payload: 'both' });
    expect([(await client.next()).streamId, (await client.next()).streamId].sort()).toEqual([1, 2]);
  });

  test('no room in the spool', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    nucleus.faults.spoolFull({ times: 1 });
    client.publish(1, 'test/a', 'x');
    const reply = await client.next();
    expect(reply.modelType).toBe('aws.greengrass#ServiceError');
    const text = body(reply)['_message'];
    expect(text).toBe(
      profile === 'classic'
        ? 'Publish to topic test/a failed: Message spool is full. Message could not be added.'
        : 'Failed to publish the message.',
    );
    client.publish(2, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ type: 0 });
  });

  test('the broker denies a subscription', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    nucleus.faults.denySubscriptions({ times: 1 });
    client.subscribe(1, 'test/a');
    const reply = await client.next();
    if (profile === 'lite') {
      expect(reply).toMatchObject({ type: 0, payload: '{}' });
      nucleus.publish({ topicName: 'test/a', payload: 'never' });
      client.publish(2, 'test/a', 'x');
      expect(await client.next()).toMatchObject({ streamId: 2 });
    } else {
      expect(body(reply)).toMatchObject({
        message: 'Subscribe to topic test/a failed with error NOT_AUTHORIZED',
        context: { reasonString: null, reasonCode: 135 },
      });
    }
  });

  // A pipe is no file, and has no backlog.
  test.skipIf(IS_WINDOWS)('the socket file is gone, and back', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const fault = await nucleus.faults.removeSocketFile();
    expect(await connectError(nucleus.socketPath)).toBe('ENOENT');
    client.publish(1, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ streamId: 1 });
    await fault.undo();
    await RawClient.accepted(nucleus, COMPONENT);
  });

  test.skipIf(IS_WINDOWS)('the listen backlog is full, and empty again', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const fault = await nucleus.faults.fullBacklog();
    expect(await connectError(nucleus.socketPath)).toBe('EAGAIN');
    client.publish(1, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ streamId: 1 });
    await fault.undo();
    await RawClient.accepted(nucleus, COMPONENT);
  });

  test('a restart ends all, and the old token is refused; or kept if asked', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    const old = nucleus.authToken(COMPONENT);
    await nucleus.restart();
    await client.closed;
    expect(nucleus.subscriptions).toBe(0);
    expect(nucleus.authToken(COMPONENT)).not.toBe(old);
    const stale = await RawClient.open(nucleus.socketPath);
    stale.connect(old);
    await stale.closed;
    expect(stale.received.map(({ flags }) => flags)).toEqual(profile === 'classic' ? [0] : []);
    const fresh = nucleus.authToken(COMPONENT);
    await nucleus.restart({ keepTokens: true });
    expect(nucleus.authToken(COMPONENT)).toBe(fresh);
    await RawClient.accepted(nucleus, COMPONENT);
  });

  test('an old server: a terminate that comes late costs the connection', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    nucleus.faults.oldNucleus();
    client.publish(1, 'test/a', 'x');
    await client.next();
    client.terminate(1);
    if (profile === 'classic') expect((await client.next()).payload).toContain('stream-id arrived that was lower');
    await client.closed;
  });

  test('undoAll takes everything back', async () => {
    await using nucleus = await start(profile);
    const armed = [
      nucleus.faults.noConnectAck(),
      nucleus.faults.noReply(),
      nucleus.faults.offline(),
      nucleus.faults.corruptFrames(),
      await nucleus.faults.removeSocketFile(),
      await nucleus.faults.brokerDown(),
    ];
    await nucleus.faults.undoAll();
    expect(armed.map(fault => fault.armed)).toEqual(armed.map(() => false));
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'test/a', 'x', '0');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 1 });
  });
});

test('lite: without its configuration daemon everything is unauthorized, and right again when it is back; classic has none', async () => {
  for (const profile of PROFILES) {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    const down = nucleus.faults.configurationDaemonDown({ component: COMPONENT });
    client.publish(2, 'test/a', 'x', '0');
    client.subscribe(3, 'test/b');
    // What is subscribed stays: on classic the message comes to it.
    const answers = [await client.next(), await client.next(), ...(profile === 'classic' ? [await client.next()] : [])];
    const refused = answers.filter(({ type }) => type === 1).map(answer => body(answer)['_errorCode']);
    expect(refused).toEqual(profile === 'lite' ? ['UnauthorizedError', 'UnauthorizedError'] : []);
    down.undo();
    nucleus.publish({ topicName: 'test/a', payload: 'still' });
    expect(eventOf(await client.next())).toEqual({ topicName: 'test/a', text: 'still' });
    client.publish(4, 'test/x', 'x', '0');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 4 });
  }
});

test('lite: while the MQTT daemon hangs nothing arrives and publishes fail after ten seconds; once it is restarted old subscriptions are dead', async () => {
  const scheduler = new VirtualTimeScheduler();
  await using nucleus = await start('lite', { clock: schedulerClock(scheduler) });
  const failed: string[] = [];
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const other = await RawClient.accepted(nucleus, OTHER);
  client.subscribe(1, 'test/a');
  await client.next();
  const hung = nucleus.faults.mqttDaemonHung();
  nucleus.publish({ topicName: 'test/a', payload: 'lost' });
  client.publish(2, 'test/a', 'x');
  client.subscribe(3, 'test/b');
  // Refused by its policies: answered, and after the two before it have been read.
  client.publish(4, 'other', 'x');
  expect(await client.next()).toMatchObject({ type: 1, streamId: 4 });
  expect(client.untaken).toBe(0);
  const passed = (ms: number): void => {
    scheduler.maxFrames = scheduler.now() + ms;
    scheduler.flush();
    scheduler.frame = scheduler.maxFrames;
  };
  passed(9_999);
  other.publish(1, 'x', 'x');
  client.publish(5, 'other', 'x');
  expect(await client.next()).toMatchObject({ streamId: 5 });
  passed(1);
  for (const text of ['Failed to publish the message.', 'Failed to bind the subscription.']) {
    const answer = await client.next();
    failed.push(String(answer.streamId));
    expect(body(answer)['_message']).toBe(text);
  }
  expect(failed).toEqual(['2', '3']);
  // Began later, and fails with the daemon that it waits for.
  hung.undo();
  expect(body(await other.next())['_message']).toBe('Failed to publish the message.');
  client.publish(6, 'test/x', 'x');
  expect(await client.next()).toMatchObject({ type: 0, streamId: 6 });
  client.subscribe(7, 'test/+');
  await client.next();
  nucleus.publish({ topicName: 'test/a', payload: 'new' });
  expect(await client.next()).toMatchObject({ ...IS_EVENT, streamId: 7 });
});

test('lite: without its daemon of local topics these fail; once it is back old subscriptions are dead and new ones live; classic has none', async () => {
  for (const profile of PROFILES) {
    await using nucleus = await start(profile, { components: [{ name: COMPONENT, accessControl: allowLocal('*') }] });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    let streamId = 0;
    const events: number[] = [];
    const ask = async (operation: string, request: object): Promise<unknown> => {
      client.request(++streamId, operation, { topic: 'plc', ...request });
      for (;;) {
        const answer = await client.next();
        if (answer.modelType !== 'aws.greengrass#SubscriptionResponseMessage') return body(answer)['_message'];
        events.push(answer.streamId);
      }
    };
    const publish = (): Promise<unknown> => ask(PUBLISH_TO_TOPIC, { publishMessage: { binaryMessage: { message: 'eA==' } } });
    const subscribe = (): Promise<unknown> => ask(SUBSCRIBE_TO_TOPIC, {});
    expect(await subscribe()).toBe(undefined);
    const down = nucleus.faults.pubsubDaemonDown();
    expect([await publish(), await subscribe()]).toEqual(
      profile === 'lite' ? ['Failed to publish the message.', 'Failed to bind subscription.'] : [undefined, undefined],
    );
    down.undo();
    expect(await subscribe()).toBe(undefined);
    await publish();
    await publish();
    expect(new Set(events)).toEqual(new Set(profile === 'lite' ? [4] : [1, 3, 4]));
    client.close();
  }
});

test('lite: without its configuration daemon no configuration is read, written or followed; once it is back who followed hears nothing', async () => {
  await using nucleus = await start('lite');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const ask = async (streamId: number, operation: string, request: object): Promise<unknown> => {
    client.request(streamId, operation, request);
    const answer = await client.next();
    expect(answer.streamId).toBe(streamId);
    return body(answer)['_message'];
  };
  const update = (streamId: number, a: number): Promise<unknown> =>
    ask(streamId, UPDATE_CONFIGURATION, { keyPath: [], valueToMerge: { a }, timestamp: Math.floor(Date.now() / 1000) + 1.25 });
  expect(await ask(1, SUBSCRIBE_TO_CONFIGURATION_UPDATE, { keyPath: [] })).toBe(undefined);
  const down = nucleus.faults.configurationDaemonDown();
  expect(await ask(2, GET_CONFIGURATION, { keyPath: [] })).toBe('');
  expect(await update(3, 1)).toBe('Failed to update the configuration.');
  expect(await ask(4, SUBSCRIBE_TO_CONFIGURATION_UPDATE, { keyPath: [] })).toBe('Failed to subscribe to configuration update.');
  down.undo();
  // No event comes between the answers.
  expect(await update(5, 2)).toBe(undefined);
  expect(await ask(6, GET_CONFIGURATION, { keyPath: [] })).toBe(undefined);
  client.close();
});

test.each(PROFILES)('%s: local subscriptions die in silence, and live again with the undo', async profile => {
  await using nucleus = await start(profile, { components: [{ name: COMPONENT, accessControl: allowLocal('*') }] });
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.request(1, SUBSCRIBE_TO_TOPIC, { topic: 'plc' });
  await client.next();
  const publish = (streamId: number): void =>
    client.request(streamId, PUBLISH_TO_TOPIC, { topic: 'plc', publishMessage: { binaryMessage: { message: 'eA==' } } });
  const lost = nucleus.faults.loseLocalSubscriptions();
  publish(2);
  expect(await client.next()).toMatchObject({ streamId: 2 });
  publish(3);
  expect(await client.next()).toMatchObject({ streamId: 3 });
  lost.undo();
  publish(4);
  expect(new Set([(await client.next()).streamId, (await client.next()).streamId])).toEqual(new Set([1, 4]));
  client.close();
});

test('a fault that is taken back twice is taken back once: who follows a configuration since then goes on hearing of it', async () => {
  await using nucleus = await start('lite');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const down = nucleus.faults.configurationDaemonDown();
  down.undo();
  client.request(1, SUBSCRIBE_TO_CONFIGURATION_UPDATE, { keyPath: [] });
  expect(await client.next()).toMatchObject({ type: 0, streamId: 1 });
  down.undo();
  client.request(2, UPDATE_CONFIGURATION, { keyPath: [], valueToMerge: { a: 1 }, timestamp: 0.5 });
  expect([(await client.next()).streamId, (await client.next()).streamId]).toEqual([1, 2]);
  client.close();
});

test.each(PROFILES)('%s: of two faults that last, the one that is left still holds', async profile => {
  await using nucleus = await start(profile);
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const [first, second] = [nucleus.faults.freeze(), nucleus.faults.freeze()];
  first.undo();
  client.publish(1, 'test/a', 'x');
  await using other = await start(profile);
  const others = await RawClient.accepted(other, COMPONENT);
  others.publish(1, 'test/a', 'x');
  await others.next();
  expect(client.untaken).toBe(0);
  second.undo();
  expect(await client.next()).toMatchObject({ type: 0, streamId: 1 });
  const [hung, hungToo] = [nucleus.faults.mqttDaemonHung(), nucleus.faults.mqttDaemonHung()];
  hung.undo();
  client.publish(2, 'test/a', 'x');
  client.publish(3, 'other', 'x');
  if (profile === 'classic') await client.next();
  expect(await client.next()).toMatchObject({ type: 1, streamId: 3 });
  hungToo.undo();
  if (profile === 'lite') expect(await client.next()).toMatchObject({ type: 1, streamId: 2 });
  client.publish(4, 'test/a', 'x');
  expect(await client.next()).toMatchObject({ type: 0, streamId: 4 });
});

test('lite: of two that take the daemon of local topics away, the one that is left still does', async () => {
  await using nucleus = await start('lite', { components: [{ name: COMPONENT, accessControl: allowLocal('*') }] });
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const [first, second] = [nucleus.faults.pubsubDaemonDown(), nucleus.faults.pubsubDaemonDown()];
  first.undo();
  client.request(1, SUBSCRIBE_TO_TOPIC, { topic: 'plc' });
  expect(await client.next()).toMatchObject({ type: 1, streamId: 1 });
  second.undo();
  client.request(2, SUBSCRIBE_TO_TOPIC, { topic: 'plc' });
  expect(await client.next()).toMatchObject({ type: 0, streamId: 2 });
});

test('a connect that is dropped before its answer drops nobody else', async () => {
  await using nucleus = await start('classic');
  const other = await RawClient.accepted(nucleus, OTHER);
  await nucleus.faults.inflict('drop before connect reply');
  const client = await RawClient.open(nucleus.socketPath);
  client.connect(nucleus.authToken(COMPONENT));
  await client.closed;
  expect(client.received).toEqual([]);
  other.publish(1, 'test/a', 'x');
  expect(await other.next()).toMatchObject({ type: 0, streamId: 1 });
});

test.each(['kill nucleus', 'remove socket', ...(IS_WINDOWS ? [] : (['fill backlog'] as const))] as const)(
  'after "%s" a restart has it listen again',
  async word => {
    await using nucleus = await start('classic');
    await nucleus.faults.inflict(word);
    await nucleus.faults.inflict('restart nucleus');
    await RawClient.accepted(nucleus, COMPONENT);
    await nucleus.faults.inflict('all well');
    await RawClient.accepted(nucleus, COMPONENT);
  },
);

test.each(['nucleusDown', 'removeSocketFile', ...(IS_WINDOWS ? [] : (['fullBacklog'] as const))] as const)(
  'after %s a restart has it listen again, and the undo leaves it',
  async name => {
    await using nucleus = await start('classic');
    const fault = await nucleus.faults[name]();
    await nucleus.restart();
    await RawClient.accepted(nucleus, COMPONENT);
    expect(fault.armed).toBe(false);
    await fault.undo();
    await RawClient.accepted(nucleus, COMPONENT);
  },
);

test.each([
  ['nucleusDown', NOBODY_LISTENS],
  ...(IS_WINDOWS
    ? []
    : ([
        ['removeSocketFile', 'ENOENT'],
        ['fullBacklog', 'EAGAIN'],
      ] as const)),
] as const)('of two %s at once, the one that is left still holds', async (name, code) => {
  await using nucleus = await start('classic');
  const first = await nucleus.faults[name]();
  const second = await nucleus.faults[name]();
  await first.undo();
  expect(await connectError(nucleus.socketPath)).toBe(code);
  await second.undo();
  await RawClient.accepted(nucleus, COMPONENT);
});

test('of two that take the broker away, the one that is left still does', async () => {
  await using nucleus = await start('classic');
  const reach = async (): Promise<unknown> => {
    const broker = connect(nucleus.mqttPort, nucleus.mqttHost);
    return once(broker, 'connect').then(
      () => broker.destroy(),
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
  };
  const first = await nucleus.faults.brokerDown();
  const second = await nucleus.faults.brokerDown();
  await first.undo();
  expect(await reach()).toBe('ECONNREFUSED');
  await second.undo();
  expect(await reach()).not.toBe('ECONNREFUSED');
});

// A named pipe has no file that could be removed.
test.skipIf(IS_WINDOWS)('what cannot be put right is told by the stop, which leaves nothing open', async () => {
  const nucleus = await start('classic');
  await nucleus.faults.removeSocketFile();
  await rm(dirname(nucleus.socketPath), { recursive: true });
  await expect(nucleus.stop()).rejects.toThrow('ENOENT');
  const broker = connect(nucleus.mqttPort, nucleus.mqttHost);
  await expect(once(broker, 'connect')).rejects.toThrow('ECONNREFUSED');
});

test('an onStrike that throws is told on stderr, and the nucleus goes on', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => void vi.restoreAllMocks());
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const onStrike = (): void => {
    throw new Error('on strike');
  };
  const fault = nucleus.faults.spoolFull({ times: 1, onStrike });
  client.publish(1, 'test/a', 'x');
  expect(await client.next()).toMatchObject({ type: 1, streamId: 1 });
  expect(fault.strikes).toBe(1);
});
