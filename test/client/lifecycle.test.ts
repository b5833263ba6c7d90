import { isRight } from 'fp-ts/lib/Either.js';
import { expect, onTestFinished, test } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import type { Profile } from '../../src/ports/mqtt-proxy.js';
import { MessageType, type RpcMessage, type RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import { DEFER_COMPONENT_UPDATE, SUBSCRIBE_TO_COMPONENT_UPDATES, UPDATE_STATE } from '../../src/shared/operations.js';
import { accepting, startRawServer, type RawConnection, type RawServer } from '../kit/nucleus/raw-server.js';
import { record } from '../kit/streams/recorded.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

const { ApplicationMessage, ApplicationError } = MessageType;
const reply = ({ operation, streamId }: RpcMessage): RpcMessageInit => ({
  type: ApplicationMessage,
  flags: 0,
  streamId,
  modelType: `${operation ?? ''}Response`,
  payload: '{}',
});
const update = (streamId: number, body: object): RpcMessageInit => ({
  type: ApplicationMessage,
  flags: 0,
  streamId,
  modelType: 'aws.greengrass#ComponentUpdatePolicyEvents',
  payload: JSON.stringify(body),
});
const before = { preUpdateEvent: { deploymentId: 'd1', isGgcRestarting: false } };

async function begin(
  script: (message: RpcMessage, connection: RawConnection) => void,
  profile: Profile = 'classic',
): Promise<{ nucleus: Nucleus; server: RawServer; time: VirtualTime }> {
  const server = await startRawServer(accepting(script));
  const time = new VirtualTime();
  const nucleus = connectNucleus({ socketPath: server.path, authToken: 'ABCDEFGHIJKLMNOP', profile, scheduler: time });
  onTestFinished(async () => {
    await nucleus.close();
    await server.stop();
  });
  return { nucleus, server, time };
}

/** Announces an update to whoever subscribes; answers all else with success. */
const announcing = (message: RpcMessage, connection: RawConnection): void => {
  if (message.operation === undefined) return;
  connection.send(reply(message));
  if (message.operation === SUBSCRIBE_TO_COMPONENT_UPDATES) connection.send(update(message.streamId, before));
};

/** Knows no operation, as Greengrass Lite answers. */
const lacking = (message: RpcMessage, connection: RawConnection): void => {
  if (message.operation === undefined) return;
  connection.send({
    type: ApplicationError,
    flags: 0,
    streamId: message.streamId,
    modelType: 'aws.greengrass#ServiceError',
    payload: '{"_message":"","_errorCode":"ServiceError"}',
  });
};

test('a state is reported', async () => {
  const { nucleus, server } = await begin(announcing);
  const report = nucleus.lifecycle.report('RUNNING')();
  const connection = await server.connection();
  expect((await connection.message(({ operation }) => operation === UPDATE_STATE)).payload).toBe('{"state":"RUNNING"}');
  expect(isRight(await report)).toBe(true);
});

test('all subscribers share one subscription, and an update nobody defers is answered once, with 0 written out', async () => {
  const { nucleus, server, time } = await begin(announcing);
  const one = record(nucleus.lifecycle.updates$);
  const two = record(nucleus.lifecycle.updates$);
  await Promise.all([one.take(1), two.take(1)]);
  time.advance(0);
  const connection = await server.connection();
  const answer = await connection.message(({ operation }) => operation === DEFER_COMPONENT_UPDATE);
  expect(JSON.parse(answer.payload)).toEqual({ deploymentId: 'd1', recheckAfterMs: 0 });
  expect(two.values).toMatchObject([{ right: { phase: 'before', deploymentId: 'd1', nucleusRestarts: false } }]);
  expect(connection.received.filter(({ operation }) => operation === SUBSCRIBE_TO_COMPONENT_UPDATES)).toHaveLength(1);
});

test('an update is deferred once; the second answer is refused here', async () => {
  const { nucleus, server, time } = await begin(announcing);
  const outcomes: Promise<unknown>[] = [];
  const updates = record(nucleus.lifecycle.updates$, event => {
    if (event._tag === 'Right' && event.right.phase === 'before') outcomes.push(event.right.defer(3_000, 'busy')(), event.right.defer(0)());
  });
  await updates.take(1);
  time.advance(0);
  expect(await Promise.all(outcomes)).toMatchObject([
    { _tag: 'Right' },
    { left: { _tag: 'InvalidRequest', operation: DEFER_COMPONENT_UPDATE } },
  ]);
  const answers = (await server.connection()).received.filter(({ operation }) => operation === DEFER_COMPONENT_UPDATE);
  expect(answers.map(({ payload }) => payload)).toEqual(['{"deploymentId":"d1","recheckAfterMs":3000,"message":"busy"}']);
});

test('an update put off for ever is put off by a number, which Infinity is not in JSON', async () => {
  const { nucleus, server } = await begin(announcing);
  const updates = record(nucleus.lifecycle.updates$, event => {
    if (event._tag === 'Right' && event.right.phase === 'before') void event.right.defer(Infinity)();
  });
  await updates.take(1);
  const answer = await (await server.connection()).message(({ operation }) => operation === DEFER_COMPONENT_UPDATE);
  expect(JSON.parse(answer.payload)).toEqual({ deploymentId: 'd1', recheckAfterMs: Number.MAX_SAFE_INTEGER });
});

test('updates end when draining begins', async () => {
  const { nucleus, time } = await begin(announcing);
  const updates = record(nucleus.lifecycle.updates$);
  await updates.take(1);
  const drained = nucleus.drain(1_000)();
  expect(await updates.all()).toHaveLength(1);
  time.advance(1_000);
  await drained;
});

test('on Greengrass Lite updates are one Left of kind message and then completion, asked for once a connection', async () => {
  const { nucleus, server } = await begin(lacking, 'lite');
  for (let i = 0; i < 2; i++) {
    expect(await record(nucleus.lifecycle.updates$).all()).toMatchObject([
      { left: { _tag: 'UnsupportedOperation', kind: 'message', operation: SUBSCRIBE_TO_COMPONENT_UPDATES } },
    ]);
  }
  const asked = (await server.connection()).received.filter(({ operation }) => operation === SUBSCRIBE_TO_COMPONENT_UPDATES);
  expect(asked).toHaveLength(1);
});

test('a lack is of the connection it was found on: the nucleus behind the next one is asked again', async () => {
  let answer = lacking;
  const { nucleus, server, time } = await begin((message, connection) => answer(message, connection), 'lite');
  expect(await record(nucleus.lifecycle.updates$).all()).toMatchObject([{ left: { _tag: 'UnsupportedOperation' } }]);
  const states = record(nucleus.state$);
  answer = announcing;
  (await server.connection()).end();
  await states.first(state => state.status === 'interrupted');
  time.advanceToNextTimer();
  await states.first(state => state.status === 'connected');
  expect(await record(nucleus.lifecycle.updates$).take(1)).toMatchObject([{ right: { phase: 'before' } }]);
});
