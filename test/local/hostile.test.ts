import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../src/ipc/wire/frame.js';
import { encodeHeaders } from '../../src/ipc/wire/headers.js';
import { encodeRpcMessage } from '../../src/ipc/wire/rpc-message.js';
import { COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, SUBSCRIBE } from '../kit/nucleus/raw-client.js';

const rpcFrame = fc
  .record({
    type: fc.oneof(fc.constantFrom(0, 1, 2, 4, 5, 7), fc.integer()),
    flags: fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.integer()),
    streamId: fc.oneof(fc.integer({ min: -1, max: 4 }), fc.integer()),
    operation: fc.option(fc.oneof(fc.constantFrom(PUBLISH, SUBSCRIBE, 'aws.greengrass#GetConfiguration'), fc.string()), { nil: undefined }),
    version: fc.option(fc.constantFrom('0.1.0', '9'), { nil: undefined }),
    payload: fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record(
          {
            topicName: fc.oneof(fc.constantFrom('test/a', 'test/#', '__proto__'), fc.json()),
            qos: fc.anything(),
            payload: fc.anything(),
            userProperties: fc.anything(),
          },
          { requiredKeys: [] },
        )
        .map(request => JSON.stringify(request, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))),
    ),
  })
  .map(message => encodeRpcMessage(message));

const mutated = fc.tuple(rpcFrame, fc.nat(), fc.nat(255)).map(([frame, at, byte]) => {
  const copy = Buffer.from(frame);
  copy[at % copy.length] = byte;
  return copy;
});

const hostile = fc.oneof(
  { weight: 6, arbitrary: rpcFrame },
  { weight: 2, arbitrary: mutated },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map(bytes => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map(bytes => encodeFrame(bytes, 'x')) },
);

describe.each(PROFILES)('%s', profile => {
  test('random and mutated frames, before and after the Connect, stop nobody else', async () => {
    await using nucleus = await start(profile);
    const honest = await RawClient.accepted(nucleus, OTHER);
    let id = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 1, maxLength: 30 }), fc.boolean(), async (frames, connected) => {
        const client = connected ? await RawClient.accepted(nucleus, COMPONENT) : await RawClient.open(nucleus.socketPath);
        client.socket.end(Buffer.concat(frames));
        await client.closed;
        honest.publish(++id, 'x', 'x');
        expect(await honest.next()).toMatchObject({ type: 0, streamId: id });
      }),
      { numRuns: 150 },
    );
    await expect.poll(() => nucleus.connections).toBe(1);
    expect(nucleus.subscriptions).toBe(0);
    // Who reads an answer may have it before its server knows that it has gone.
    await expect.poll(() => nucleus.queuedBytes).toBe(0);
  });

  test('an absurd length costs the connection and no memory', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const frame = encodeFrame(encodeHeaders([]), '');
    frame.writeUInt32BE(0x7fffffff, 0);
    // With the checksum of a client that means it.
    frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
    client.socket.write(frame);
    await client.closed;
  });

  test('an endless frame before the Connect is cut off', async () => {
    await using nucleus = await start('classic');
    const client = await RawClient.open(nucleus.socketPath);
    const whole = encodeFrame(encodeHeaders([]), Buffer.alloc(20 * 1024 * 1024));
    client.socket.write(whole.subarray(0, 4 * 1024 * 1024));
    await client.closed;
  });

  test('half-open handshakes and clients that vanish leave nothing', async () => {
    await using nucleus = await start(profile);
    const clients = await Promise.all(Array.from({ length: 40 }, () => RawClient.open(nucleus.socketPath)));
    for (const [i, client] of clients.entries()) if (i % 2 === 0) client.socket.write('nonsense');
    for (const client of clients) client.close();
    await expect.poll(() => nucleus.connections).toBe(0);
    await RawClient.accepted(nucleus, COMPONENT);
  });
});

test('a thousand connections at once, and the one before them goes on', async () => {
  await using nucleus = await start('classic');
  const honest = await RawClient.accepted(nucleus, COMPONENT);
  const crowd = [];
  for (let i = 0; i < 1000; i++) crowd.push(await RawClient.open(nucleus.socketPath));
  honest.publish(1, 'test/a', 'x');
  expect(await honest.next()).toMatchObject({ streamId: 1 });
  for (const client of crowd) client.close();
  await expect.poll(() => nucleus.connections).toBe(1);
});

test('one more than allowed is cut', async () => {
  await using nucleus = await start('classic', { limits: { connections: 2 } });
  await RawClient.accepted(nucleus, COMPONENT);
  await RawClient.accepted(nucleus, COMPONENT);
  const third = await RawClient.open(nucleus.socketPath);
  await third.closed;
  expect(nucleus.connections).toBe(2);
});

test('asking without end and never reading is cut, not stored', async () => {
  await using nucleus = await start('classic', { limits: { outgoingQueueBytes: 256 * 1024 } });
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.socket.pause();
  const requests = Buffer.concat(
    Array.from({ length: 20_000 }, (_, i) =>
      encodeRpcMessage({ type: 0, flags: 0, streamId: i + 1, operation: 'aws.greengrass#GetConfiguration', payload: '{}' }),
    ),
  );
  client.socket.write(requests);
  await expect.poll(() => nucleus.connections).toBe(0);
  client.close();
});
