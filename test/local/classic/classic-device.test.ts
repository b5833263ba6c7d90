import { expect, test } from 'vitest';
import type { BrokerMessage } from '../../../src/local/broker/broker-message.js';
import { ClassicSpool } from '../../../src/local/classic/classic-spool.js';
import { SharedFilters } from '../../../src/local/broker/shared-filters.js';
import { classicRoutes } from '../../../src/topic/classic-routes.js';
import { COMPONENT, OTHER, start } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, body, eventOf } from '../../kit/nucleus/raw-client.js';

const STATUS = 'aws.greengrass#SubscribeToIoTCoreConnectionStatus';

/** A broker that writes down what it is told and acknowledges when told. */
function quietBroker() {
  const published: { readonly message: BrokerMessage; readonly acknowledge: () => void }[] = [];
  const subscribed: string[] = [];
  return {
    published,
    subscribed,
    publish: (message: BrokerMessage, acknowledge: () => void) => void published.push({ message, acknowledge }),
    subscribe: (filter: string, qos: 0 | 1) => void subscribed.push(`${filter} qos ${String(qos)}`),
    unsubscribe: (filter: string) => void subscribed.push(`-${filter}`),
  };
}

const message = (topicName: string, bytes: number, qos: 0 | 1 = 1): BrokerMessage => ({ topicName, payload: Buffer.alloc(bytes), qos });

test('classic: the spool is first in, first out, and as many are in flight as the device is set to', () => {
  const broker = quietBroker();
  const spool = new ClassicSpool({ bytes: 1000, inFlight: 5 }, broker as never);
  for (let i = 0; i < 8; i++) {
    expect(spool.add(message(String(i), 1))).toBeUndefined();
    spool.drain();
  }
  expect(broker.published.map(({ message: { topicName } }) => topicName)).toEqual(['0', '1', '2', '3', '4']);
  broker.published[2]?.acknowledge();
  broker.published[0]?.acknowledge();
  expect(broker.published.map(({ message: { topicName } }) => topicName)).toEqual(['0', '1', '2', '3', '4', '5', '6']);
});

test('classic: in a full spool QoS 0 makes room, in silence, and QoS 1 stays', () => {
  const broker = quietBroker();
  const spool = new ClassicSpool({ bytes: 100, inFlight: 5 }, broker as never);
  spool.setOnline(false);
  for (const [topic, qos] of [
    ['a', 1],
    ['b', 0],
    ['c', 0],
    ['d', 1],
  ] as const)
    expect(spool.add(message(topic, 25, qos))).toBeUndefined();
  expect(spool.add(message('e', 25))).toBeUndefined();
  expect(spool.add(message('f', 30))).toBe('Message spool is full. Message could not be added.');
  expect(spool.add(message('g', 25))).toBeUndefined();
  expect(spool.add(message('h', 1))).toBe('Message spool is full. Message could not be added.');
  spool.setOnline(true);
  expect(broker.published.map(({ message: { topicName } }) => topicName)).toEqual(['a', 'd', 'e', 'g']);
});

test('classic: the first subscriber’s QoS wins, and a filter that another covers is not subscribed at the broker', () => {
  const broker = quietBroker();
  const filters = new SharedFilters(broker as never, classicRoutes);
  filters.add('a/+', 0);
  filters.add('a/+', 1);
  filters.add('a/b', 1);
  filters.remove('a/+');
  expect(broker.subscribed).toEqual(['a/+ qos 0']);
  filters.remove('a/+');
  expect(broker.subscribed).toEqual(['a/+ qos 0', '-a/+', 'a/b qos 1']);
});

test('classic: a message that comes before the answer to its subscribe is dropped', async () => {
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const withheld = nucleus.faults.withholdReply({ operation: 'subscribe' });
  client.subscribe(1, 'test/a');
  client.publish(2, 'test/x', 'x');
  await client.next();
  nucleus.publish({ topicName: 'test/a', payload: 'lost' });
  withheld.undo();
  expect(await client.next()).toMatchObject({ streamId: 1, payload: '{}' });
  nucleus.publish({ topicName: 'test/a', payload: 'comes' });
  expect(eventOf(await client.next()).text).toBe('comes');
});

test('classic: replies are the golden frames, byte for byte', async () => {
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const chunks: Buffer[] = [];
  client.socket.on('data', chunk => chunks.push(chunk));
  client.publish(1, 'test/a', 'hi');
  await client.next();
  client.subscribe(2, 'test/a', '0');
  await client.next();
  expect(Buffer.concat(chunks).toString('hex')).toBe(
    '000000a7000000952740fb240d3a6d6573736167652d7479706504000000000e3a6d6573736167652d666c61677304000000020a3a73747265616d2d696404000000010d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e12736572766963652d6d6f64656c2d747970650700276177732e677265656e6772617373235075626c697368546f496f54436f7265526573706f6e73657b7d5ea5f0ec' +
      '000000a900000097767e24690d3a6d6573736167652d7479706504000000000e3a6d6573736167652d666c61677304000000000a3a73747265616d2d696404000000020d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e12736572766963652d6d6f64656c2d747970650700296177732e677265656e677261737323537562736372696265546f496f54436f7265526573706f6e73657b7d5c3bef9a',
  );
});

test('classic: the connection status is an unsupported operation, unless the nucleus is told to be a newer one', async () => {
  await using old = await start('classic');
  const client = await RawClient.accepted(old, COMPONENT);
  client.request(1, STATUS, {});
  expect(await client.next()).toMatchObject({
    type: 1,
    flags: 2,
    modelType: undefined,
    payload: `{ "error": "Unsupported Operation", "message": "${STATUS} is an unsupported operation." }`,
  });
  await using newer = await start('classic', { connectionStatus: true });
  const follower = await RawClient.accepted(newer, COMPONENT);
  follower.request(1, STATUS, {});
  expect(await follower.next()).toMatchObject({ type: 0, payload: '{}' });
  expect((await follower.next()).payload).toBe('{"connectionStatusEvent":{"status":"CONNECTED"}}');
});

test('classic with mqtt3: MQTT 5 members are lost both ways, without an error', async () => {
  await using nucleus = await start('classic', { mqttVersion: 'mqtt3' });
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.subscribe(1, 'test/a');
  await client.next();
  const members = { responseTopic: 'r', payloadFormat: '1', userProperties: [{ key: 'k', value: 'v' }] };
  client.request(2, PUBLISH, { topicName: 'test/a', qos: '1', payload: 'aGk=', ...members });
  expect(await client.next()).toMatchObject({ type: 0, streamId: 2 });
  nucleus.publish({ topicName: 'test/a', payload: 'hi', contentType: 'text/plain', responseTopic: 'r' });
  const plain = { message: { topicName: 'test/a', payload: 'aGk=', retain: false, payloadFormat: '0' } };
  expect([body(await client.next()), body(await client.next())]).toEqual([plain, plain]);
});

test.each([
  ['a reserved topic of 257 characters', `$aws/things/${'x'.repeat(245)}`, false, true],
  ['a reserved topic of 8 slashes', '$aws/things/1/2/3/4/5/6/7', false, true],
  ['a reserved topic of 256 characters', `$aws/things/${'x'.repeat(244)}`, true, true],
  ['Basic Ingest, whose prefix does not count', `$aws/rules/rule/${'x'.repeat(256)}`, true, true],
])('classic: %s with mqtt3 and mqtt5', async (_, topicName, onMqtt3, onMqtt5) => {
  for (const [mqttVersion, isTaken] of [
    ['mqtt3', onMqtt3],
    ['mqtt5', onMqtt5],
  ] as const) {
    await using nucleus = await start('classic', { mqttVersion });
    const client = await RawClient.accepted(nucleus, OTHER);
    client.publish(1, topicName, 'x');
    expect([mqttVersion, (await client.next()).type]).toEqual([mqttVersion, isTaken ? 0 : 1]);
  }
});

test.each([
  ['mqtt5', 0],
  ['mqtt3', 1],
] as const)('classic: the prefix of a shared subscription counts with mqtt3 only: %s', async (mqttVersion, type) => {
  await using nucleus = await start('classic', { mqttVersion });
  const client = await RawClient.accepted(nucleus, OTHER);
  client.subscribe(1, '$share/group/1/2/3/4/5/6/7');
  expect(await client.next()).toMatchObject({ type });
});
