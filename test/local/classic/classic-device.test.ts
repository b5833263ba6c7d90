import { expect, test } from 'vitest';
import type { BrokerMessage } from '../../../src/local/broker/broker.js';
import { ClassicFilterTree } from '../../../src/local/classic/filter-tree.js';
import { ClassicSpool } from '../../../src/local/classic/spool.js';
import { SharedFilters } from '../../../src/local/broker/device-subscriptions.js';
import { classicRoutes } from '../../../src/topic/topic-matches.js';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { connectAsync } from 'mqtt';
import fc from 'fast-check';
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
    subscribe: (filter: string, qos: 0 | 1) => void subscribed.push(`${filter} qos ${qos}`),
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
  const filters = new SharedFilters(broker as never, { tree: new ClassicFilterTree() });
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

test('classic: replies have their content headers first, then the three that all messages have', async () => {
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const chunks: Buffer[] = [];
  client.socket.on('data', chunk => chunks.push(chunk));
  client.publish(1, 'test/a', 'hi');
  await client.next();
  client.subscribe(2, 'test/a', '0');
  await client.next();
  const codec = new EventStreamCodec(
    input => (typeof input === 'string' ? input : Buffer.from(input).toString()),
    input => Buffer.from(input),
  );
  const bytes = Buffer.concat(chunks);
  const lengths = [bytes.readUInt32BE(0), bytes.length - bytes.readUInt32BE(0)];
  const frames = [bytes.subarray(0, lengths[0]), bytes.subarray(lengths[0])];
  const three = [':message-type', ':message-flags', ':stream-id'];
  expect(frames.map(frame => Object.keys(codec.decode(frame).headers))).toEqual([
    [':content-type', 'service-model-type', ...three],
    [':content-type', 'service-model-type', ...three],
  ]);
  expect(lengths).toEqual([0xa7, 0xa9]);
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

test('classic: a filter that covers another is found as the nucleus finds it, whatever came and went', () => {
  const name = fc.constantFrom('a', 'b', '+', '#', '');
  const filters = fc.array(name, { minLength: 1, maxLength: 4 }).map(names => names.join('/'));
  fc.assert(
    fc.property(fc.uniqueArray(filters, { maxLength: 12 }), fc.array(fc.nat(11)), filters, (all, gone, filter) => {
      const tree = new ClassicFilterTree();
      for (const other of all) tree.add(other);
      const deleted = new Set(gone.flatMap(i => all[i] ?? []));
      for (const other of deleted) tree.delete(other);
      const kept = all.filter(other => !deleted.has(other));
      const covering = tree.covering(filter);
      if (covering === undefined) expect(kept.filter(other => classicRoutes(other, filter) && other !== filter)).toEqual([]);
      else expect([kept.includes(covering), classicRoutes(covering, filter)]).toEqual([true, true]);
    }),
  );
});

test('classic: what a subscription costs does not grow with how many there are', () => {
  let compared = 0;
  const tree = new ClassicFilterTree();
  const counting = {
    add: (filter: string) => {
      tree.add(filter);
    },
    delete: (filter: string) => {
      tree.delete(filter);
    },
    covering: (filter: string) => {
      compared++;
      return tree.covering(filter);
    },
  };
  const broker = quietBroker();
  const filters = new SharedFilters(broker as never, { tree: counting });
  for (let i = 0; i < 4000; i++) filters.add(`a/${i}`, 1);
  filters.add('b/+', 1);
  for (let i = 0; i < 4000; i++) filters.add(`b/${i}`, 1);
  for (let i = 0; i < 4000; i++) filters.remove(`a/${i}`);
  expect(compared).toBe(8001);
  filters.remove('b/+');
  expect(compared).toBe(12_001);
  expect(broker.subscribed.slice(-2)).toEqual(['b/3998 qos 1', 'b/3999 qos 1']);
});

test('classic: offline, a filter that a subscribed one covers is granted; any other fails with the exception of the MQTT client', async () => {
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.subscribe(1, 'test/#');
  await client.next();
  using _ = nucleus.faults.offline();
  client.subscribe(2, 'test/b');
  expect(await client.next()).toMatchObject({ type: 0, streamId: 2 });
  client.terminate(1);
  client.terminate(2);
  client.subscribe(3, 'test/b');
  expect(body(await client.next())['message']).toBe(
    "Subscribe to topic test/b failed with error java.util.concurrent.CompletionException: software.amazon.awssdk.crt.CrtRuntimeException: Mqtt5 operation failed due to a disconnection event in conjunction with the client's offline queue retention policy. AWS_ERROR_MQTT5_OPERATION_FAILED_DUE_TO_OFFLINE_QUEUE_POLICY(5156).",
  );
  expect(nucleus.subscriptions).toBe(0);
});

test.each(['test/b/#/x', 'test/a#', 'test/a+', 'test/\u0000'])('classic: the filter %j never leaves the device', async filter => {
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, OTHER);
  client.subscribe(1, filter);
  const reply = await client.next();
  expect(reply).toMatchObject({ type: 1, modelType: 'aws.greengrass#ServiceError' });
  expect(body(reply)['message']).toBe(
    `Subscribe to topic ${filter} failed with error java.util.concurrent.CompletionException: software.amazon.awssdk.crt.CrtRuntimeException: Invalid mqtt5 subscribe packet options value. AWS_ERROR_MQTT5_SUBSCRIBE_OPTIONS_VALIDATION(5144)`,
  );
  expect(nucleus.subscriptions).toBe(0);
});

test('classic: a message published with retain has it on its way to a subscription that stands; with mqtt3 it has not', async () => {
  for (const [mqttVersion, retain] of [
    ['mqtt5', true],
    ['mqtt3', false],
  ] as const) {
    await using nucleus = await start('classic', { mqttVersion });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/#');
    await client.next();
    nucleus.publish({ topicName: 'test/a', payload: '', retain: true });
    expect(body(await client.next())['message']).toMatchObject({ retain });
    const mqtt = await connectAsync(nucleus.mqttUrl);
    await mqtt.publishAsync('test/b', 'x', { retain: true, qos: 1 });
    expect(body(await client.next())['message']).toMatchObject({ topicName: 'test/b', retain });
    await mqtt.endAsync();
  }
});
