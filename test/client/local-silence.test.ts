import { isRight, type Either } from 'fp-ts/lib/Either.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import type { LocalMessage } from '../../src/client/local-message.js';
import type { LocalSubscribeRequest } from '../../src/client/local-request.js';
import type { LocalSubscribeError } from '../../src/client/local-topics.js';
import type { LocalNucleus, Profile } from '../../src/local/index.js';
import type { SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { fixed } from '../../src/schedule/index.js';
import { allowLocal, COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { record, type Recorded } from '../kit/streams/recorded.js';
import { watched } from '../kit/streams/watched.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

/** Milliseconds after which a subscription that is quiet counts as silent. */
const MAXIMUM = 60_000;
/** Milliseconds from one try to the next. */
const PAUSE = 1_000;

interface Heard {
  readonly messages: Recorded<Either<LocalSubscribeError, LocalMessage>>;
  readonly statuses: Recorded<SubscriptionStatus>;
  /** What has come, a word each: the text of a message, or the tag of a failure. */
  readonly words: () => readonly string[];
  /** Resolves when it is active for the `nth` time. */
  readonly active: (nth: number) => Promise<unknown>;
}

/** A real nucleus, and clients of it whose time stands until it is moved. */
interface Device {
  readonly local: LocalNucleus;
  readonly time: VirtualTime;
  readonly nucleusOf: (component: string) => Nucleus;
}

async function begin(profile: Profile): Promise<Device> {
  const accessControl = allowLocal('*');
  const local = await start(profile, { components: [COMPONENT, OTHER].map(name => ({ name, accessControl })) });
  onTestFinished(() => local.stop());
  const time = new VirtualTime();
  const nucleusOf = (component: string): Nucleus => {
    const nucleus = connectNucleus({
      socketPath: local.socketPath,
      authToken: local.authToken(component),
      profile,
      reconnect: fixed(PAUSE),
      refusalPatience: 0,
      scheduler: time,
    });
    onTestFinished(() => nucleus.close());
    return nucleus;
  };
  return { local, time, nucleusOf };
}

async function heard(nucleus: Nucleus, request: LocalSubscribeRequest): Promise<Heard> {
  const { request: told, statuses } = watched(request);
  const messages = record(nucleus.local.subscribe(told));
  const active: Heard['active'] = nth =>
    statuses.first(status => statuses.values.filter(({ status }) => status === 'active').indexOf(status) === nth - 1);
  await active(1);
  return {
    messages,
    statuses,
    words: () => messages.values.map(element => (isRight(element) ? Buffer.from(element.right.payload).toString() : element.left._tag)),
    active,
  };
}

const say = async (nucleus: Nucleus, topic: string, payload: string): Promise<boolean> =>
  isRight(await nucleus.local.publish({ topic, payload })());

describe('a silent subscription to local topics', () => {
  test('whose daemon was restarted is made anew: a gap is told, and what comes then comes once', async () => {
    const device = await begin('lite');
    const nucleus = device.nucleusOf(COMPONENT);
    const { messages, statuses, words, active } = await heard(nucleus, { topic: 'plc/7', silence: { maximum: MAXIMUM } });
    expect(await say(nucleus, 'plc/7', 'one')).toBe(true);
    await messages.take(1);
    device.local.faults.pubsubDaemonDown().undo();
    // Taken by the new daemon, of which the old stream knows nothing.
    expect(await say(nucleus, 'plc/7', 'lost')).toBe(true);
    expect(words()).toEqual(['one']);
    device.time.advance(MAXIMUM * 1.5);
    expect(messages.values.at(-1)).toMatchObject({
      left: { _tag: 'Silent', kind: 'gap', topicName: 'plc/7', maximum: MAXIMUM },
    });
    device.time.advance(PAUSE);
    await active(2);
    expect(await say(nucleus, 'plc/7', 'two')).toBe(true);
    expect(await say(nucleus, 'plc/7', 'three')).toBe(true);
    await messages.take(4);
    expect(words()).toEqual(['one', 'Silent', 'two', 'three']);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'silent', 'interrupted', 'active']);
  });

  test('while the daemon is away is asked for again and again; it is one gap, and one subscription afterwards', async () => {
    const device = await begin('lite');
    const nucleus = device.nucleusOf(COMPONENT);
    const { messages, statuses, words, active } = await heard(nucleus, { topic: 'plc/#', silence: { maximum: MAXIMUM } });
    const down = device.local.faults.pubsubDaemonDown();
    device.time.advance(MAXIMUM);
    for (let tries = 0; tries < 3; tries++) {
      device.time.advance(PAUSE);
      // Its answer comes behind that of the subscription.
      expect(await say(nucleus, 'fence', '')).toBe(false);
    }
    expect(words()).toEqual(['Silent']);
    down.undo();
    device.time.advance(PAUSE);
    await active(2);
    const other = device.nucleusOf(OTHER);
    expect(await say(other, 'plc/7', 'two')).toBe(true);
    expect(await say(other, 'plc/7', 'three')).toBe(true);
    await messages.take(3);
    expect(words()).toEqual(['Silent', 'two', 'three']);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'silent', 'interrupted', 'active']);
  });

  test.each(PROFILES)('%s: with a canary is not taken for dead while it is only quiet, and nobody sees the canary', async profile => {
    const device = await begin(profile);
    const nucleus = device.nucleusOf(COMPONENT);
    const silence = { maximum: MAXIMUM, canaryTopicName: 'plc/canary' };
    const { messages, statuses, words, active } = await heard(nucleus, {
      topic: 'plc/+',
      receiveMode: 'RECEIVE_ALL_MESSAGES',
      silence,
    });
    for (let halves = 1; halves <= 6; halves++) {
      device.time.advance(MAXIMUM / 2);
      // Published behind the canary: what comes of it comes before this is answered.
      await say(nucleus, 'fence', '');
    }
    expect(words()).toEqual([]);
    const lost = device.local.faults.loseLocalSubscriptions();
    for (let halves = 1; halves <= 3; halves++) {
      device.time.advance(MAXIMUM / 2);
      await say(nucleus, 'fence', '');
    }
    expect(words()).toEqual(['Silent']);
    device.time.advance(PAUSE);
    await active(2);
    // The old subscription lives again, if it was not ended.
    lost.undo();
    expect(await say(nucleus, 'plc/7', 'one')).toBe(true);
    expect(await say(nucleus, 'plc/7', 'two')).toBe(true);
    await messages.take(3);
    expect(words()).toEqual(['Silent', 'one', 'two']);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'silent', 'interrupted', 'active']);
  });

  test('forgets its own messages that went nowhere: the same from others come through when it is made anew', async () => {
    const device = await begin('lite');
    const nucleus = device.nucleusOf(COMPONENT);
    const { messages, words, active } = await heard(nucleus, { topic: 'plc/#', silence: { maximum: MAXIMUM } });
    device.local.faults.pubsubDaemonDown().undo();
    expect(await say(nucleus, 'plc/7', 'on')).toBe(true);
    device.time.advance(MAXIMUM);
    device.time.advance(PAUSE);
    await active(2);
    const other = device.nucleusOf(OTHER);
    expect(await say(other, 'plc/7', 'on')).toBe(true);
    expect(await say(nucleus, 'plc/7', 'on')).toBe(true);
    expect(await say(other, 'plc/7', 'off')).toBe(true);
    await messages.take(3);
    expect(words()).toEqual(['Silent', 'on', 'off']);
  });

  test.each<readonly [Profile, string, string, RegExp]>([
    ['lite', 'plc/#', `plc/${'a'.repeat(300)}`, /304 bytes, and Greengrass Lite takes at most 256/],
    ['classic', 'plc/#', 'plc', /a classic nucleus does not match/],
  ])('%s: a canary that this nucleus would never bring back is refused', async (profile, topic, canaryTopicName, problem) => {
    const nucleus = (await begin(profile)).nucleusOf(COMPONENT);
    const silence = { maximum: MAXIMUM, canaryTopicName };
    const [refused] = await record(nucleus.local.subscribe({ topic, receiveMode: 'RECEIVE_ALL_MESSAGES', silence })).all();
    expect(refused).toMatchObject({
      left: { _tag: 'InvalidRequest', kind: 'terminal', message: expect.stringMatching(problem) as unknown },
    });
  });
});

test('own messages that waited for the connection are not taken for those of others', async () => {
  const device = await begin('lite');
  const nucleus = device.nucleusOf(COMPONENT);
  const { messages, words, active } = await heard(nucleus, { topic: 'plc/#' });
  device.local.faults.killConnections(COMPONENT);
  await messages.take(1);
  const waiting = say(nucleus, 'plc/7', 'own');
  device.time.advance(PAUSE);
  await active(2);
  expect(await waiting).toBe(true);
  expect(await say(device.nucleusOf(OTHER), 'plc/7', 'other')).toBe(true);
  await messages.take(2);
  expect(words()).toEqual(['Interrupted', 'other']);
});
