import { connect, connectAsync, type MqttClient } from 'mqtt';
import { asyncScheduler } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import type { StoreLimits } from '../../../src/local/broker/embedded-bounds.js';
import { EmbeddedBroker } from '../../../src/local/broker/embedded-broker.js';
import { schedulerClock } from '../../../src/schedule/clock.js';

const LIMITS: StoreLimits = { retainedMessages: 3, retainedBytes: 100, sessions: 2, queuedMessages: 4, queuedBytes: 60 };

async function startBroker(): Promise<{ readonly broker: EmbeddedBroker; readonly dropped: string[] }> {
  const dropped: string[] = [];
  const onEvent = (event: { readonly kind: string; readonly reason?: string }): void => void dropped.push(event.reason ?? event.kind);
  const broker = await EmbeddedBroker.start(
    { host: '127.0.0.1', port: 0, copies: 'one', retainAsPublished: true, clock: schedulerClock(asyncScheduler), storeLimits: LIMITS },
    { onMessage: () => undefined, pass: goOn => goOn(), onLink: () => undefined, onEvent },
  );
  onTestFinished(() => broker.close());
  return { broker, dropped };
}

/** A client with a session of its own that has gone. */
async function leave(broker: EmbeddedBroker, clientId: string, filter: string): Promise<void> {
  const client = await connectAsync(broker.url, { clientId, clean: false });
  await client.subscribeAsync(filter, { qos: 1 });
  await client.endAsync();
}

/** What a client gets when it comes back, and whether its session is still there. */
async function comeBack(broker: EmbeddedBroker, clientId: string): Promise<{ readonly payloads: string[]; readonly resumed: boolean }> {
  const payloads: string[] = [];
  const client: MqttClient = connect(broker.url, { clientId, clean: false });
  client.on('message', (_topic, payload) => payloads.push(payload.toString()));
  const resumed = await new Promise<boolean>(resolve => client.once('connect', ({ sessionPresent }) => resolve(sessionPresent)));
  // What waited comes before what is published now.
  await client.subscribeAsync('end');
  const ended = new Promise<void>(resolve => client.on('message', topic => topic === 'end' && resolve()));
  await publish(broker, 'end', 'end');
  await ended;
  await client.endAsync();
  return { payloads: payloads.filter(payload => payload !== 'end'), resumed };
}

async function publish(broker: EmbeddedBroker, topicName: string, payload: string, retain = false): Promise<void> {
  await new Promise<void>(resolve => broker.publish({ topicName, payload: Buffer.from(payload), qos: 1, retain }, resolve));
}

/** What is retained; what has come first is told first, so that one too many would be seen. */
async function expectRetained(broker: EmbeddedBroker, expected: readonly string[]): Promise<void> {
  const payloads: string[] = [];
  const stop = broker.watch('r/#', ({ payload }) => payloads.push(Buffer.from(payload).toString()));
  await expect.poll(() => [...payloads].sort()).toEqual([...expected].sort());
  stop();
}

test('of retained messages the oldest make room, by number and by bytes, and it is told', async () => {
  const { broker, dropped } = await startBroker();
  for (const name of ['a', 'b', 'c']) await publish(broker, `r/${name}`, name, true);
  await publish(broker, 'r/a', 'again', true);
  expect(dropped).toEqual([]);
  await publish(broker, 'r/d', 'd', true);
  await expectRetained(broker, ['c', 'again', 'd']);
  await publish(broker, 'r/e', 'x'.repeat(90), true);
  await expectRetained(broker, ['d', 'x'.repeat(90)]);
  expect(dropped).toEqual(['b', 'c', 'a'].map(name => `the retained message of r/${name} made room for later ones`));
});

test('what waits for a client that has gone is bounded by number, and the queue is free again when it has come', async () => {
  const { broker, dropped } = await startBroker();
  await leave(broker, 'sleeper', 't');
  for (let i = 0; i < 6; i++) await publish(broker, 't', String(i));
  expect(dropped).toEqual(Array.from({ length: 2 }, () => 'the queue of the MQTT client sleeper is full'));
  expect(await comeBack(broker, 'sleeper')).toEqual({ payloads: ['0', '1', '2', '3'], resumed: true });
  for (let i = 6; i < 10; i++) await publish(broker, 't', String(i));
  expect(dropped).toHaveLength(2);
  expect(await comeBack(broker, 'sleeper')).toEqual({ payloads: ['6', '7', '8', '9'], resumed: true });
});

test('what waits for all that have gone is bounded by bytes', async () => {
  const { broker, dropped } = await startBroker();
  await leave(broker, 'one', 't');
  await leave(broker, 'two', 't');
  await publish(broker, 't', 'x'.repeat(24));
  await publish(broker, 't', 'y'.repeat(24));
  expect(dropped).toEqual(['one', 'two'].map(id => `the queue of the MQTT client ${id} is full`));
  expect(await comeBack(broker, 'one')).toEqual({ payloads: ['x'.repeat(24)], resumed: true });
});

test('the session that was left first is forgotten, with what waits for it', async () => {
  const { broker } = await startBroker();
  for (const id of ['first', 'second', 'third']) await leave(broker, id, 't');
  await publish(broker, 't', 'kept');
  expect(await comeBack(broker, 'first')).toEqual({ payloads: [], resumed: false });
  expect(await comeBack(broker, 'third')).toEqual({ payloads: ['kept'], resumed: true });
});
