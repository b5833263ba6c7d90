import { expect, test } from 'vitest';
import { COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { RawClient, eventOf } from '../kit/nucleus/raw-client.js';
import { HandClock } from '../kit/time/hand-clock.js';

/** Milliseconds that Lite waits for a client to read. */
const PATIENCE = 5_000;
const KILOBYTES_4 = Buffer.alloc(4000, 'x');

test('lite: a client that does not read loses messages, keeps its connection, and holds up nobody', async () => {
  const clock = new HandClock();
  await using nucleus = await start('lite', { clock });
  const slow = await RawClient.accepted(nucleus, COMPONENT);
  const quick = await RawClient.accepted(nucleus, OTHER);
  slow.subscribe(1, 'test/a');
  quick.subscribe(1, 'test/b');
  await slow.next();
  await quick.next();
  let dropped = 0;
  nucleus.observe(event => {
    if (event.kind === 'dropped') dropped += event.messages;
  });
  slow.socket.pause();
  for (let i = 0; i < 500; i++) nucleus.publish({ topicName: 'test/a', payload: KILOBYTES_4 });
  await expect.poll(() => clock.pending).toBeGreaterThan(0);
  nucleus.publish({ topicName: 'test/b', payload: 'meanwhile' });
  expect(eventOf(await quick.next()).text).toBe('meanwhile');
  expect(dropped).toBe(0);
  clock.advance(PATIENCE);
  expect(dropped).toBeGreaterThan(300);
  const soFar = dropped;
  nucleus.publish({ topicName: 'test/a', payload: 'dropped at once' });
  expect(dropped).toBe(soFar + 1);
  const before = dropped;
  slow.socket.resume();
  await expect.poll(() => nucleus.queuedBytes).toBe(0);
  nucleus.publish({ topicName: 'test/a', payload: 'again' });
  for (let i = 0; i < 500 - before + 1; i++) await slow.next();
  expect(eventOf(await slow.next()).text).toBe('again');
});

test('classic: what waits for a client that does not read is bounded, and then it is cut; others go on', async () => {
  await using nucleus = await start('classic', { limits: { outgoingQueueBytes: 1024 * 1024 } });
  const slow = await RawClient.accepted(nucleus, COMPONENT);
  const quick = await RawClient.accepted(nucleus, OTHER);
  slow.subscribe(1, 'test/a');
  await slow.next();
  slow.socket.pause();
  let peak = 0;
  const cut = new Promise<void>(resolve =>
    nucleus.observe(({ kind }) => {
      if (kind === 'disconnected') resolve();
    }),
  );
  for (let i = 0; i < 500; i++) {
    nucleus.publish({ topicName: 'test/a', payload: KILOBYTES_4 });
    peak = Math.max(peak, nucleus.queuedBytes);
  }
  await cut;
  expect(peak).toBeLessThanOrEqual(1024 * 1024);
  expect(nucleus.subscriptions).toBe(0);
  quick.publish(1, 'test/b', 'x');
  expect(await quick.next()).toMatchObject({ streamId: 1 });
  slow.close();
});

test.each(PROFILES)('%s: a client that reads nothing for the timeout is cut, if a fault says so', async profile => {
  const clock = new HandClock();
  await using nucleus = await start(profile, { clock });
  const slow = await RawClient.accepted(nucleus, COMPONENT);
  slow.subscribe(1, 'test/a');
  await slow.next();
  const fault = nucleus.faults.cutSlowReaders();
  slow.socket.pause();
  for (let i = 0; i < 500; i++) nucleus.publish({ topicName: 'test/a', payload: KILOBYTES_4 });
  await expect.poll(() => clock.pending).toBeGreaterThan(0);
  clock.advance(PATIENCE);
  await expect.poll(() => nucleus.connections).toBe(0);
  expect(fault.strikes).toBe(1);
  slow.close();
});

test('lite: given the fault, a client that does not read holds up everyone until the timeout', async () => {
  const clock = new HandClock();
  await using nucleus = await start('lite', { clock });
  const slow = await RawClient.accepted(nucleus, COMPONENT);
  const other = await RawClient.accepted(nucleus, OTHER);
  slow.subscribe(1, 'test/a');
  other.subscribe(1, 'test/b');
  await slow.next();
  await other.next();
  const blocked = new Promise<void>(resolve => nucleus.faults.slowReaderBlocksAll({ times: 1, onStrike: resolve }));
  slow.socket.pause();
  for (let i = 0; i < 500; i++) nucleus.publish({ topicName: 'test/a', payload: KILOBYTES_4 });
  await blocked;
  nucleus.publish({ topicName: 'test/b', payload: 'late' });
  other.publish(2, 'test/x', 'late too');
  // A round trip of somebody who has just come and is not held up.
  const third = await RawClient.accepted(nucleus, OTHER);
  third.publish(1, 'test/x', 'x');
  await third.next();
  expect(other.untaken).toBe(0);
  clock.advance(PATIENCE);
  expect(eventOf(await other.next()).text).toBe('late');
  expect(await other.next()).toMatchObject({ streamId: 2 });
  slow.close();
});
