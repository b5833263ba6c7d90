import * as t from 'io-ts';
import { onTestFinished, expect, test } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import type { Profile } from '../../src/ports/mqtt-proxy.js';
import { MessageType, type RpcMessage, type RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import { fixed } from '../../src/schedule/index.js';
import { GET_CONFIGURATION, SUBSCRIBE_TO_CONFIGURATION_UPDATE } from '../../src/shared/operations.js';
import { accepting, startRawServer, type RawConnection } from '../kit/nucleus/raw-server.js';
import { record } from '../kit/streams/recorded.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

const { ApplicationMessage, ApplicationError } = MessageType;
const message = (streamId: number, modelType: string, body: object): RpcMessageInit => ({
  type: ApplicationMessage,
  flags: 0,
  streamId,
  modelType,
  payload: JSON.stringify(body),
});
const value = (streamId: number, given: object): RpcMessageInit =>
  message(streamId, `${GET_CONFIGURATION}Response`, { componentName: 'com.example.Test', value: given });
const changed = (streamId: number, ...keyPath: string[]): RpcMessageInit =>
  message(streamId, 'aws.greengrass#ConfigurationUpdateEvents', {
    configurationUpdateEvent: { componentName: 'com.example.Test', keyPath },
  });
const subscribed = (streamId: number): RpcMessageInit => message(streamId, `${SUBSCRIBE_TO_CONFIGURATION_UPDATE}Response`, {});
const error = (streamId: number, code: string, text: string): RpcMessageInit => ({
  type: ApplicationError,
  flags: 0,
  streamId,
  modelType: `aws.greengrass#${code}`,
  contentType: 'application/json',
  payload: JSON.stringify({ _message: text, _errorCode: code }),
});

interface Scripted {
  readonly nucleus: Nucleus;
  readonly time: VirtualTime;
  /** The next request, in the order they come. */
  readonly next: () => Promise<{ readonly request: RpcMessage; readonly connection: RawConnection }>;
}

async function begin(profile: Profile = 'classic'): Promise<Scripted> {
  const requests: { readonly request: RpcMessage; readonly connection: RawConnection }[] = [];
  let arrived: () => void = () => undefined;
  const server = await startRawServer(
    accepting((request, connection) => {
      if (request.operation === undefined) return;
      requests.push({ request, connection });
      arrived();
    }),
  );
  const time = new VirtualTime();
  const nucleus = connectNucleus({
    socketPath: server.path,
    authToken: 'ABCDEFGHIJKLMNOP',
    profile,
    reconnect: fixed(1_000),
    scheduler: time,
  });
  onTestFinished(async () => {
    await nucleus.close();
    await server.stop();
  });
  const next: Scripted['next'] = async () => {
    const first = requests.shift();
    if (first !== undefined) return first;
    await new Promise<void>(resolve => (arrived = resolve));
    return next();
  };
  return { nucleus, time, next };
}

test('is subscribed at the root first, read after the reply, and read again after each event that concerns it, coalesced', async () => {
  const { nucleus, next } = await begin();
  const values = record(nucleus.configuration.value$(t.type({ limit: t.number }), { keyPath: ['config'] }));
  const subscribe = await next();
  expect(subscribe.request).toMatchObject({ operation: SUBSCRIBE_TO_CONFIGURATION_UPDATE, payload: '{"keyPath":[]}' });
  const events = subscribe.request.streamId;
  subscribe.connection.send(subscribed(events));
  const first = await next();
  expect(first.request).toMatchObject({ operation: GET_CONFIGURATION, payload: '{"keyPath":["config"]}' });
  // While it is read: twice what concerns it, and once what does not. One more read follows.
  first.connection.send(changed(events, 'config', 'limit'), changed(events, 'Config', 'limit'), changed(events, 'accessControl', 'x'));
  first.connection.send(value(first.request.streamId, { limit: 5 }));
  const second = await next();
  second.connection.send(value(second.request.streamId, { limit: 5 }), changed(events, 'other'), changed(events, 'config'));
  const third = await next();
  third.connection.send(value(third.request.streamId, { limit: 6.0 }));
  expect(await values.take(2)).toEqual([
    { _tag: 'Right', right: { limit: 5 } },
    { _tag: 'Right', right: { limit: 6 } },
  ]);
});

test('a change that does not decode is one Left of kind message, and the stream goes on', async () => {
  const { nucleus, next } = await begin();
  const values = record(nucleus.configuration.value$(t.type({ limit: t.number }), { keyPath: ['config'] }));
  const { request, connection } = await next();
  connection.send(subscribed(request.streamId));
  for (const limit of ['five', 6]) {
    const read = await next();
    connection.send(value(read.request.streamId, { limit }), changed(request.streamId, 'config', 'limit'));
  }
  expect(await values.take(2)).toMatchObject([
    { left: { _tag: 'ConfigurationInvalid', kind: 'message', problems: ['limit: expected number, got "five"'] } },
    { right: { limit: 6 } },
  ]);
});

test.each<readonly [Profile, string, t.Mixed, object, object]>([
  ['classic', 'a leaf', t.number, { limit: 5 }, { right: 5 }],
  ['classic', 'a list', t.array(t.number), { limit: [1, 2] }, { right: [1, 2] }],
  ['classic', 'a text that is a number', t.number, { limit: '5' }, { left: { _tag: 'ConfigurationInvalid' } }],
  ['lite', 'a text that is a number', t.number, { limit: '5' }, { right: 5 }],
  [
    'lite',
    'texts in a node',
    t.type({ a: t.boolean, b: t.array(t.Int), c: t.string, d: t.union([t.null, t.number]) }),
    { a: 'true', b: ['1', '2'], c: '7', d: 'null' },
    { right: { a: true, b: [1, 2], c: '7', d: null } },
  ],
  ['lite', 'a text that is none', t.number, { limit: 'five' }, { left: { _tag: 'ConfigurationInvalid' } }],
])('%s: %s is decoded by the codec', async (profile, _, codec, given, expected) => {
  const { nucleus, next } = await begin(profile);
  const values = record(nucleus.configuration.value$<unknown>(codec, { keyPath: ['limit'] }));
  const { request, connection } = await next();
  connection.send(subscribed(request.streamId));
  const read = await next();
  connection.send(value(read.request.streamId, given));
  expect(await values.take(1)).toMatchObject([expected]);
});

test('a key that is not there is nothing to the codec, and is seen when it appears', async () => {
  const { nucleus, next } = await begin('lite');
  const values = record(nucleus.configuration.value$(t.union([t.undefined, t.type({ a: t.number })]), { keyPath: ['config'] }));
  const { request, connection } = await next();
  connection.send(subscribed(request.streamId));
  const missing = await next();
  connection.send(error(missing.request.streamId, 'ResourceNotFoundError', 'Key not found.'), changed(request.streamId, 'config', 'a'));
  const there = await next();
  connection.send(value(there.request.streamId, { a: 1 }));
  expect(await values.take(2)).toEqual([
    { _tag: 'Right', right: undefined },
    { _tag: 'Right', right: { a: 1 } },
  ]);
});

test('is read again behind a gap, and after a read that failed', async () => {
  const { nucleus, next, time } = await begin();
  const values = record(nucleus.configuration.value$(t.UnknownRecord));
  const first = await next();
  first.connection.send(subscribed(first.request.streamId));
  const failing = await next();
  failing.connection.send(error(failing.request.streamId, 'ServiceError', 'busy'));
  await values.take(1);
  time.advance(2_000);
  const read = await next();
  read.connection.send(value(read.request.streamId, { a: 1 }));
  await values.take(2);
  read.connection.end();
  await values.take(3);
  time.advance(1_000);
  const anew = await next();
  anew.connection.send(subscribed(anew.request.streamId));
  const last = await next();
  last.connection.send(value(last.request.streamId, { a: 2 }));
  expect(await values.take(4)).toMatchObject([
    { left: { _tag: 'ServiceFault', kind: 'message' } },
    { right: { a: 1 } },
    { left: { _tag: 'Interrupted', kind: 'gap' } },
    { right: { a: 2 } },
  ]);
});
