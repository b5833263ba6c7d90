import { describe, expect, test } from 'vitest';
import { startLocalNucleus } from '../../../src/local/index.js';
import { Shadows } from '../../../src/local/shadow/shadows.js';
import { OTHER, PROFILES, start } from '../../kit/nucleus/nuclei.js';
import { RawClient, eventOf } from '../../kit/nucleus/raw-client.js';

const CLASSIC = '$aws/things/gauge/shadow';
const NAMED = '$aws/things/gauge/shadow/name/limits';
const NOW = 1_700_000_000_500;
const SECONDS = 1_700_000_000;
const at = (timestamp: number): object => ({ timestamp });

/** A service, and what it answers to a request: topics below the shadow's own, with their documents. */
function service(prefix = CLASSIC): (operation: string, request?: unknown, now?: number) => Record<string, unknown> {
  const shadows = new Shadows();
  return (operation, request, now = NOW) => {
    const payload = request === undefined ? '' : typeof request === 'string' ? request : JSON.stringify(request);
    const answers = shadows.answers(`${prefix}/${operation}`, Buffer.from(payload), now);
    return Object.fromEntries(
      answers.map(({ topicName, body }) => [topicName.slice(prefix.length + 1), JSON.parse(JSON.stringify(body)) as unknown]),
    );
  };
}

describe.each([CLASSIC, NAMED])(`%s`, prefix => {
  test('an update is accepted with its own members, told as documents, and as a delta while the device has not reported it', () => {
    const ask = service(prefix);
    const metadata = { desired: { deadband: at(SECONDS), unit: at(SECONDS) } };
    const current = { state: { desired: { deadband: 2, unit: 'K' } }, metadata, version: 1 };
    expect(ask('update', { state: { desired: { deadband: 2, unit: 'K' } }, clientToken: 't-1' })).toEqual({
      'update/accepted': { ...current, timestamp: SECONDS, clientToken: 't-1' },
      'update/documents': { previous: null, current, timestamp: SECONDS, clientToken: 't-1' },
      'update/delta': {
        state: { deadband: 2, unit: 'K' },
        metadata: metadata.desired,
        version: 1,
        timestamp: SECONDS,
        clientToken: 't-1',
      },
    });
    const later = NOW + 5000;
    const reported = ask('update', { state: { reported: { unit: 'K', deadband: 1 } } }, later);
    expect(reported['update/delta']).toEqual({
      state: { deadband: 2 },
      metadata: { deadband: at(SECONDS) },
      version: 2,
      timestamp: SECONDS + 5,
    });
    expect(reported['update/documents']).toMatchObject({ previous: current, current: { version: 2 } });
    expect(Object.keys(ask('update', { state: { reported: { deadband: 2 } } }, later))).toEqual(['update/accepted', 'update/documents']);
  });

  test('get tells both sides, their difference, and when each value was written', () => {
    const ask = service(prefix);
    ask('update', { state: { desired: { limits: { low: 1, high: 9 }, sensors: ['a', 'b'] } } });
    ask('update', { state: { reported: { limits: { low: 1, high: 8 } }, desired: { limits: { high: 7 } } } }, NOW + 1000);
    expect(ask('get', { clientToken: 'again' }, NOW + 2000)).toEqual({
      'get/accepted': {
        state: {
          desired: { limits: { low: 1, high: 7 }, sensors: ['a', 'b'] },
          reported: { limits: { low: 1, high: 8 } },
          delta: { limits: { high: 7 }, sensors: ['a', 'b'] },
        },
        metadata: {
          desired: { limits: { low: at(SECONDS), high: at(SECONDS + 1) }, sensors: [at(SECONDS), at(SECONDS)] },
          reported: { limits: { low: at(SECONDS + 1), high: at(SECONDS + 1) } },
        },
        version: 2,
        timestamp: SECONDS + 2,
        clientToken: 'again',
      },
    });
  });
});

test('a null deletes a member, a side, or both; a map in which nothing is left is not made; lists are replaced', () => {
  const ask = service();
  ask('update', { state: { desired: { a: 1, b: { c: 2, d: [1, 2] } }, reported: { a: 1 } } });
  expect(ask('update', { state: { desired: { a: null, b: { d: [3] }, e: { f: null } } } })['update/accepted']).toMatchObject({
    state: { desired: { a: null, b: { d: [3] }, e: { f: null } } },
    metadata: { desired: { a: at(SECONDS), b: { d: [at(SECONDS)] } } },
  });
  expect(ask('get')['get/accepted']).toMatchObject({ state: { desired: { b: { c: 2, d: [3] } }, reported: { a: 1 } } });
  expect(ask('get')['get/accepted']).not.toMatchObject({ state: { desired: { e: expect.anything() as unknown } } });
  ask('update', { state: { desired: null } });
  expect(ask('get')['get/accepted']).toMatchObject({ state: { reported: { a: 1 } }, metadata: { reported: { a: at(SECONDS) } } });
  expect(ask('update', { state: null })['update/accepted']).toMatchObject({ state: null, version: 4 });
  expect(ask('get')['get/accepted']).toEqual({ state: {}, metadata: {}, version: 4, timestamp: SECONDS });
});

test('a version is the present one, or the update conflicts; a deleted shadow goes on with its version, for 48 hours', () => {
  const ask = service();
  const state = { desired: { a: 1 } };
  expect(ask('update', { state, version: 7 })).toMatchObject({ 'update/rejected': { code: 400, message: 'Invalid version' } });
  ask('update', { state, version: 1 });
  expect(ask('update', { state, version: 2, clientToken: 't' })).toEqual({
    'update/rejected': { code: 409, message: 'Version conflict', timestamp: SECONDS, clientToken: 't' },
  });
  expect(ask('update', { state, version: 1 })['update/accepted']).toMatchObject({ version: 2 });
  expect(ask('delete', { clientToken: 't' })).toEqual({ 'delete/accepted': { version: 2, timestamp: SECONDS, clientToken: 't' } });
  expect(ask('update', { state }, NOW + 48 * 60 * 60 * 1000 - 1)['update/accepted']).toMatchObject({ version: 3 });
  ask('delete');
  expect(ask('update', { state }, NOW + 48 * 60 * 60 * 1000)['update/accepted']).toMatchObject({ version: 1 });
});

test.each([
  ['no JSON', 'update', '{', 400, 'Invalid JSON'],
  ['a list', 'update', '[]', 400, 'Invalid JSON'],
  ['nothing', 'update', '', 400, 'Invalid JSON'],
  ['no JSON to get', 'get', 'x', 400, 'Invalid JSON'],
  ['no state', 'update', '{}', 400, 'Missing required node: state'],
  ['a state that is no map', 'update', '{"state":[]}', 400, 'State node must be an object'],
  ['a desired side that is no map', 'update', '{"state":{"desired":1}}', 400, 'Desired node must be an object'],
  ['a reported side that is no map', 'update', '{"state":{"reported":[]}}', 400, 'Reported node must be an object'],
  ['another side', 'update', '{"state":{"wished":{}}}', 400, 'State contains an invalid node'],
  ['a version that is no number', 'update', '{"state":{},"version":"1"}', 400, 'Invalid version'],
  ['a token that is no text', 'update', '{"state":{},"clientToken":1}', 400, 'Invalid clientToken'],
  ['a token of 65 bytes', 'get', `{"clientToken":"${'x'.repeat(65)}"}`, 400, 'Invalid clientToken'],
  [
    'seven levels',
    'update',
    '{"state":{"desired":{"2":{"3":{"4":{"5":{"6":{"7":{}}}}}}}}}',
    400,
    'JSON contains too many levels of nesting; maximum is 6',
  ],
  ['over 8 KB', 'update', { state: { desired: { a: 'x'.repeat(8192) } } }, 413, 'The payload exceeds the maximum size allowed'],
  ['a shadow that is not there, to get', 'get', '', 404, "No shadow exists with name: 'gauge'"],
  ['a shadow that is not there, to delete', 'delete', '', 404, "No shadow exists with name: 'gauge'"],
])('%s is rejected', (_, operation, request, code, message) => {
  expect(service()(operation, request)).toEqual({ [`${operation}/rejected`]: { code, message, timestamp: SECONDS } });
});

test('bytes that are no UTF-8 are rejected, six levels are taken, and names that no thing can have are not answered', () => {
  const shadows = new Shadows();
  expect(shadows.answers(`${CLASSIC}/update`, Buffer.from([0xff]), NOW)).toMatchObject([{ body: { code: 415 } }]);
  const deep = Buffer.from('{"state":{"desired":{"2":{"3":{"4":{"5":{"6":1}}}}}}}');
  expect(shadows.answers(`${CLASSIC}/update`, deep, NOW)).toMatchObject([{ topicName: `${CLASSIC}/update/accepted` }, {}, {}]);
  for (const topicName of ['$aws/things/a b/shadow/get', `$aws/things/${'x'.repeat(129)}/shadow/get`, `${CLASSIC}/name/get`])
    expect(shadows.answers(topicName, Buffer.alloc(0), NOW)).toEqual([]);
});

test('1000 shadows are all it keeps; a deleted one makes room', () => {
  const shadows = new Shadows();
  const update = (i: number): unknown =>
    shadows.answers(`$aws/things/t${i}/shadow/update`, Buffer.from('{"state":{"reported":{"a":1}}}'), NOW)[0]?.body;
  for (let i = 0; i < 1000; i++) expect(update(i)).toMatchObject({ version: 1 });
  expect(update(1000)).toMatchObject({ code: 500 });
  expect(update(3)).toMatchObject({ version: 2 });
  shadows.answers('$aws/things/t7/shadow/delete', Buffer.alloc(0), NOW);
  expect(update(1000)).toMatchObject({ version: 1 });
});

test.each(PROFILES)('%s: a component and the cloud work on the same shadow, over the MQTT proxy', async profile => {
  await using nucleus = await start(profile, { shadows: true });
  const client = await RawClient.accepted(nucleus, OTHER);
  client.subscribe(1, `${NAMED}/update/delta`);
  await client.next();
  client.subscribe(2, `${NAMED}/update/accepted`);
  await client.next();
  nucleus.publish({ topicName: `${NAMED}/update`, payload: JSON.stringify({ state: { desired: { deadband: 2 } }, clientToken: 'cloud' }) });
  const told = async (): Promise<unknown> => {
    const { topicName, text } = eventOf(await client.next());
    return [topicName.slice(NAMED.length), JSON.parse(text)];
  };
  expect(await told()).toMatchObject(['/update/accepted', { clientToken: 'cloud', version: 1 }]);
  expect(await told()).toMatchObject(['/update/delta', { state: { deadband: 2 } }]);
  client.publish(3, `${NAMED}/update`, JSON.stringify({ state: { reported: { deadband: 2 } } }));
  expect(await client.next()).toMatchObject({ streamId: 3 });
  expect(await told()).toMatchObject(['/update/accepted', { state: { reported: { deadband: 2 } }, version: 2 }]);
  client.close();
});

test('are not there unless asked for, and not beside a broker elsewhere', async () => {
  await using nucleus = await start('classic');
  const client = await RawClient.accepted(nucleus, OTHER);
  client.subscribe(1, `${CLASSIC}/get/+`);
  await client.next();
  client.publish(2, `${CLASSIC}/get`, '');
  await client.next();
  nucleus.publish({ topicName: `${CLASSIC}/get/rejected`, payload: 'the first to come' });
  expect(eventOf(await client.next())).toMatchObject({ text: 'the first to come' });
  client.close();
  await expect(
    startLocalNucleus({ profile: 'classic', components: [], shadows: true, broker: { url: 'mqtt://127.0.0.1:1' } }),
  ).rejects.toThrow('A broker elsewhere answers on their topics itself');
});
