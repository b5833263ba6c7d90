import { isRight, type Either } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { from, lastValueFrom, map, take, toArray } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import type { ConnectOptions } from '../../src/client/connect-options.js';
import type { LocalPublishRequest } from '../../src/client/local-message.js';
import type { LocalSubscribeRequest } from '../../src/client/local-request.js';
import type { AnyLocalSubscribeRequest } from '../../src/client/local-topics.js';
import type { SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { json } from '../../src/codec/index.js';
import { publishTo } from '../../src/flow/index.js';
import { MessageType, type RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { route } from '../../src/operators/index.js';
import { fixed } from '../../src/schedule/index.js';
import { PUBLISH_TO_TOPIC, SUBSCRIBE_TO_TOPIC } from '../../src/shared/operations.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';
import { topicTemplate } from '../../src/topic/index.js';
import { allow, allowLocal, COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { accepting, startRawServer, type RawConnection, type RawServer } from '../kit/nucleus/raw-server.js';
import { record, type Recorded } from '../kit/streams/recorded.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

const Reading = json(t.type({ celsius: t.number }));

function nucleusOf(local: LocalNucleus, component = COMPONENT, options: ConnectOptions = {}): Nucleus {
  const nucleus = connectNucleus({ socketPath: local.socketPath, authToken: local.authToken(component), ...options });
  onTestFinished(() => nucleus.close());
  return nucleus;
}

async function begin(profile: 'classic' | 'lite', resources: readonly string[] = ['*']): Promise<LocalNucleus> {
  const local = await start(profile, {
    components: [
      { name: COMPONENT, accessControl: { ...allowLocal(...resources), ...allow('#') } },
      { name: OTHER, accessControl: allowLocal('*') },
    ],
  });
  onTestFinished(() => local.stop());
  return local;
}

/** Subscribes, and waits until messages come. */
async function subscribed(
  nucleus: Nucleus,
  request: AnyLocalSubscribeRequest,
): Promise<Recorded<Either<unknown, { readonly topic: string; readonly payload: Uint8Array }>>> {
  let active: () => void = () => undefined;
  const isActive = new Promise<void>(resolve => (active = resolve));
  const onStatus = ({ status }: SubscriptionStatus): void => {
    if (status === 'active') active();
  };
  const messages = record(nucleus.local.subscribe({ ...request, onStatus } as LocalSubscribeRequest));
  await isActive;
  return messages;
}

describe.each(PROFILES)('%s', profile => {
  test('a JSON message and bytes arrive as they were published, with params and value', async () => {
    const local = await begin(profile);
    const nucleus = nucleusOf(local);
    const readings = await subscribed(nucleus, {
      topic: topicTemplate('plc/{line}/raw'),
      codec: Reading,
      receiveMode: 'RECEIVE_ALL_MESSAGES',
    });
    expect(await nucleus.local.publish({ topic: 'plc/7/raw', json: { celsius: 21.5 } })()).toMatchObject({ right: { by: 'local-topics' } });
    await nucleus.local.publish({ topic: 'plc/8/raw', payload: '{"celsius":1}' })();
    await nucleus.local.publish({ topic: 'plc/9/raw', payload: Uint8Array.of(255) })();
    expect(await readings.take(3)).toMatchObject([
      { right: { topic: 'plc/7/raw', topicName: 'plc/7/raw', format: 'json', params: { line: '7' }, value: { celsius: 21.5 } } },
      { right: { format: 'binary', params: { line: '8' }, value: { celsius: 1 } } },
      { left: { _tag: 'DecodeFailed', topicName: 'plc/9/raw' } },
    ]);
  });

  test('publishTo publishes to local topics, with outcomes of its own, and refuses what it does not declare', async () => {
    const nucleus = nucleusOf(await begin(profile));
    const outcomes$ = from([1, 2, 3]).pipe(
      publishTo(nucleus.local, n => ({ topic: n === 2 ? 'elsewhere' : 'out/a', json: { n } }), { topics: ['out/+'], ordered: true }),
      toArray(),
    );
    expect(await lastValueFrom(outcomes$)).toMatchObject([
      { right: { by: 'local-topics', value: 1, attempts: 1 } },
      { left: { _tag: 'InvalidRequest', operation: PUBLISH_TO_TOPIC, topicName: 'elsewhere', value: 2 } },
      { right: { by: 'local-topics', value: 3, attempts: 1 } },
    ]);
  });

  test('all ports are on one connection, which is drained and closed as one', async () => {
    const local = await begin(profile);
    const nucleus = nucleusOf(local);
    const messages = await subscribed(nucleus, { topic: 'in' });
    await nucleus.mqtt.publish({ topicName: 'out', payload: '', qos: QOS.AT_LEAST_ONCE })();
    const published = nucleus.local.publish({ topic: 'out', json: {} })();
    expect(await nucleus.mqtt.drain(300_000)()).toMatchObject({ accepted: 1, unfinished: 0 });
    expect(isRight(await published)).toBe(true);
    await messages.all();
    await nucleus.mqtt.close();
    expect(await nucleus.local.publish({ topic: 'out', json: {} })()).toMatchObject({ left: { _tag: 'ProxyClosed', drained: true } });
  });

  test('a filter with a wildcard gets the messages of others only, one without all; receiveMode says otherwise', async () => {
    const local = await begin(profile);
    const own = nucleusOf(local);
    const other = nucleusOf(local, OTHER);
    const [wild, plain, all] = await Promise.all([
      subscribed(own, { topic: 'm/#' }),
      subscribed(own, { topic: 'm/a' }),
      subscribed(own, { topic: 'm/+', receiveMode: 'RECEIVE_ALL_MESSAGES' }),
    ]);
    await own.local.publish({ topic: 'm/a', json: { b: 1.5, a: [{ d: 'é', c: 2 }] } })();
    await own.local.publish({ topic: 'm/a', payload: 'own' })();
    await other.local.publish({ topic: 'm/a', payload: 'other' })();
    const textsOf = (messages: Recorded<Either<unknown, { payload: Uint8Array }>>): string[] =>
      messages.values.map(message => (isRight(message) ? Buffer.from(message.right.payload).toString() : 'Left'));
    await Promise.all([plain.take(3), all.take(3), wild.take(1)]);
    expect(textsOf(wild)).toEqual(['other']);
    expect(textsOf(plain).slice(1)).toEqual(['own', 'other']);
    expect(textsOf(all).slice(1)).toEqual(['own', 'other']);
  });

  test('a policy of the MQTT kind allows nothing, and the error says why', async () => {
    const nucleus = nucleusOf(await begin(profile, ['sensors/#']));
    const refused = await nucleus.local.publish({ topic: 'sensors/a', json: {} })();
    expect(refused).toMatchObject({ left: { _tag: 'Unauthorized', operation: PUBLISH_TO_TOPIC } });
    expect(JSON.stringify(refused, ['left', 'message'])).not.toContain('mqttproxy');
    if (refused._tag === 'Left') expect(refused.left.message).toContain('the only wildcard there is *, and # and + stand for themselves');
  });

  test(`r/# ${profile === 'lite' ? 'matches' : 'does not match'} r`, async () => {
    const nucleus = nucleusOf(await begin(profile));
    const messages = await subscribed(nucleus, { topic: 'r/#', receiveMode: 'RECEIVE_ALL_MESSAGES' });
    for (const topic of ['r', 'r/x']) await nucleus.local.publish({ topic, json: {} })();
    const topics = (await messages.take(profile === 'lite' ? 2 : 1)).map(message => isRight(message) && message.right.topic);
    expect(topics).toEqual(profile === 'lite' ? ['r', 'r/x'] : ['r/x']);
  });

  const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });
  test.each<readonly [string, LocalPublishRequest, 'both' | 'lite' | 'classic', RegExp]>([
    ['a whole number beyond 2^53', { topic: 'a', json: { id: 2 ** 53 } }, 'both', /beyond 2\^53/],
    ['NaN', { topic: 'a', json: { id: NaN } }, 'both', /which JSON does not have/],
    ['a list as JSON', { topic: 'a', json: [] }, 'both', /must be an object, not an array/],
    ['text cut within a character', { topic: 'a', json: { id: '\ud800' } }, 'both', /half of a surrogate pair/],
    ['a bigint', { topic: 'a', json: { id: 1n } }, 'both', /cannot be written/],
    ['a wildcard', { topic: 'a/+', json: {} }, 'both', /contains \+, # or \*/],
    ['no topic', { topic: '', json: {} }, 'both', /is empty/],
    ['a topic of slashes alone', { topic: '//', json: {} }, 'classic', /slashes alone/],
    ['14 levels', { topic: 'a', json: nested(14) }, 'lite', /14 levels/],
    ['a topic of 257 bytes', { topic: 'a'.repeat(257), json: {} }, 'lite', /257 bytes/],
    ['an event Lite would lose', { topic: 'g/a', payload: 'x'.repeat(7_350) }, 'lite', /loses one of more than 10000/],
  ])('%s is refused before it is sent', async (_, request, where, problem) => {
    const nucleus = nucleusOf(await begin(profile));
    const outcome = await nucleus.local.publish(request)();
    if (where !== 'both' && where !== profile) expect(outcome).toMatchObject({ _tag: 'Right' });
    else {
      expect(outcome).toMatchObject({ left: { _tag: 'InvalidRequest', foundBy: 'client' } });
      if (outcome._tag === 'Left') expect(outcome.left.message).toMatch(problem);
    }
  });

  test('what is as large as it may be is delivered', async () => {
    const nucleus = nucleusOf(await begin(profile));
    const messages = await subscribed(nucleus, { topic: 'g/a' });
    await nucleus.local.publish({ topic: 'g/a', json: nested(13) })();
    await nucleus.local.publish({ topic: 'g/a', payload: 'x'.repeat(7_300) })();
    expect(await messages.take(2)).toMatchObject([{ _tag: 'Right' }, { _tag: 'Right' }]);
  });

  test('messages of a wide subscription are routed, and a bridge to the cloud is two stages', async () => {
    const nucleus = nucleusOf(await begin(profile));
    const other = nucleus.local.subscribe({ topic: 'plc/#', codec: Reading, receiveMode: 'RECEIVE_ALL_MESSAGES', onStatus });
    function onStatus({ status }: SubscriptionStatus): void {
      if (status === 'active') void nucleus.local.publish({ topic: 'plc/7', json: { celsius: 70 } })();
    }
    const bridged$ = other.pipe(
      onRights(readings$ =>
        readings$.pipe(
          route(on => [on('plc/+', hot$ => hot$.pipe(map(({ value }) => value.celsius)))]),
          publishTo(nucleus.mqtt, celsius => ({ topicName: 'cloud', payload: `${celsius}`, qos: QOS.AT_LEAST_ONCE })),
        ),
      ),
      take(1),
    );
    expect(await lastValueFrom(bridged$)).toMatchObject({ right: { value: 70 } });
  });
});

test.each(['a/+b', '#/a', ''])('the filter %j is refused before it is sent', async filter => {
  const nucleus = connectNucleus({ socketPath: '/nowhere', authToken: 'A' });
  expect(await lastValueFrom(nucleus.local.subscribe({ topic: filter }))).toMatchObject({
    left: { _tag: 'InvalidRequest', kind: 'terminal' },
  });
});

describe('whatever the nucleus does', () => {
  const event = (streamId: number, body: object): RpcMessageInit => ({
    type: MessageType.ApplicationMessage,
    flags: 0,
    streamId,
    modelType: 'aws.greengrass#SubscriptionResponseMessage',
    payload: JSON.stringify(body),
  });
  const reply = (streamId: number): RpcMessageInit => ({
    type: MessageType.ApplicationMessage,
    flags: 0,
    streamId,
    modelType: `${SUBSCRIBE_TO_TOPIC}Response`,
    payload: '{}',
  });
  const binary = (message: string, topic = 'a'): object => ({ binaryMessage: { message, context: { topic } } });

  async function scripted(
    script: (connection: RawConnection) => void,
  ): Promise<{ server: RawServer; nucleus: Nucleus; time: VirtualTime }> {
    const server = await startRawServer(script);
    const time = new VirtualTime();
    const nucleus = connectNucleus({
      socketPath: server.path,
      authToken: 'ABCDEFGHIJKLMNOP',
      profile: 'classic',
      reconnect: fixed(1_000),
      scheduler: time,
    });
    onTestFinished(async () => {
      await nucleus.close();
      await server.stop();
    });
    return { server, nucleus, time };
  }

  test('an event before the reply, one without a message, and text that is no base64 do not end the stream', async () => {
    const { nucleus } = await scripted(
      accepting(({ operation, streamId }, connection) => {
        if (operation !== SUBSCRIBE_TO_TOPIC) return;
        connection.send(event(streamId, binary('ZWFybHk=')));
        connection.send(reply(streamId));
        connection.send(event(streamId, {}));
        connection.send(event(streamId, binary('no base64!')));
        connection.send(event(streamId, binary('aGk')));
      }),
    );
    const messages = record(nucleus.local.subscribe({ topic: 'a' }));
    expect(await messages.take(4)).toMatchObject([
      { right: { payload: Buffer.from('early') } },
      { left: { _tag: 'DecodeFailed', kind: 'message', problems: ['(root): expected a JSON or a binary message, got neither'] } },
      { left: { _tag: 'DecodeFailed', original: { payload: Buffer.from('no base64!') } } },
      { right: { payload: Buffer.from('hi'), topic: 'a' } },
    ]);
  });

  test.each([
    ['a classic nucleus writes', (message: string): string => `{"jsonMessage":{"message":${message},"context":{"topic":"a"}}}`],
    ['Greengrass Lite writes', (message: string): string => `{"jsonMessage":{"context":{"topic":"a"},"message":${message}}}`],
  ])('a JSON message as %s it: a number that JavaScript does not hold is refused by the codec, as from the cloud', async (_, written) => {
    const { nucleus } = await scripted(
      accepting(({ operation, streamId }, connection) => {
        if (operation !== SUBSCRIBE_TO_TOPIC) return;
        connection.send(reply(streamId));
        for (const message of ['{"id":9007199254740993}', '{"n":[1.0,2]}', '{"id":1e400,"context":{"topic":"b"}}'])
          connection.send({ ...event(streamId, {}), payload: written(message) });
      }),
    );
    const messages = record(nucleus.local.subscribe({ topic: 'a', codec: json(t.UnknownRecord) }));
    expect(await messages.take(3)).toMatchObject([
      { left: { problems: ['id: expected a number that JavaScript can hold, got 9007199254740993'] } },
      { right: { value: { n: [1, 2] }, payload: Buffer.from('{"n":[1,2]}') } },
      { left: { original: { payload: Buffer.from('{"id":1e400,"context":{"topic":"b"}}') } } },
    ]);
  });

  test('a connection that breaks is a gap, after which the subscription is made anew', async () => {
    let connections = 0;
    const { nucleus, time } = await scripted(connection => {
      const nth = ++connections;
      accepting(({ operation, streamId }, at) => {
        if (operation !== SUBSCRIBE_TO_TOPIC) return;
        at.send(reply(streamId));
        at.send(event(streamId, binary(Buffer.from(`${nth}`).toString('base64'))));
        if (nth === 1) at.end();
      })(connection);
    });
    const messages = record(nucleus.local.subscribe({ topic: 'a' }));
    await messages.take(2);
    time.advance(1_000);
    expect(await messages.take(3)).toMatchObject([
      { right: { payload: Buffer.from('1') } },
      { left: { _tag: 'Interrupted', kind: 'gap' } },
      { right: { payload: Buffer.from('2') } },
    ]);
  });
});
