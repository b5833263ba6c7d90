import { describe, expect, test } from 'vitest';
import { COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, SUBSCRIBE, body, eventOf } from '../kit/nucleus/raw-client.js';

describe('streams of classic', () => {
  test.each([
    [
      'a gap',
      2,
      0,
      PUBLISH,
      'stream-id values must be monotonically incrementing. A new stream-id arrived that was incremented by more than 1.',
    ],
    [
      'a negative id',
      -1,
      0,
      PUBLISH,
      'non-zero stream-id field is only allowed for messages of type APPLICATION_MESSAGE. The stream id max value is INT32_MAX.',
    ],
    [
      'a ping on a stream',
      1,
      2,
      undefined,
      'non-zero stream-id field is only allowed for messages of type APPLICATION_MESSAGE. The stream id max value is INT32_MAX.',
    ],
    ['no operation', 1, 0, undefined, 'The first message for on a non-zero :stream-id must contain an operation header value.'],
  ])('%s ends the connection', async (_, streamId, type, operation, text) => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.send({ type, flags: 0, streamId, operation, payload: '{}' });
    expect(await client.next()).toMatchObject({ type: 6, flags: 0, streamId: 0, payload: `{ "message": "${text}" }` });
    await client.closed;
  });

  test('an id used again ends the connection', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'test/a', 'x');
    await client.next();
    client.publish(1, 'test/a', 'x');
    expect((await client.next()).payload).toContain('A stream-id arrived that was lower than the last seen stream-id.');
    await client.closed;
  });

  test('a late terminate is ignored', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'test/a', 'x');
    await client.next();
    client.terminate(1);
    client.publish(2, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 2 });
  });

  test('a first message that terminates is not executed', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.send({ type: 0, flags: 2, streamId: 1, operation: SUBSCRIBE, payload: '{"topicName":"test/a","qos":"0"}' });
    client.publish(2, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ streamId: 2 });
    expect(nucleus.subscriptions).toBe(0);
  });

  test('a second message on an open stream ends the stream', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    await client.next();
    client.send({ type: 0, flags: 0, streamId: 1, payload: '{}' });
    expect(await client.next()).toMatchObject({
      type: 1,
      flags: 2,
      streamId: 1,
      contentType: 'text/plain',
      payload: 'InternalServerError',
    });
    expect(nucleus.subscriptions).toBe(0);
  });

  test.each([
    [
      'an operation outside the model',
      'aws.greengrass#Nonsense',
      undefined,
      '{ "error": "Unsupported Operation", "message": "aws.greengrass#Nonsense is an unsupported operation." }',
    ],
    [
      'the connection status, which is too new',
      'aws.greengrass#SubscribeToIoTCoreConnectionStatus',
      undefined,
      '{ "error": "Unsupported Operation", "message": "aws.greengrass#SubscribeToIoTCoreConnectionStatus is an unsupported operation." }',
    ],
  ])('%s is answered without a model type', async (_, operation, modelType, payload) => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.request(1, operation, {});
    expect(await client.next()).toMatchObject({ type: 1, flags: 2, streamId: 1, contentType: 'application/json', modelType, payload });
  });

  test('an operation of the model that is done by nobody is a ServiceError', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.request(1, 'aws.greengrass#GetSecretValue', {});
    const reply = await client.next();
    expect(reply).toMatchObject({ type: 1, flags: 2, modelType: 'aws.greengrass#ServiceError' });
    expect(body(reply)['message']).toBe('Operation aws.greengrass#GetSecretValue is not supported by the local nucleus');
  });
});

describe('streams of lite', () => {
  test.each([
    ['an unknown operation', { type: 0, flags: 0, operation: 'aws.greengrass#Nonsense', payload: '{}' }],
    ['no operation', { type: 0, flags: 0, payload: '{}' }],
    ['a flag that means nothing', { type: 0, flags: 1, operation: PUBLISH, payload: '{"topicName":"test/a"}' }],
    ['malformed JSON', { type: 0, flags: 0, operation: PUBLISH, payload: '{' }],
    ['a JSON array', { type: 0, flags: 0, operation: PUBLISH, payload: '[]' }],
    ['an empty payload', { type: 0, flags: 0, operation: PUBLISH, payload: '' }],
    ['a ping on a stream', { type: 2, flags: 0, payload: '{}' }],
    ['an unknown type on a stream', { type: 99, flags: 0, payload: '{}' }],
  ])('%s is a ServiceError without text, and the connection stays', async (_, message) => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.send({ ...message, streamId: 1 });
    expect(await client.next()).toMatchObject({
      type: 1,
      flags: 2,
      streamId: 1,
      contentType: 'application/json',
      modelType: 'aws.greengrass#ServiceError',
      payload: '{"_message":"","_errorCode":"ServiceError"}',
    });
    client.publish(2, 'test/a', 'x');
    expect(await client.next()).toMatchObject({ type: 0, streamId: 2 });
  });

  test('ids may repeat, go down and be negative', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    for (const id of [7, 7, 3, -5]) {
      client.publish(id, 'test/a', 'x');
      expect(await client.next()).toMatchObject({ type: 0, flags: 0, streamId: id });
    }
  });

  test('a stream id subscribed twice gets both, and each terminate ends one, the first one first', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    client.subscribe(1, 'test/b');
    await client.next();
    await client.next();
    nucleus.publish({ topicName: 'test/a', payload: '1' });
    nucleus.publish({ topicName: 'test/b', payload: '2' });
    expect([(await client.next()).streamId, (await client.next()).streamId]).toEqual([1, 1]);
    client.terminate(1);
    client.publish(2, 'test/x', 'x');
    await client.next();
    nucleus.publish({ topicName: 'test/a', payload: '3' });
    nucleus.publish({ topicName: 'test/b', payload: '4' });
    expect(eventOf(await client.next())).toEqual({ topicName: 'test/b', text: '4' });
    for (const id of [1, 1, 77]) client.terminate(id);
    client.publish(3, 'test/x', 'x');
    await client.next();
    expect(nucleus.subscriptions).toBe(0);
  });
});

const LIKE_MEMBERS = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];

test.each(PROFILES.flatMap(profile => LIKE_MEMBERS.map(operation => [operation, profile] as const)))(
  'an operation called %s is one that is not known by %s',
  async (operation, profile) => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.request(1, operation, {});
    expect(await client.next()).toMatchObject({ type: 1, flags: 2, streamId: 1 });
    client.request(2, operation, {});
    expect(await client.next()).toMatchObject({ type: 1, streamId: 2 });
  },
);
