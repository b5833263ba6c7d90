import { expect, test } from 'vitest';
import { MessageType } from '../../../src/ipc/wire/rpc-message.js';
import { COMPONENT, OTHER, start } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, eventOf } from '../../kit/nucleus/raw-client.js';
import { HandClock } from '../../kit/time/hand-clock.js';

test('lite: the ConnectAck is 71 bytes and empty', async () => {
  await using nucleus = await start('lite');
  const client = await RawClient.open(nucleus.socketPath);
  const chunks: Buffer[] = [];
  client.socket.on('data', chunk => chunks.push(chunk));
  client.connect(nucleus.authToken(COMPONENT));
  expect(await client.next()).toMatchObject({ type: 5, flags: 1, streamId: 0, payload: '', contentType: undefined, modelType: undefined });
  expect(Buffer.concat(chunks)).toHaveLength(71);
});

test.each([
  ['of the token’s component is taken', COMPONENT, true],
  ['of another is refused', OTHER, false],
  ['that is no text is refused', 5, false],
])('lite: a componentName beside the token %s', async (_, componentName, isTaken) => {
  await using nucleus = await start('lite');
  const client = await RawClient.open(nucleus.socketPath);
  const payload = JSON.stringify({ authToken: nucleus.authToken(COMPONENT), componentName });
  client.send({ type: MessageType.Connect, flags: 0, streamId: 0, version: '0.1.0', payload });
  if (isTaken) expect(await client.next()).toMatchObject({ type: 5, flags: 1 });
  else await client.closed;
  expect(client.received).toHaveLength(isTaken ? 1 : 0);
});

test('lite: a terminate has no answer; an unknown, repeated or first one is ignored', async () => {
  await using nucleus = await start('lite');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.subscribe(1, 'test/a');
  await client.next();
  for (const streamId of [1, 1, 77]) client.terminate(streamId);
  client.send({
    type: MessageType.ApplicationMessage,
    flags: 2,
    streamId: 5,
    operation: PUBLISH,
    payload: '{"topicName":"test/a","payload":"aGk="}',
  });
  client.subscribe(1, 'test/b');
  expect(await client.next()).toMatchObject({ streamId: 1, payload: '{}' });
  nucleus.publish({ topicName: 'test/a', payload: 'not any more' });
  nucleus.publish({ topicName: 'test/b', payload: 'b' });
  expect(eventOf(await client.next())).toEqual({ topicName: 'test/b', text: 'b' });
});

test('lite: 7314 bytes are the largest payload on a topic of six characters, with all headers and Python’s JSON', async () => {
  await using nucleus = await start('lite');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  const publish = (streamId: number, bytes: number): void => {
    client.send({
      type: MessageType.ApplicationMessage,
      flags: 0,
      streamId,
      operation: PUBLISH,
      contentType: 'application/json',
      modelType: `${PUBLISH}Request`,
      payload: `{"topicName": "test/a", "qos": "1", "payload": "${Buffer.alloc(bytes).toString('base64')}"}`,
    });
  };
  publish(1, 7314);
  expect(await client.next()).toMatchObject({ type: 0, streamId: 1 });
  publish(2, 7315);
  await client.closed;
  expect(client.untaken).toBe(0);
});

test('lite: retain and the MQTT 5 members of a publish are ignored', async () => {
  await using nucleus = await start('lite');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.subscribe(1, 'test/a');
  await client.next();
  client.request(2, PUBLISH, { topicName: 'test/a', qos: '1', payload: 'aGk=', retain: true, responseTopic: 5, userProperties: 'x' });
  expect(await client.next()).toMatchObject({ type: 0, streamId: 2 });
  expect((await client.next()).payload).toBe('{"message":{"topicName":"test/a","payload":"aGk="}}');
  client.subscribe(3, 'test/+');
  await client.next();
  client.publish(4, 'test/x', 'fresh');
  const events = [await client.next(), await client.next()];
  expect(events.filter(({ streamId }) => streamId === 3).map(event => eventOf(event).text)).toEqual(['fresh']);
});

test('lite: given the fault, half a frame holds up everyone until the timeout', async () => {
  const clock = new HandClock();
  await using nucleus = await start('lite', { clock });
  const half = await RawClient.accepted(nucleus, COMPONENT);
  const other = await RawClient.accepted(nucleus, OTHER);
  const blocked = new Promise<void>(resolve => nucleus.faults.slowReaderBlocksAll({ times: 1, onStrike: resolve }));
  half.socket.write(Buffer.alloc(6));
  await blocked;
  other.publish(1, 'test/x', 'late');
  const third = await RawClient.accepted(nucleus, OTHER);
  third.publish(1, 'test/x', 'x');
  await third.next();
  expect(other.untaken).toBe(0);
  clock.advance(4_999);
  third.publish(2, 'test/x', 'x');
  await third.next();
  expect(other.untaken).toBe(0);
  clock.advance(1);
  await half.closed;
  expect(await other.next()).toMatchObject({ type: 0, streamId: 1 });
});
