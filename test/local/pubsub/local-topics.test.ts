import { describe, expect, test } from 'vitest';
import type { AccessControl, LocalNucleus, NucleusEvent, Profile } from '../../../src/local/index.js';
import { PUBLISH_TO_TOPIC, SUBSCRIBE_TO_TOPIC } from '../../../src/shared/operations.js';
import { COMPONENT, OTHER, PROFILES, allowLocal, start } from '../../kit/nucleus/nuclei.js';
import { RawClient, body } from '../../kit/nucleus/raw-client.js';

const begin = (profile: Profile, accessControl: AccessControl = allowLocal('*')): Promise<LocalNucleus> =>
  start(profile, {
    components: [
      { name: COMPONENT, accessControl },
      { name: OTHER, accessControl: allowLocal('*') },
    ],
  });

const json = (message: string): string => `{"jsonMessage":{"message":${message}}}`;
const publish = (topic: string, message: string): string => `{"topic":${JSON.stringify(topic)},"publishMessage":${json(message)}}`;

/** What the request is answered with: its text, or `undefined` for a success. */
async function answer(client: RawClient, streamId: number, operation: string, request: string): Promise<string | undefined> {
  client.request(streamId, operation, request);
  const reply = await client.next();
  if (reply.type === 0) return undefined;
  if (reply.contentType === 'text/plain') return reply.payload;
  const { _message: message = '', _errorCode: code } = body(reply);
  return `${String(code)} ${String(message)}`;
}

const NOT_AUTHORIZED = `UnauthorizedError Principal ${COMPONENT} is not authorized to perform aws.greengrass.ipc.pubsub:aws.greengrass`;
const WILDCARD = 'InvalidArgumentsError Publish topic must not contain a wildcard.';

test.each<readonly [name: string, request: string, text: string | undefined]>([
  ['a JSON message', publish('g/a', '{"a":1}'), undefined],
  ['a binary message', '{"topic":"g/a","publishMessage":{"binaryMessage":{"message":"aGk="}}}', undefined],
  ['no message in it', '{"topic":"g/a","publishMessage":{}}', undefined],
  [
    'both messages',
    '{"topic":"g/a","publishMessage":{"jsonMessage":{"message":{}},"binaryMessage":{"message":""}}}',
    'InternalServerError',
  ],
  ['base64 that is none', '{"topic":"g/a","publishMessage":{"binaryMessage":{"message":"a b"}}}', 'InternalServerError'],
  ['a text as JSON message', publish('g/a', '"text"'), 'InternalServerError'],
  ['a list as JSON message', publish('g/a', '[]'), 'InternalServerError'],
  ['a name twice in the message', publish('g/a', '{"a":{"b":1,"b":2}}'), 'InternalServerError'],
  ['a topic that is a map', '{"topic":{},"publishMessage":{}}', 'InternalServerError'],
  ['a bad message before a topic outside the policy', publish('x', '1'), 'InternalServerError'],
  ['a topic outside the policy', publish('x', '{}'), `${NOT_AUTHORIZED}#PublishToTopic on resource x`],
  ['an empty topic', publish('', '{}'), 'UnauthorizedError Resource cannot be empty'],
  ['topicName for topic', '{"topicName":"g/a","publishMessage":{}}', 'InvalidArgumentsError Publish topic must not be null'],
  ['JSON without message', '{"publishMessage":{"jsonMessage":{}}}', 'ServiceError '],
  ['a plus within a level', publish('g/a+b', '{}'), WILDCARD],
  ['a star', publish('g/*', '{}'), WILDCARD],
  ['a hash', publish('g/#', '{}'), WILDCARD],
])('classic: publishing with %s', async (_, request, text) => {
  await using nucleus = await begin('classic', allowLocal('g/*'));
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, PUBLISH_TO_TOPIC, request)).toBe(text);
  client.close();
});

test('classic: publishing without a publishMessage, and without a request, is a null pointer', async () => {
  await using nucleus = await begin('classic');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, PUBLISH_TO_TOPIC, '{"topic":"g/a"}')).toMatch(/^ServiceError Cannot invoke .*selfDesignateSetUnionMember/);
  expect(await answer(client, 2, PUBLISH_TO_TOPIC, '')).toMatch(
    /^ServiceError Cannot invoke .*getTopic\(\)" because "publishRequest" is null/,
  );
  expect(await answer(client, 3, SUBSCRIBE_TO_TOPIC, 'null')).toMatch(/^ServiceError Cannot invoke .*"subscribeRequest" is null/);
  client.close();
});

test.each<readonly [name: string, request: string, text: string | undefined]>([
  ['a topic', '{"topic":"g/a"}', undefined],
  ['an unknown receiveMode', '{"topic":"g/a","receiveMode":"NONE"}', undefined],
  ['receiveMode null', '{"topic":"g/a","receiveMode":null}', undefined],
  ['a receiveMode that is a map', '{"topic":"g/a","receiveMode":{}}', 'InternalServerError'],
  ['no topic', '{}', 'InvalidArgumentsError Subscribe topic must not be empty'],
  ['an empty topic', '{"topic":""}', 'UnauthorizedError Resource cannot be empty'],
  ['a topic outside the policy', '{"topic":"x"}', `${NOT_AUTHORIZED}#SubscribeToTopic on resource x`],
])('classic: subscribing with %s', async (_, request, text) => {
  await using nucleus = await begin('classic', allowLocal('g/*'));
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, SUBSCRIBE_TO_TOPIC, request)).toBe(text);
  client.close();
});

test('classic: without a topic, and without a policy for it, nobody is authorized', async () => {
  await using nucleus = await begin('classic', {});
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, SUBSCRIBE_TO_TOPIC, '{}')).toBe(`${NOT_AUTHORIZED}#SubscribeToTopic on resource null`);
  client.close();
});

const INVALID = 'ServiceError Received invalid parameters.';
const UNAUTHORIZED = 'UnauthorizedError IPC Operation not authorized.';
const NOT_PUBLISHED = 'ServiceError Failed to publish the message.';
const nested = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

test.each<readonly [name: string, request: string, text: string | undefined]>([
  ['a JSON message', publish('g/a', '{"a":1}'), undefined],
  ['a text as JSON message', publish('g/a', '"text"'), undefined],
  ['base64 that is none', '{"topic":"g/a","publishMessage":{"binaryMessage":{"message":"a b"}}}', undefined],
  ['wildcards', publish('g/a*/+/#', '{}'), undefined],
  ['13 levels', publish('g/a', nested(13)), undefined],
  ['14 levels', publish('g/a', nested(14)), NOT_PUBLISHED],
  ['256 bytes of topic', publish(`g/${'x'.repeat(254)}`, '{}'), undefined],
  ['257 bytes of topic', publish(`g/${'x'.repeat(255)}`, '{}'), NOT_PUBLISHED],
  ['no topic', '{"publishMessage":{"jsonMessage":{"message":{}}}}', INVALID],
  ['no message in it', '{"topic":"g/a","publishMessage":{}}', INVALID],
  ['both messages', '{"topic":"g/a","publishMessage":{"jsonMessage":{"message":{}},"binaryMessage":{"message":""}}}', INVALID],
  ['JSON null', '{"topic":"g/a","publishMessage":{"jsonMessage":null}}', INVALID],
  ['a number as binary message', '{"topic":"g/a","publishMessage":{"binaryMessage":{"message":1}}}', INVALID],
  ['a topic outside the policy', publish('x', '{}'), UNAUTHORIZED],
  ['a topic with ?', publish('g/?', '{}'), UNAUTHORIZED],
  ['an integer beyond 64 bits', publish('g/a', '{"a":9223372036854775808}'), 'ServiceError '],
  ['half a surrogate pair', publish('g/a', '{"a":"\\ud800"}'), 'ServiceError '],
])('lite: publishing with %s', async (_, request, text) => {
  await using nucleus = await begin('lite', allowLocal('g/*'));
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, PUBLISH_TO_TOPIC, request)).toBe(text);
  client.close();
});

test.each<readonly [name: string, request: string, text: string | undefined]>([
  ['a topic', '{"topic":"g/a"}', undefined],
  ['a receiveMode that is a map, which is not read', '{"topic":"g/a","receiveMode":{}}', undefined],
  ['256 bytes', `{"topic":"g/${'x'.repeat(254)}"}`, undefined],
  ['257 bytes', `{"topic":"g/${'x'.repeat(255)}"}`, 'ServiceError Failed to bind subscription.'],
  ['no topic', '{}', INVALID],
  ['a topic outside the policy', '{"topic":"x"}', UNAUTHORIZED],
])('lite: subscribing with %s', async (_, request, text) => {
  await using nucleus = await begin('lite', allowLocal('g/*'));
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, SUBSCRIBE_TO_TOPIC, request)).toBe(text);
  client.close();
});

/** The text of the events that a subscription to `g/a` gets for publishes. */
async function delivered(profile: Profile, messages: readonly string[]): Promise<readonly string[]> {
  await using nucleus = await begin(profile);
  const subscriber = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(subscriber, 1, SUBSCRIBE_TO_TOPIC, '{"topic":"g/a"}')).toBeUndefined();
  const publisher = await RawClient.accepted(nucleus, OTHER);
  const events: string[] = [];
  for (const [i, message] of messages.entries()) {
    const request = `{"topic":"g/a","publishMessage":${message}}`;
    expect([message, await answer(publisher, i + 1, PUBLISH_TO_TOPIC, request)]).toEqual([message, undefined]);
    const event = await subscriber.next();
    expect(event).toMatchObject({ type: 0, flags: 0, streamId: 1, modelType: 'aws.greengrass#SubscriptionResponseMessage' });
    events.push(event.payload);
  }
  subscriber.close();
  publisher.close();
  return events;
}

test('classic: every number of a message becomes a double, and a publish without a message an event without one', async () => {
  const message = '{"a":1,"b":1e2,"c":9007199254740993,"d":12345678901234567890123456789,"e":-0,"f":1e300,"g":0.1,"h":[null,"<=\\u0000"]}';
  expect(await delivered('classic', [json(message), '{}', '{"binaryMessage":{"message":"aGk"}}'])).toEqual([
    '{"jsonMessage":{"message":{"a":1.0,"b":100.0,"c":9.007199254740992E15,"d":1.2345678901234568E28,"e":-0.0,"f":1.0E300,"g":0.1,' +
      '"h":[null,"\\u003c\\u003d\\u0000"]},"context":{"topic":"g/a"}}}',
    '{}',
    '{"binaryMessage":{"message":"aGk\\u003d","context":{"topic":"g/a"}}}',
  ]);
});

test('lite: integers stay, other numbers have 17 digits, names are sorted and count once, base64 is passed on as it is', async () => {
  const message = '{"b":1.0,"a":1,"c":1e2,"d":9007199254740993,"e":-0,"f":1e300,"a":2,"g":"<\\u00e9"}';
  const context = '{"context":{"topic":"g/a"},"message":';
  expect(await delivered('lite', [json(message), json('[1]'), '{"binaryMessage":{"message":"a?"}}'])).toEqual([
    `{"jsonMessage":${context}{"a":1,"b":1.0000000000000000,"c":100.00000000000000,"d":9007199254740993,"e":0,` +
      '"f":1.0000000000000001e+300,"g":"<é"}}}',
    `{"jsonMessage":${context}[1]}}`,
    `{"binaryMessage":${context}"a?"}}`,
  ]);
});

const ROUTES: readonly [topic: string, filter: string, classic: boolean, lite: boolean][] = [
  ['r/x', 'r/x', true, true],
  ['r/x', 'r/+', true, true],
  ['r/x', 'r/#', true, true],
  ['r', 'r/#', false, true],
  ['r/', 'r/#', false, true],
  ['r/', 'r/+', false, true],
  ['r/x/', 'r/x', true, false],
  ['r/x/', 'r/+', true, false],
  ['r/x/', 'r/#', true, true],
  ['r//x', 'r/#', true, true],
  ['r/x', 'r/*', false, false],
  ['r/x', 'R/x', false, false],
  ['$r/x', '#', true, false],
  ['a/x/b', 'a/#/b', true, false],
  ['a/x/c', 'a/#/b', false, false],
  ['ab', 'a+', false, false],
];

describe.each(PROFILES)(`%s: local topics`, profile => {
  test('go to the filters that match them', async () => {
    await using nucleus = await begin(profile);
    const publisher = await RawClient.accepted(nucleus, OTHER);
    let stream = 0;
    for (const [topic, filter, classic, lite] of ROUTES) {
      const subscriber = await RawClient.accepted(nucleus, COMPONENT);
      await answer(subscriber, 1, SUBSCRIBE_TO_TOPIC, JSON.stringify({ topic: filter }));
      await answer(subscriber, 2, SUBSCRIBE_TO_TOPIC, JSON.stringify({ topic: 'the/end' }));
      await answer(publisher, ++stream, PUBLISH_TO_TOPIC, publish(topic, '{}'));
      await answer(publisher, ++stream, PUBLISH_TO_TOPIC, publish('the/end', '{}'));
      const first = (await subscriber.next()).streamId;
      const matches = profile === 'classic' ? classic : lite;
      // `#` matches the end, too.
      expect([topic, filter, first === 1 && topicOf(subscriber) === topic]).toEqual([topic, filter, matches]);
      subscriber.close();
    }
    publisher.close();
  });

  test('have one copy for each stream, in the order of the publishes, and none after its end', async () => {
    await using nucleus = await begin(profile);
    const subscriber = await RawClient.accepted(nucleus, COMPONENT);
    await answer(subscriber, 1, SUBSCRIBE_TO_TOPIC, '{"topic":"g/a"}');
    await answer(subscriber, 2, SUBSCRIBE_TO_TOPIC, '{"topic":"g/#"}');
    const publisher = await RawClient.accepted(nucleus, OTHER);
    const ended = new Promise<void>(resolve => {
      nucleus.observe(event => {
        if (event.kind === 'localUnsubscribed') resolve();
      });
    });
    for (let i = 1; i <= 3; i++) await answer(publisher, i, PUBLISH_TO_TOPIC, publish('g/a', `{"i":"${i}"}`));
    const events = [];
    for (let i = 0; i < 6; i++) events.push(await subscriber.next());
    expect(events.map(({ streamId, payload }) => `${streamId} ${/"i":"(\d)"/.exec(payload)?.[1] ?? ''}`)).toEqual([
      '1 1',
      '2 1',
      '1 2',
      '2 2',
      '1 3',
      '2 3',
    ]);
    subscriber.terminate(1);
    await ended;
    await answer(publisher, 4, PUBLISH_TO_TOPIC, publish('g/a', '{}'));
    expect((await subscriber.next()).streamId).toBe(2);
    subscriber.close();
    publisher.close();
  });

  test('are not published to whoever may not, and the event says what would have allowed it', async () => {
    await using nucleus = await begin(profile, allowLocal('ok/#', 'glob*'));
    const refused = new Promise<unknown>(resolve => {
      nucleus.observe(event => {
        if (event.kind === 'failed') resolve(event.remedy?.line);
      });
    });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    expect(await answer(client, 1, SUBSCRIBE_TO_TOPIC, '{"topic":"ok/#"}')).toBeUndefined();
    expect(await answer(client, 2, PUBLISH_TO_TOPIC, publish('globe/x', '{}'))).toBeUndefined();
    expect(await answer(client, 3, PUBLISH_TO_TOPIC, publish('ok/a', '{}'))).toMatch(/^UnauthorizedError/);
    expect(await refused).toBe("add 'ok/a' to the resources of the policy 'policy:local'");
    client.close();
  });
});

function topicOf(client: RawClient): string | undefined {
  return client.received.map(({ payload }) => /"topic":"([^"]*)"/.exec(payload)?.[1]).find(topic => topic !== undefined);
}

describe('receiveMode', () => {
  test.each([
    ['without a wildcard', 'g/a', undefined, true],
    ['with a wildcard', 'g/+', undefined, false],
    ['with a wildcard, and all asked for', 'g/+', 'RECEIVE_ALL_MESSAGES', true],
    ['without one, and those of others asked for', 'g/a', 'RECEIVE_MESSAGES_FROM_OTHERS', false],
  ])('classic: %s, by component and not by connection', async (_, topic, receiveMode, getsOwn) => {
    expect(await own('classic', topic, receiveMode)).toBe(getsOwn);
  });

  test('lite: is not read, a component gets its own messages', async () => {
    expect(await own('lite', 'g/+', 'RECEIVE_MESSAGES_FROM_OTHERS')).toBe(true);
  });

  /** Whether a component gets what another connection of it has published, ahead of what another component has. */
  async function own(profile: Profile, topic: string, receiveMode: string | undefined): Promise<boolean> {
    await using nucleus = await begin(profile);
    const subscriber = await RawClient.accepted(nucleus, COMPONENT);
    await answer(subscriber, 1, SUBSCRIBE_TO_TOPIC, JSON.stringify({ topic, receiveMode }));
    const same = await RawClient.accepted(nucleus, COMPONENT);
    const other = await RawClient.accepted(nucleus, OTHER);
    await answer(same, 1, PUBLISH_TO_TOPIC, publish('g/a', '{"from":"same"}'));
    await answer(other, 1, PUBLISH_TO_TOPIC, publish('g/a', '{"from":"other"}'));
    const first = await subscriber.next();
    for (const client of [subscriber, same, other]) client.close();
    return first.payload.includes('same');
  }
});

test.each(PROFILES)('%s: publishLocal speaks as another component, and what the nucleus refuses is an event', async profile => {
  await using nucleus = await begin(profile);
  const events: NucleusEvent[] = [];
  nucleus.observe(event => void events.push(event));
  const client = await RawClient.accepted(nucleus, COMPONENT);
  await answer(client, 1, SUBSCRIBE_TO_TOPIC, '{"topic":"g/+"}');
  nucleus.publishLocal({ topic: 'g/a', json: { celsius: 21 } });
  expect(body(await client.next())).toMatchObject({ jsonMessage: { message: { celsius: 21 }, context: { topic: 'g/a' } } });
  nucleus.publishLocal({ topic: 'g/b', payload: 'hi' });
  expect(body(await client.next())).toMatchObject({ binaryMessage: { message: 'aGk=', context: { topic: 'g/b' } } });
  await nucleus.restart({ keepTokens: false });
  nucleus.publishLocal({ topic: 'x'.repeat(300) + (profile === 'classic' ? '/#' : ''), payload: '' });
  expect(events.map(({ kind }) => kind).filter(kind => /^(local|failed)/.test(kind))).toEqual([
    'localSubscribed',
    ...['localPublished', 'localDelivered', 'localPublished', 'localDelivered'],
    'localUnsubscribed',
    'failed',
  ]);
  client.close();
});

describe('what fits on lite', () => {
  test('an event over 10 000 bytes is lost, and the publish a success', async () => {
    await using nucleus = await begin('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    await answer(client, 1, SUBSCRIBE_TO_TOPIC, '{"topic":"g/a"}');
    const binary = (bytes: number): string =>
      `{"topic":"g/a","publishMessage":{"binaryMessage":{"message":"${Buffer.alloc(bytes).toString('base64')}"}}}`;
    client.request(2, PUBLISH_TO_TOPIC, binary(7350));
    expect(await client.next()).toMatchObject({ streamId: 2, type: 0 });
    client.request(3, PUBLISH_TO_TOPIC, binary(7300));
    expect(await client.next()).toMatchObject({ streamId: 1 });
    client.close();
  });

  test('99 subscriptions to local topics, of 100 in all; publishing goes on', async () => {
    await using nucleus = await begin('lite');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    for (let i = 1; i <= 99; i++) expect(await answer(client, i, SUBSCRIBE_TO_TOPIC, '{"topic":"g/a"}')).toBeUndefined();
    expect(await answer(client, 100, SUBSCRIBE_TO_TOPIC, '{"topic":"g/a"}')).toBe('ServiceError Failed to bind subscription.');
    expect(await answer(client, 101, PUBLISH_TO_TOPIC, publish('g/b', '{}'))).toBeUndefined();
    client.close();
  });
});
