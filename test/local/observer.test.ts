import { describe, expect, test } from 'vitest';
import type { LocalNucleus, LocalNucleusOptions, NucleusEvent, Profile } from '../../src/local/index.js';
import { SUBSCRIBE_TO_COMPONENT_UPDATES } from '../../src/shared/operations.js';
import { COMPONENT, PROFILES, allow, start } from '../kit/nucleus/nuclei.js';
import { RawClient, eventOf } from '../kit/nucleus/raw-client.js';

const WATCHER = 'com.example.Watcher';

function startWatched(profile: Profile, options: Partial<LocalNucleusOptions> = {}): Promise<LocalNucleus> {
  const components = [
    { name: COMPONENT, accessControl: allow('test/#') },
    { name: WATCHER, accessControl: allow('#', 'test/#', 'test/a'), observer: true },
  ];
  return start(profile, { components, ...options });
}

async function subscribed(nucleus: LocalNucleus, component: string, ...filters: readonly string[]): Promise<RawClient> {
  const client = await RawClient.accepted(nucleus, component);
  for (const [i, filter] of filters.entries()) {
    client.subscribe(i + 1, filter);
    expect(await client.next()).toMatchObject({ streamId: i + 1, payload: '{}' });
  }
  return client;
}

describe.each(PROFILES)('an observer on %s', profile => {
  test('gets each message once, and changes nothing of what a component gets', async () => {
    await using nucleus = await startWatched(profile);
    const component = await subscribed(nucleus, COMPONENT, 'test/+');
    const watcher = await subscribed(nucleus, WATCHER, 'test/#');
    expect(nucleus.subscriptions).toBe(1);
    for (const payload of ['one', 'two', 'three']) nucleus.publish({ topicName: 'test/a', payload });
    component.publish(2, 'test/b', 'own');
    for (const text of ['one', 'two', 'three', 'own']) {
      expect(eventOf(await watcher.next()).text).toBe(text);
      const message = await component.next();
      expect(eventOf(message.streamId === 2 ? await component.next() : message).text).toBe(text);
    }
  });

  test('of its events may publish when a component has subscribed, and is heard', async () => {
    await using nucleus = await startWatched(profile);
    nucleus.observe(event => {
      if (event.kind === 'subscribed') nucleus.publish({ topicName: 'test/a', payload: 'at once' });
    });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/+');
    const frames = [await client.next(), await client.next()];
    expect(frames.filter(({ payload }) => payload !== '{}').map(frame => eventOf(frame).text)).toEqual(['at once']);
  });

  test('stands in no event of a delivery, and is told what nobody else has subscribed', async () => {
    await using nucleus = await startWatched(profile);
    const watcher = await subscribed(nucleus, WATCHER, '#');
    const kinds: NucleusEvent['kind'][] = [];
    nucleus.observe(({ kind }) => kinds.push(kind));
    nucleus.publish({ topicName: 'other/a', payload: 'seen' });
    expect(eventOf(await watcher.next())).toEqual({ topicName: 'other/a', text: 'seen' });
    expect(kinds).toEqual([]);
  });

  test('gets what is retained without others getting it again, and leaves it to who subscribes later', async () => {
    await using nucleus = await startWatched(profile);
    nucleus.publish({ topicName: 'test/a', payload: 'kept', retain: true });
    const watcher = await subscribed(nucleus, WATCHER, 'test/#');
    expect(eventOf(await watcher.next()).text).toBe('kept');
    const component = await subscribed(nucleus, COMPONENT, 'test/a');
    expect(eventOf(await component.next()).text).toBe('kept');
    watcher.subscribe(2, 'test/a');
    expect(await watcher.next()).toMatchObject({ streamId: 2, payload: '{}' });
    expect(await watcher.next()).toMatchObject({ streamId: 2 });
    nucleus.publish({ topicName: 'test/a', payload: 'next' });
    expect(eventOf(await component.next()).text).toBe('next');
  });

  test('gets nothing any more once it has ended its stream, nor while the device is offline', async () => {
    await using nucleus = await startWatched(profile);
    const watcher = await subscribed(nucleus, WATCHER, 'test/#', 'test/a');
    watcher.terminate(1);
    watcher.publish(3, 'test/x', '');
    await watcher.next();
    nucleus.setOnline(false);
    nucleus.publish({ topicName: 'test/a', payload: 'missed' });
    nucleus.setOnline(true);
    nucleus.publish({ topicName: 'test/a', payload: 'after' });
    const message = await watcher.next();
    expect([message.streamId, eventOf(message).text]).toEqual([2, 'after']);
  });
});

test('lite: observers do not count for the hundred subscriptions, nor for the size of what is received', async () => {
  await using nucleus = await startWatched('lite');
  const watcher = await subscribed(nucleus, WATCHER, 'test/#');
  await subscribed(nucleus, COMPONENT, ...Array.from({ length: 100 }, (_, i) => `test/${i}`));
  nucleus.publish({ topicName: 'test/big', payload: 'x'.repeat(100_000) });
  expect(eventOf(await watcher.next()).text).toHaveLength(100_000);
});

test('an observer may stop the nucleus at what it is told, an update that is announced too', async () => {
  const nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  client.request(1, SUBSCRIBE_TO_COMPONENT_UPDATES, {});
  await client.next();
  let stopped: Promise<void> | undefined;
  nucleus.observe(({ kind }) => {
    if (kind === 'updateAnnounced') stopped = nucleus.stop();
  });
  expect(await nucleus.rollOut([{ name: COMPONENT }], { notifyComponents: true })).toMatchObject({ status: 'FAILED_NO_STATE_CHANGE' });
  await expect(stopped).resolves.toBe(undefined);
});
