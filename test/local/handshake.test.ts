import { EventStreamCodec } from '@smithy/eventstream-codec';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../src/ipc/wire/frame.js';
import { encodeHeaders } from '../../src/ipc/wire/headers.js';
import { encodeRpcMessage, rpcHeaders, type RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { COMPONENT, start } from '../kit/nucleus/nuclei.js';
import { body, PUBLISH, RawClient } from '../kit/nucleus/raw-client.js';
import { IS_WINDOWS } from '../kit/process/platform.js';

const hello = (nucleus: LocalNucleus): RpcMessageInit => ({
  type: 4,
  flags: 0,
  streamId: 0,
  version: '0.1.0',
  payload: JSON.stringify({ authToken: nucleus.authToken(COMPONENT) }),
});

/** What a Connect may look like and still, or not, be accepted. */
const CONNECTS: readonly { name: string; classic: boolean; lite: boolean; message: (good: RpcMessageInit) => RpcMessageInit }[] = [
  { name: 'the right token', classic: true, lite: true, message: good => good },
  {
    name: 'unknown members beside it',
    classic: true,
    lite: true,
    message: good => ({ ...good, payload: good.payload?.replace('{', '{"x":1,') }),
  },
  { name: 'no :version', classic: false, lite: true, message: good => ({ ...good, version: undefined }) },
  { name: ':version 0.2.0', classic: false, lite: false, message: good => ({ ...good, version: '0.2.0' }) },
  { name: 'another token', classic: false, lite: false, message: good => ({ ...good, payload: '{"authToken":"ABCDEFGHIJKLMNOP"}' }) },
  { name: 'no token', classic: false, lite: false, message: good => ({ ...good, payload: '{}' }) },
  { name: 'an empty token', classic: false, lite: false, message: good => ({ ...good, payload: '{"authToken":""}' }) },
  { name: 'no payload', classic: false, lite: false, message: good => ({ ...good, payload: '' }) },
  { name: 'malformed JSON', classic: false, lite: false, message: good => ({ ...good, payload: '{"authToken"' }) },
  { name: 'a JSON string', classic: false, lite: false, message: good => ({ ...good, payload: '"x"' }) },
  { name: 'a token that is a number', classic: false, lite: false, message: good => ({ ...good, payload: '{"authToken":1}' }) },
  { name: 'a text after the JSON', classic: true, lite: false, message: good => ({ ...good, payload: `${good.payload ?? ''} and more` }) },
  {
    name: 'single quotes',
    classic: false,
    lite: false,
    message: good => ({ ...good, payload: (good.payload ?? '').replaceAll('"', "'") }),
  },
  { name: 'a flag beyond those it knows', classic: true, lite: true, message: good => ({ ...good, flags: 4 }) },
  {
    name: 'the token before another',
    classic: false,
    lite: true,
    message: good => ({ ...good, payload: good.payload?.replace('}', ',"authToken":"x"}') }),
  },
  {
    name: 'the token behind another',
    classic: true,
    lite: false,
    message: good => ({ ...good, payload: good.payload?.replace('{', '{"authToken":"x",') }),
  },
  { name: 'a flag', classic: true, lite: false, message: good => ({ ...good, flags: 1 }) },
];

describe('connecting to classic', () => {
  test.each(CONNECTS)('with $name', async ({ classic, message }) => {
    await using nucleus = await start('classic');
    const client = await RawClient.open(nucleus.socketPath);
    client.send(message(hello(nucleus)));
    expect(await client.next()).toMatchObject({
      type: 5,
      flags: classic ? 1 : 0,
      streamId: 0,
      payload: '',
      modelType: undefined,
      contentType: undefined,
    });
    if (!classic) await client.closed;
  });

  test('a second Connect ends it with a protocol error', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.send(hello(nucleus));
    const error = await client.next();
    expect(error).toMatchObject({ type: 6, flags: 0, streamId: 0, contentType: 'application/json' });
    expect(body(error)).toEqual({
      message:
        'A CONNECT message must be received, and the CONNECT_ACK must be sent in response, before any other message-types can be sent on this connection. In addition, only one CONNECT message is allowed on a connection.',
    });
    await client.closed;
  });

  test('anything before the Connect ends it with a protocol error', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.open(nucleus.socketPath);
    client.publish(1, 'test/a', 'x');
    expect((await client.next()).payload).toContain('A CONNECT message must be received');
    await client.closed;
  });

  test('the acknowledgement is the golden frame', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.open(nucleus.socketPath);
    const bytes = new Promise<Buffer>(resolve => client.socket.once('data', resolve));
    client.send(hello(nucleus));
    expect((await bytes).toString('hex')).toBe(
      '0000004700000037374cfe3f0d3a6d6573736167652d7479706504000000050e3a6d6573736167652d666c61677304000000010a3a73747265616d2d69640400000000e237e27d',
    );
  });

  test('a ping is answered with its own headers and payload', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const bytes = new Promise<Buffer>(resolve => client.socket.once('data', resolve));
    const headers = encodeHeaders([...rpcHeaders({ type: 2, flags: 0, streamId: 0 }), ['mine', { type: 'string', value: 'yes' }]]);
    client.socket.write(encodeFrame(headers, 'are you there'));
    const codec = new EventStreamCodec(
      input => (typeof input === 'string' ? input : Buffer.from(input).toString()),
      input => Buffer.from(input),
    );
    const pong = codec.decode(await bytes);
    expect(Buffer.from(pong.body).toString()).toBe('are you there');
    expect(pong.headers['mine']).toEqual({ type: 'string', value: 'yes' });
    expect(pong.headers[':message-type']).toEqual({ type: 'integer', value: 3 });
  });

  test.each([0, 1, 9])('message type %i on stream 0 is a protocol error', async type => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.send({ type, flags: 0, streamId: 0 });
    expect(await client.next()).toMatchObject({
      type: 6,
      payload: '{ "message": "an invalid value for message-type field was received." }',
    });
    await client.closed;
  });

  test.each([5, 6, 7])('message type %i from a client is not recognized', async type => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.send({ type, flags: 0, streamId: 0 });
    expect(await client.next()).toMatchObject({
      type: 7,
      payload: `{ "error": "Unrecognized Message Type" }"message": " message type value: ${type} is not recognized as a valid request path." }`,
    });
    await client.closed;
  });

  test('a message without its three headers is a protocol error', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.socket.write(encodeFrame(encodeHeaders([[':message-type', { type: 'integer', value: 0 }]]), ''));
    expect((await client.next()).payload).toContain('A message was received with missing required fields.');
    await client.closed;
  });
});

describe('connecting to lite', () => {
  test.each(CONNECTS)('with $name', async ({ lite, message }) => {
    await using nucleus = await start('lite');
    const client = await RawClient.open(nucleus.socketPath);
    client.send(message(hello(nucleus)));
    if (lite) expect(await client.next()).toMatchObject({ type: 5, flags: 1, streamId: 0, payload: '' });
    else {
      await client.closed;
      expect(client.received).toEqual([]);
    }
  });

  test('a refusal is an end without a word', async () => {
    await using nucleus = await start('lite');
    for (const message of [
      { ...hello(nucleus), streamId: 1 },
      { ...hello(nucleus), type: 0 },
      { ...hello(nucleus), type: 2 },
    ]) {
      const client = await RawClient.open(nucleus.socketPath);
      client.send(message);
      await client.closed;
      expect(client.received).toEqual([]);
    }
  });

  test.each([
    ['a ping', encodeRpcMessage({ type: 2, flags: 0, streamId: 0 })],
    ['a message on stream 0', encodeRpcMessage({ type: 0, flags: 0, streamId: 0, operation: 'x', payload: '{}' })],
    [
      'a header of another type',
      encodeFrame(encodeHeaders([...rpcHeaders({ type: 0, flags: 0, streamId: 1 }), ['x', { type: 'boolean', value: true }]]), '{}'),
    ],
    ['a missing header', encodeFrame(encodeHeaders([[':message-type', { type: 'integer', value: 0 }]]), '{}')],
    ['garbage', Buffer.alloc(64, 0xff)],
  ])('%s costs the connection', async (_, bytes) => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.socket.write(bytes);
    await client.closed;
    expect(client.received.slice(1)).toEqual([]);
    expect(nucleus.connections).toBe(0);
  });

  // A pipe has no reset.
  test.skipIf(IS_WINDOWS)('what it cannot use is left unread: the client sees a reset', async () => {
    await using nucleus = await start('lite');
    const tooLarge = [0, 8, 0, 0];
    const wrongChecksum = [0, 0, 0, 100, 0, 0, 0, 0, 1, 2, 3, 4];
    for (const first of [[0xff], tooLarge, wrongChecksum]) {
      const client = await RawClient.accepted(nucleus, COMPONENT);
      client.socket.write(Buffer.concat([Buffer.from(first), Buffer.alloc(300_000, 0xff)]));
      expect(await client.closed).toMatchObject({ code: 'ECONNRESET' });
    }
  });

  test('what was answered before is sent before the connection ends', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const publish = encodeRpcMessage({ type: 0, flags: 0, streamId: 1, operation: PUBLISH, payload: '{"topicName":"test/a"}' });
    client.socket.write(Buffer.concat([publish, Buffer.alloc(64, 0xff)]));
    expect(await client.next()).toMatchObject({ type: 0, streamId: 1 });
    await client.closed;
  });

  test('a second Connect costs the connection', async () => {
    await using nucleus = await start('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.send(hello(nucleus));
    await client.closed;
  });

  test('half a frame is waited for, and then costs the connection; other clients go on', async () => {
    await using nucleus = await start('lite', { limits: { socketTimeout: 60 } });
    const other = await RawClient.accepted(nucleus, COMPONENT);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.socket.write(encodeRpcMessage({ type: 0, flags: 0, streamId: 1, payload: '{}' }).subarray(0, 30));
    await client.closed;
    other.publish(1, 'test/a', 'x');
    expect(await other.next()).toMatchObject({ type: 0 });
  });
});

test('tokens have the form of their server, and are never the same', async () => {
  await using classic = await start('classic');
  await using lite = await start('lite');
  await using again = await start('lite');
  expect(classic.authToken(COMPONENT)).toMatch(/^[A-Z0-9]{16}$/);
  expect(Buffer.from(lite.authToken(COMPONENT), 'base64')).toHaveLength(16);
  expect(again.authToken(COMPONENT)).not.toBe(lite.authToken(COMPONENT));
  expect(lite.environment(COMPONENT)).toEqual({
    SVCUID: lite.authToken(COMPONENT),
    AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: lite.socketPath,
  });
  expect(() => lite.authToken('com.example.Nobody')).toThrow('No component "com.example.Nobody"');
});
