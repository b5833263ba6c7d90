import { describe, expect, test } from 'vitest';
import { FRAME_OVERHEAD } from '../../../src/ipc/wire/frame.js';
import { encodeHeaders } from '../../../src/ipc/wire/headers.js';
import { rpcHeaders } from '../../../src/ipc/wire/rpc-message.js';
import { COMPONENT, OTHER, start } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, SUBSCRIBE, body } from '../../kit/nucleus/raw-client.js';

const UNAUTHORIZED = 'IPC Operation not authorized.';
const INVALID = 'Received invalid parameters.';
const QOS_VALUE = "'qos' not a valid value.";
const QOS_TEXT = "Failed to parse 'qos' string value.";
const QOS_TYPE = 'Key qos of invalid type.';

const PUBLISHES: readonly [name: string, request: string, text: string | undefined][] = [
  ['qos "0"', '{"topicName":"test/a","qos":"0","payload":"aGk="}', undefined],
  ['qos 1', '{"topicName":"test/a","qos":1,"payload":"aGk="}', undefined],
  ['qos "2"', '{"topicName":"test/a","qos":"2","payload":"aGk="}', undefined],
  ['no qos, no payload', '{"topicName":"test/a"}', undefined],
  ['unknown members', '{"topicName":"test/a","x":{}}', undefined],
  ['a wildcard', '{"topicName":"test/+"}', undefined],
  ['300 bytes of topic', `{"topicName":"test/${'x'.repeat(295)}"}`, undefined],
  ['qos "3"', '{"topicName":"test/a","qos":"3"}', QOS_VALUE],
  ['qos "-1"', '{"topicName":"test/a","qos":"-1"}', QOS_VALUE],
  ['qos 2', '{"topicName":"test/a","qos":2}', undefined],
  ['qos 3', '{"topicName":"test/a","qos":3}', QOS_VALUE],
  ['qos "+1"', '{"topicName":"test/a","qos":"+1"}', QOS_TEXT],
  ['qos ""', '{"topicName":"test/a","qos":""}', QOS_TEXT],
  ['qos "9223372036854775807"', '{"topicName":"test/a","qos":"9223372036854775807"}', QOS_VALUE],
  ['qos "99999999999999999999"', '{"topicName":"test/a","qos":"99999999999999999999"}', QOS_TEXT],
  ['qos in words', '{"topicName":"test/a","qos":"AT_LEAST_ONCE"}', QOS_TEXT],
  ['qos null', '{"topicName":"test/a","qos":null}', QOS_TYPE],
  ['qos true', '{"topicName":"test/a","qos":true}', QOS_TYPE],
  ['qos 1.0', '{"topicName":"test/a","qos":1.0}', QOS_TYPE],
  ['a member twice, the first good', '{"topicName":"test/a","topicName":"other","qos":"1","qos":"9"}', undefined],
  ['a member twice, the second good', '{"topicName":"test/a","qos":"9","qos":"1"}', QOS_VALUE],
  ['a surrogate pair', '{"topicName":"test/\\ud83d\\uDE00","x":"\\u00e9\\n"}', undefined],
  ['half a surrogate pair', '{"topicName":"test/a","x":"\\ud83d"}', ''],
  ['half a surrogate pair and a letter', '{"topicName":"test/a","x":"\\ud83d\\u0041"}', ''],
  ['the second half of a surrogate pair', '{"topicName":"test/a","x":"\\ude00"}', ''],
  ['an escape that is none', '{"topicName":"test/a","x":"\\x"}', ''],
  ['a tab within a text', '{"topicName":"test/a","x":"\t"}', ''],
  ['the largest integer', '{"topicName":"test/a","x":[9223372036854775807,-9223372036854775808]}', undefined],
  ['an integer too large', '{"topicName":"test/a","x":9223372036854775808}', ''],
  ['a number too large', '{"topicName":"test/a","x":1e400}', ''],
  ['a number too small', '{"topicName":"test/a","x":1e-400}', ''],
  ['a fraction without digits', '{"topicName":"test/a","x":[1.,0.0e-400]}', undefined],
  ['a leading zero', '{"topicName":"test/a","x":01}', ''],
  ['all that there is room for', `{"topicName":"test/a","x":[${Array(251).fill('7').join()}]}`, undefined],
  ['one number too many', `{"topicName":"test/a","x":[${Array(252).fill('7').join()}]}`, ''],
  ['members as there is room for', `{"topicName":"test/a"${',"x":0'.repeat(132)}}`, undefined],
  ['one member too many', `{"topicName":"test/a"${',"x":0'.repeat(133)}}`, ''],
  ['1000 numbers', `{"topicName":"test/a","x":[${Array(1000).fill('0.5').join()}]}`, ''],
  ['1000 lists in one another', `{"topicName":"test/a","x":${'['.repeat(1000)}${']'.repeat(1000)}}`, ''],
  ['a comma behind the last member', '{"topicName":"test/a",}', ''],
  ['a comma behind the last element', '{"topicName":"test/a","x":[1,]}', ''],
  ['spaces and words', ' { "topicName" : "test/a" , "x" : [ true , false,null , {} , [ ] ] } ', undefined],
  ['a text behind the JSON', '{"topicName":"test/a"}x', ''],
  ['a list', '[]', ''],
  ['nothing', '', ''],
  ['payload null', '{"topicName":"test/a","payload":null}', INVALID],
  ['a payload that is a number', '{"topicName":"test/a","payload":1}', INVALID],
  ['no topic', '{"payload":""}', INVALID],
  ['a topic that is a number', '{"topicName":1}', INVALID],
  ['a payload that is no base64', '{"topicName":"test/a","payload":"a b="}', "'payload' is not valid base64."],
  ['a payload with bits that do not count', '{"topicName":"test/a","payload":"aGl="}', "'payload' is not valid base64."],
  ['a payload without padding', '{"topicName":"test/a","payload":"aGk"}', "'payload' is not valid base64."],
  ['a bad qos before a topic outside the policy', '{"topicName":"other","qos":"9"}', QOS_VALUE],
  ['a bad payload before a topic outside the policy', '{"topicName":"other","payload":"?"}', "'payload' is not valid base64."],
  ['a topic outside the policy', '{"topicName":"other"}', UNAUTHORIZED],
  ['an empty topic', '{"topicName":""}', UNAUTHORIZED],
  ['a topic with ?', '{"topicName":"test/a?b"}', UNAUTHORIZED],
  ['a topic with ${x}', '{"topicName":"test/${x}"}', UNAUTHORIZED],
  ['test under test/#', '{"topicName":"test"}', UNAUTHORIZED],
  ['test/ under test/#', '{"topicName":"test/"}', undefined],
];

test.each(PUBLISHES)('lite: publishing with %s', async (_, request, text) => {
  await using nucleus = await start('lite');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.request(1, PUBLISH, request);
  const reply = await client.next();
  if (text === undefined) {
    expect(reply).toMatchObject({
      type: 0,
      flags: 0,
      streamId: 1,
      contentType: 'application/json',
      modelType: 'aws.greengrass#PublishToIoTCoreResponse',
      payload: '{}',
    });
  } else {
    const code = text === UNAUTHORIZED ? 'UnauthorizedError' : 'ServiceError';
    expect(reply).toMatchObject({
      type: 1,
      flags: 2,
      streamId: 1,
      modelType: `aws.greengrass#${code}`,
      payload: JSON.stringify({ _message: text, _errorCode: code }),
    });
  }
});

const SUBSCRIBES: readonly [name: string, request: string, text: string | undefined][] = [
  ['no qos', '{"topicName":"test/#"}', undefined],
  ['qos null', '{"topicName":"test/+","qos":null}', undefined],
  ['256 bytes', `{"topicName":"test/${'x'.repeat(251)}"}`, undefined],
  ['257 bytes', `{"topicName":"test/${'x'.repeat(252)}"}`, 'Failed to bind the subscription.'],
  ['an invalid filter', '{"topicName":"test/#/b"}', undefined],
  ['#', '{"topicName":"#"}', UNAUTHORIZED],
  ['test', '{"topicName":"test"}', UNAUTHORIZED],
  ['no topic', '{}', INVALID],
  ['qos "3"', '{"topicName":"test/a","qos":"3"}', QOS_VALUE],
  ['qos "x"', '{"topicName":"test/a","qos":"x"}', QOS_TEXT],
];

test.each(SUBSCRIBES)('lite: subscribing with %s', async (_, request, text) => {
  await using nucleus = await start('lite');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.request(1, SUBSCRIBE, request);
  const reply = await client.next();
  if (text === undefined) expect(reply).toMatchObject({ type: 0, flags: 0, modelType: 'aws.greengrass#SubscribeToIoTCoreResponse' });
  else expect(body(reply)['_message']).toBe(text);
});

describe('lite', () => {
  test('a frame of 10012 bytes is taken, one more costs the connection', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const headers = encodeHeaders(rpcHeaders({ type: 0, flags: 0, streamId: 1, operation: PUBLISH })).length;
    const empty = JSON.stringify({ topicName: 'test/a', filler: '' }).length;
    const filler = 'x'.repeat(10_012 - FRAME_OVERHEAD - headers - empty);
    client.request(1, PUBLISH, { topicName: 'test/a', filler });
    expect(await client.next()).toMatchObject({ type: 0 });
    client.request(2, PUBLISH, { topicName: 'test/a', filler: `${filler}x` });
    await client.closed;
    expect(client.untaken).toBe(0);
  });

  test('an event carries topic and payload, and nothing else of the message', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/#');
    await client.next();
    nucleus.publish({ topicName: "test/'a'", payload: 'hi', contentType: 'lost', retain: true, responseTopic: 'lost' });
    expect(await client.next()).toMatchObject({
      contentType: 'application/json',
      payload: '{"message":{"topicName":"test/\'a\'","payload":"aGk="}}',
    });
  });

  test.each([
    [0, 4985],
    [1, 4983],
  ] as const)('a message of QoS %i whose MQTT packet is over 4999 bytes is lost', async (qos, most) => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/1234', '1');
    await client.next();
    nucleus.publish({ topicName: 'test/1234', payload: Buffer.alloc(most + 1), qos });
    nucleus.publish({ topicName: 'test/1234', payload: Buffer.alloc(most), qos });
    expect(Buffer.from((body(await client.next())['message'] as { payload: string }).payload, 'base64')).toHaveLength(most);
  });

  test.each([
    ['SubscribeToTopic without a policy', 'SubscribeToTopic', '{"topic":"a"}', UNAUTHORIZED],
    ['SubscribeToTopic without a topic', 'SubscribeToTopic', '{}', INVALID],
    ['UpdateState without a state', 'UpdateState', '{}', INVALID],
  ])('another service: %s', async (_, operation, request, text) => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.request(1, `aws.greengrass#${operation}`, request);
    expect(body(await client.next())).toEqual({
      _message: text,
      _errorCode: text === UNAUTHORIZED ? 'UnauthorizedError' : 'ServiceError',
    });
  });

  test.each([
    ['PauseComponent', '{}', 'Greengrass Lite has no operation aws.greengrass#PauseComponent'],
    ['RestartComponent', '{}', 'Operation aws.greengrass#RestartComponent is not supported by the local nucleus'],
    ['PublishToIoTCore', '[', 'the payload is not JSON that Greengrass Lite reads'],
  ])('who lacks what is refused without a text is told by the event: %s', async (operation, request, message) => {
    await using nucleus = await start('lite');
    const told: string[] = [];
    nucleus.observe(event => {
      if (event.kind === 'failed') told.push(event.message);
    });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.request(1, `aws.greengrass#${operation}`, request);
    expect(body(await client.next())).toEqual({ _message: '', _errorCode: 'ServiceError' });
    expect(told).toEqual([message]);
  });

  test('flags that it does not know do not matter; flag 1 does', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const request = { type: 0, operation: PUBLISH, payload: '{"topicName":"test/a"}' };
    client.send({ ...request, flags: 4, streamId: 1 });
    client.send({ ...request, flags: 5, streamId: 2 });
    expect(await client.next()).toMatchObject({ type: 0, streamId: 1 });
    expect(await client.next()).toMatchObject({ type: 1, streamId: 2, payload: '{"_message":"","_errorCode":"ServiceError"}' });
  });

  test('overlapping filters multiply: a copy for each stream and for each filter at the broker', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/#');
    client.subscribe(2, 'test/+');
    await client.next();
    await client.next();
    nucleus.publish({ topicName: 'test/a', payload: '' });
    const ids = [await client.next(), await client.next(), await client.next(), await client.next()].map(({ streamId }) => streamId);
    expect(ids.sort()).toEqual([1, 1, 2, 2]);
    client.publish(3, 'test/x/y', '');
    expect((await client.next()).streamId).toBe(3);
  });

  test('300 publishes of QoS 1 at once: at most ten wait for the broker, the others are refused', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    using pubacks = nucleus.faults.withholdPubacks();
    for (let i = 1; i <= 12; i++) client.publish(i, 'test/a', 'x'.repeat(100));
    const replies = [];
    for (let i = 1; i <= 12; i++) replies.push(await client.next());
    expect(replies.map(({ type }) => type)).toEqual([...Array<number>(10).fill(0), 1, 1]);
    expect(replies.slice(10).map(reply => body(reply)['_message'])).toEqual([
      'Failed to publish the message.',
      'Failed to publish the message.',
    ]);
    client.publish(13, 'test/a', 'x', '0');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 13 });
    pubacks.undo();
    client.publish(14, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 14 });
  });

  test('15000 bytes of unacknowledged packets is as much as it holds', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    using _ = nucleus.faults.withholdPubacks();
    for (let i = 1; i <= 4; i++) client.publish(i, 'test/a', 'x'.repeat(4900));
    const types = [await client.next(), await client.next(), await client.next(), await client.next()].map(({ type }) => type);
    expect(types).toEqual([0, 0, 0, 1]);
  });

  test('100 subscriptions are all there are, for all together; then publishing fails too', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const other = await RawClient.accepted(nucleus, OTHER);
    for (let i = 1; i <= 101; i++) client.subscribe(i, `test/${i}`);
    for (let i = 1; i <= 100; i++) expect(await client.next()).toMatchObject({ type: 0, streamId: i });
    expect(body(await client.next())['_message']).toBe('Failed to bind the subscription.');
    other.publish(1, 'x', 'x');
    expect(body(await other.next())['_message']).toBe('Failed to publish the message.');
    client.terminate(1);
    client.publish(102, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 102 });
    other.publish(2, 'x', 'x');
    expect(await other.next()).toMatchObject({ type: 0, streamId: 2 });
  });

  test('the 51st connection is reset', async () => {
    await using nucleus = await start('lite');
    const clients = [];
    for (let i = 0; i < 50; i++) clients.push(await RawClient.accepted(nucleus, COMPONENT));
    const one = await RawClient.open(nucleus.socketPath);
    one.connect(nucleus.authToken(COMPONENT));
    await one.closed;
    expect(one.received).toEqual([]);
    clients[0]?.close();
    await clients[0]?.closed;
    await expect.poll(() => nucleus.connections).toBe(49);
    await RawClient.accepted(nucleus, COMPONENT);
  });

  test('an invalid filter is a success, and nobody gets a message until it is gone', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    client.subscribe(2, 'test/a+b');
    await client.next();
    await client.next();
    nucleus.publish({ topicName: 'test/a', payload: 'lost' });
    client.terminate(2);
    client.publish(3, 'test/x', '');
    await client.next();
    nucleus.publish({ topicName: 'test/a', payload: 'comes' });
    expect(Buffer.from((body(await client.next())['message'] as { payload: string }).payload, 'base64').toString()).toBe('comes');
  });

  test('offline: publish and subscribe are refused; what was subscribed is so again afterwards', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    const down = await nucleus.faults.brokerDown();
    client.publish(2, 'test/a', 'x');
    client.subscribe(3, 'test/b');
    expect(body(await client.next())['_message']).toBe('Failed to publish the message.');
    expect(body(await client.next())['_message']).toBe('Failed to bind the subscription.');
    await down.undo();
    nucleus.publish({ topicName: 'test/a', payload: 'x' });
    expect(await client.next()).toMatchObject({ streamId: 1, modelType: 'aws.greengrass#IoTCoreMessage' });
  });

  test('the connection status: now, and at each change', async () => {
    await using released = await start('lite');
    const none = await RawClient.accepted(released, COMPONENT);
    none.request(1, 'aws.greengrass#SubscribeToIoTCoreConnectionStatus', {});
    expect(await none.next()).toMatchObject({ type: 1, payload: '{"_message":"","_errorCode":"ServiceError"}' });
    await using nucleus = await start('lite', { connectionStatus: true });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.request(1, 'aws.greengrass#SubscribeToIoTCoreConnectionStatus', {});
    expect(await client.next()).toMatchObject({ modelType: 'aws.greengrass#SubscribeToIoTCoreConnectionStatusResponse' });
    expect((await client.next()).payload).toBe('{"connectionStatusEvent":{"status":"CONNECTED"}}');
    nucleus.setOnline(false);
    expect((await client.next()).payload).toBe('{"connectionStatusEvent":{"status":"DISCONNECTED"}}');
    nucleus.setOnline(true);
    expect((await client.next()).payload).toBe('{"connectionStatusEvent":{"status":"CONNECTED"}}');
  });
});
