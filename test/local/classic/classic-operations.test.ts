import { describe, expect, test } from 'vitest';
import { COMPONENT, OTHER, start } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, SUBSCRIBE, body } from '../../kit/nucleus/raw-client.js';

const PAYLOAD = 'aGk=';
const long = (length: number): string => `test/${'x'.repeat(length - 5)}`;
const TOO_LONG =
  'The topic size of request must be no larger than 256 bytes of UTF-8 encoded characters. This excludes the first 3 mandatory segments for Basic Ingest topics ($AWS/rules/rule-name/)';

/** Each request and the error it gets; `undefined` is a success. The order of checks is in the order of the wrongs combined. */
const PUBLISHES: readonly [name: string, request: unknown, code: string | undefined, text?: string][] = [
  ['a plain one', { topicName: 'test/a', qos: '1', payload: PAYLOAD }, undefined],
  ['an empty payload', { topicName: 'test/a', qos: '0', payload: '' }, undefined],
  ['qos as a number, which Gson reads', { topicName: 'test/a', qos: 1, payload: PAYLOAD }, undefined],
  ['base64 without padding, which Java reads', { topicName: 'test/a', qos: '1', payload: 'aGk' }, undefined],
  ['base64 for URLs', { topicName: 'test/a', qos: '1', payload: '-_-_' }, undefined],
  ['names without quotes', "{topicName:'test/a',qos:1,payload:''}", undefined],
  ['comments', '/* a */ {"topicName":"test/a", // b\n "qos":"1", # c\n "payload":""}', undefined],
  ['= and ;', '{"topicName"="test/a";"qos"=>"1";"payload"=""}', undefined],
  ['a byte order mark', '\uFEFF{"topicName":"test/a","qos":"1","payload":""}', undefined],
  ['a line break in a text', '{"topicName":"test/a\nb","qos":"1","payload":""}', undefined],
  ['qos 1.0', '{"topicName":"test/a","qos":1.0,"payload":""}', 'InvalidArgumentsError', 'Invalid QoS value: 1.0'],
  [
    'a qos of 20 digits',
    '{"topicName":"test/a","qos":12345678901234567890,"payload":""}',
    'InvalidArgumentsError',
    'Invalid QoS value: 12345678901234567890',
  ],
  [
    'a user property that is null',
    { topicName: 'test/a', qos: '1', payload: '', userProperties: [null] },
    'ServiceError',
    'Cannot invoke "software.amazon.awssdk.aws.greengrass.model.UserProperty.getKey()" because "u" is null',
  ],
  ['unknown members', { topicName: 'test/a', qos: '1', payload: PAYLOAD, extra: [1] }, undefined],
  ['the parent of a/#', { topicName: 'test', qos: '1', payload: PAYLOAD }, undefined],
  ['no topic, though nothing else is right', {}, 'InvalidArgumentsError', 'Topic is required'],
  ['another topic, though it has no payload', { topicName: 'other' }, 'UnauthorizedError', 'Not Authorized'],
  ['an empty topic', { topicName: '', qos: '1', payload: PAYLOAD }, 'UnauthorizedError', 'Not Authorized'],
  ['no payload, though it has no qos', { topicName: 'test/a' }, 'InvalidArgumentsError', 'Payload is required'],
  ['no qos', { topicName: 'test/a', payload: PAYLOAD }, 'InvalidArgumentsError', 'QoS is required'],
  ['qos 2', { topicName: 'test/a', payload: PAYLOAD, qos: '2' }, 'InvalidArgumentsError', 'Invalid QoS value: 2'],
  [
    'a wildcard',
    { topicName: 'test/+', qos: '1', payload: PAYLOAD },
    'ServiceError',
    "Publish to topic test/+ failed: Publish topics must not contain wildcard characters of '#' or '+'",
  ],
  [
    '8 slashes',
    { topicName: 'test/1/2/3/4/5/6/7/8', qos: '1', payload: PAYLOAD },
    'ServiceError',
    'Publish to topic test/1/2/3/4/5/6/7/8 failed: The request topic must have no more than 7 forward slashes (/)',
  ],
  ['256 characters', { topicName: long(256), qos: '1', payload: PAYLOAD }, undefined],
  [
    '257 characters',
    { topicName: long(257), qos: '1', payload: PAYLOAD },
    'ServiceError',
    `Publish to topic ${long(257)} failed: ${TOO_LONG}`,
  ],
];

test.each(PUBLISHES)('classic: publishing %s', async (_, request, code, text) => {
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.request(1, PUBLISH, request);
  const reply = await client.next();
  expect(reply.flags).toBe(2);
  expect(reply.type).toBe(code === undefined ? 0 : 1);
  if (code !== undefined) {
    expect(reply.modelType).toBe(`aws.greengrass#${code}`);
    expect(body(reply)).toEqual({ message: text, _service: 'aws.greengrass#GreengrassCoreIPC', _message: text, _errorCode: code });
  }
});

const NULL_REQUEST =
  'Cannot invoke \\"software.amazon.awssdk.aws.greengrass.model.PublishToIoTCoreRequest.getTopicName()\\" because \\"request\\" is null';
const NO_REQUEST = `{"message":"${NULL_REQUEST}","_service":"aws.greengrass#GreengrassCoreIPC","_message":"${NULL_REQUEST}","_errorCode":"ServiceError"}`;

test.each([
  ['malformed JSON', '{"topicName":', 'text/plain', 'InternalServerError'],
  ['a text after the request', '{"topicName":"test/a","qos":"1","payload":""} x', 'text/plain', 'InternalServerError'],
  ['an escape that is none', '{"topicName":"test/\\x","qos":"1","payload":""}', 'text/plain', 'InternalServerError'],
  ['a comment without an end', '{"topicName":"test/a","qos":"1","payload":""} /*', 'text/plain', 'InternalServerError'],
  ['a JSON array', '[]', 'text/plain', 'InternalServerError'],
  ['bad base64', '{"topicName":"test/a","qos":"1","payload":"a b"}', 'text/plain', 'InternalServerError'],
  ['an object where a text belongs', '{"topicName":{},"qos":"1","payload":""}', 'text/plain', 'InternalServerError'],
  ['an empty request', '', 'application/json', NO_REQUEST],
  ['null', 'null', 'application/json', NO_REQUEST],
])('classic: %s', async (_, request, contentType, payload) => {
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.request(1, PUBLISH, request);
  const modelType = contentType === 'text/plain' ? undefined : 'aws.greengrass#ServiceError';
  expect(await client.next()).toMatchObject({ type: 1, flags: 2, streamId: 1, contentType, modelType, payload });
});

describe('classic', () => {
  test('128 KiB is the largest payload', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'test/a', Buffer.alloc(131_072));
    expect(await client.next()).toMatchObject({ type: 0 });
    client.publish(2, 'test/a', Buffer.alloc(131_073));
    expect(body(await client.next())['message']).toBe(
      'Publish to topic test/a failed: The publishing message size 131073 bytes exceeds the configured limit of 131072 bytes',
    );
  });

  test('direct ingest and shared subscription prefixes do not count', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, OTHER);
    client.publish(1, `$aws/rules/rule/${'x'.repeat(256)}`, 'x');
    client.publish(2, `$aws/things/${'x'.repeat(500)}`, 'x');
    client.subscribe(3, `$share/group/1/2/3/4/5/6/7/${'x'.repeat(242)}`);
    const codes = [await client.next(), await client.next(), await client.next()];
    expect(codes.map(({ streamId, type }) => [streamId, type])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    client.publish(4, `$aws/things/${'x'.repeat(501)}`, 'x');
    expect(body(await client.next())['message']).toBe(
      `Publish to topic $aws/things/${'x'.repeat(501)} failed: Reserved topic total length is greater than 512 bytes of UTF-8 encoded characters and is most likely over the IoT Core limit of 256 bytes (excluding prefixes).`,
    );
    client.publish(5, `$aws/RULES/rule/${'x'.repeat(300)}/1/2/3/4/5/6/7/8`, 'x');
    expect(await client.next()).toMatchObject({ type: 0 });
  });

  test.each([
    ['no topic', { qos: '1' }, 'InvalidArgumentsError', 'Topic is required'],
    ['another filter', { topicName: '#', qos: '1' }, 'UnauthorizedError', 'Not Authorized'],
    ['no qos', { topicName: 'test/#' }, 'InvalidArgumentsError', 'QoS is required'],
    ['a word for qos', { topicName: 'test/#', qos: 'AT_MOST_ONCE' }, 'InvalidArgumentsError', 'Invalid QoS value: AT_MOST_ONCE'],
    [
      '8 slashes',
      { topicName: 'test/1/2/3/4/5/6/7/8', qos: '0' },
      'ServiceError',
      'Subscribe to topic test/1/2/3/4/5/6/7/8 failed with error com.aws.greengrass.mqttclient.MqttRequestException: The request topic must have no more than 7 forward slashes (/)',
    ],
  ])('subscribing with %s', async (_, request, code, text) => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.request(1, SUBSCRIBE, request);
    const reply = await client.next();
    expect(reply).toMatchObject({ type: 1, flags: 2, modelType: `aws.greengrass#${code}` });
    expect(body(reply)['message']).toBe(text);
    expect(nucleus.subscriptions).toBe(0);
  });

  test('an event carries what the nucleus carries, in Gson’s writing', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/#');
    await client.next();
    client.request(2, PUBLISH, { topicName: "test/'a'", qos: '1', payload: PAYLOAD });
    await client.next();
    expect((await client.next()).payload).toBe(
      '{"message":{"topicName":"test/\\u0027a\\u0027","payload":"aGk\\u003d","retain":false,"payloadFormat":"0"}}',
    );
    const members = {
      userProperties: [
        { key: 'k', value: 'v=' },
        { key: 'k', value: 'w' },
      ],
      messageExpiryIntervalSeconds: 60,
      correlationData: 'AQI=',
      responseTopic: 'test/reply',
      payloadFormat: '1',
    };
    client.request(3, PUBLISH, { topicName: 'test/b', qos: '1', payload: PAYLOAD, contentType: 'lost', ...members });
    await client.next();
    const event = await client.next();
    expect(event.payload).toContain('v\\u003d');
    expect(body(event)).toEqual({ message: { topicName: 'test/b', payload: PAYLOAD, retain: false, ...members } });
    nucleus.publish({ topicName: 'test/c', payload: 'x', contentType: 'kept' });
    expect(body(await client.next())['message']).toMatchObject({ contentType: 'kept' });
  });

  test('routes as the nucleus does: a/# leaves out a, a trailing slash does not matter, one copy a stream', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const filters = ['test/#', 'test/+', 'test/a/', 'test/a'];
    for (const [i, filter] of filters.entries()) client.subscribe(i + 1, filter);
    for (const _ of filters) await client.next();
    nucleus.publish({ topicName: 'test', payload: '' });
    nucleus.publish({ topicName: 'test/a', payload: '' });
    const ids = [await client.next(), await client.next(), await client.next(), await client.next()].map(({ streamId }) => streamId);
    expect(ids.sort()).toEqual([1, 2, 3, 4]);
    client.publish(5, 'other', '');
    expect(await client.next()).toMatchObject({ type: 1, streamId: 5 });
  });

  test('offline: QoS 1 waits in the spool, QoS 0 is refused, subscribing fails', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    using offline = nucleus.faults.offline();
    client.publish(2, 'test/a', 'spooled', '1');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 2 });
    client.publish(3, 'test/a', 'x', '0');
    expect(body(await client.next())['message']).toBe('Publish to topic test/a failed: Device is offline. Dropping QoS 0 message.');
    client.subscribe(4, 'test/b');
    expect(body(await client.next())['message']).toMatch(/^Subscribe to topic test\/b failed with error java\./);
    expect(nucleus.spooled).toBe(1);
    offline.undo();
    expect(await client.next()).toMatchObject({ streamId: 1, modelType: 'aws.greengrass#IoTCoreMessage' });
  });

  test('never online yet: the answer to subscribe is withheld until it is', async () => {
    await using nucleus = await start('classic', { online: false });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    client.subscribe(2, 'test/b');
    client.terminate(2);
    client.publish(3, 'test/a', 'spooled');
    expect(await client.next()).toMatchObject({ streamId: 3 });
    expect(client.untaken).toBe(0);
    nucleus.setOnline(true);
    expect(await client.next()).toMatchObject({ streamId: 1, modelType: 'aws.greengrass#SubscribeToIoTCoreResponse' });
    expect(nucleus.subscriptions).toBe(1);
  });

  test('the spool has a size: QoS 0 makes room, QoS 1 does not', async () => {
    await using nucleus = await start('classic', { limits: { spoolBytes: 1000 } });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'test/a', Buffer.alloc(1001));
    expect(body(await client.next())['message']).toBe('Publish to topic test/a failed: Message is larger than the size of message spool.');
    using _ = nucleus.faults.offline();
    client.publish(2, 'test/a', Buffer.alloc(600));
    client.publish(3, 'test/a', Buffer.alloc(600));
    expect(await client.next()).toMatchObject({ type: 0, streamId: 2 });
    expect(body(await client.next())['message']).toBe('Publish to topic test/a failed: Message spool is full. Message could not be added.');
  });
});
