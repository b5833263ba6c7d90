import { connectAsync, type MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import type { LocalNucleus } from '../../src/local/index.js';
import { quietSockets } from '../kit/nucleus/quiet-sockets.js';
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

describe('an MQTT client that publishes faster than a component reads', () => {
  const MESSAGES = 5_000;
  /** What waits for one client at most: a tenth of what is published. */
  const limits = { outgoingQueueBytes: 2 * 1024 * 1024 };

  /** Publishes far more than may wait for one client, all at once. */
  function flood(client: MqttClient): void {
    for (let i = 0; i < MESSAGES; i++) client.publish('test/a', `${i} ${'x'.repeat(4_000)}`);
  }

  /** Resolves when so much waits that who publishes is held up. Over TCP the kernel may take its time. */
  async function full(nucleus: LocalNucleus): Promise<void> {
    await expect.poll(() => nucleus.queuedBytes).toBeGreaterThan(limits.outgoingQueueBytes / 16);
  }

  test.each(PROFILES)('%s: is held up while the component catches up, which is not cut and gets every message', async profile => {
    const clock = new HandClock();
    await using nucleus = await start(profile, { clock, limits });
    const reader = await RawClient.accepted(nucleus, COMPONENT);
    reader.subscribe(1, 'test/a');
    await reader.next();
    const lost: unknown[] = [];
    nucleus.observe(event => {
      if (event.kind === 'dropped' || event.kind === 'disconnected') lost.push(event);
    });
    // It is busy with something else: for the nucleus no time passes.
    reader.socket.pause();
    const publisher = await connectAsync(nucleus.mqttUrl);
    flood(publisher);
    await full(nucleus);
    await quietSockets();
    expect(nucleus.queuedBytes).toBeLessThan(limits.outgoingQueueBytes / 2);
    reader.socket.resume();
    for (let i = 0; i < MESSAGES; i++) expect(eventOf(await reader.next()).text.split(' ')[0]).toBe(String(i));
    expect(lost).toEqual([]);
    reader.close();
    await publisher.endAsync(true);
  });

  test.each(PROFILES)('%s: holds up no component, whose own publishes are acknowledged meanwhile', async profile => {
    await using nucleus = await start(profile, { clock: new HandClock(), limits: { ...limits, maxInFlightPublishes: 1 } });
    const [reader, other] = [await RawClient.accepted(nucleus, COMPONENT), await RawClient.accepted(nucleus, OTHER)];
    reader.subscribe(1, 'test/a');
    await reader.next();
    reader.socket.pause();
    const publisher = await connectAsync(nucleus.mqttUrl);
    flood(publisher);
    await full(nucleus);
    for (const streamId of [1, 2]) {
      other.publish(streamId, 'test/b', 'x');
      await other.next();
    }
    await quietSockets();
    expect(nucleus.spooled).toBe(0);
    reader.close();
    other.close();
    await publisher.endAsync(true);
  });

  test('classic: goes on when the component has not read for five seconds; that is cut, and how much it has lost is told', async () => {
    const clock = new HandClock();
    await using nucleus = await start('classic', { clock, limits });
    const [deaf, reader] = [await RawClient.accepted(nucleus, COMPONENT), await RawClient.accepted(nucleus, OTHER)];
    for (const client of [deaf, reader]) {
      client.subscribe(1, 'test/a');
      await client.next();
    }
    let dropped = 0;
    nucleus.observe(event => {
      if (event.kind === 'dropped') dropped += event.messages;
    });
    deaf.socket.pause();
    const publisher = await connectAsync(nucleus.mqttUrl);
    flood(publisher);
    await full(nucleus);
    await quietSockets();
    expect([nucleus.connections, dropped]).toEqual([2, 0]);
    clock.advance(PATIENCE);
    for (let i = 0; i < MESSAGES; i++) expect(eventOf(await reader.next()).text.split(' ')[0]).toBe(String(i));
    expect(nucleus.connections).toBe(1);
    // What the kernel had taken is read by nobody, and is not known.
    expect(dropped).toBeGreaterThan(limits.outgoingQueueBytes / 6_000);
    deaf.close();
    reader.close();
    await publisher.endAsync(true);
  });
});
