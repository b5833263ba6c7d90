import { right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { map, NEVER, of, Subject, take, takeUntil } from 'rxjs';
import { expect, test } from 'vitest';
import { component, type Log, runComponent, type RunContext } from '../../src/component/index.js';
import { ConfigurationInvalid } from '../../src/errors/errors.js';
import { MessageType, type RpcMessage, type RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import { GET_CONFIGURATION, SUBSCRIBE_TO_CONFIGURATION_UPDATE, UPDATE_STATE } from '../../src/shared/operations.js';
import { type Line, logLines } from '../kit/component/log-lines.js';
import { accepting, startRawServer, type RawConnection } from '../kit/nucleus/raw-server.js';

const answer = ({ operation, streamId }: RpcMessage, body: object = {}): RpcMessageInit => ({
  type: MessageType.ApplicationMessage,
  flags: 0,
  streamId,
  modelType: `${operation ?? ''}Response`,
  payload: JSON.stringify(body),
});
const changed = (streamId: number): RpcMessageInit => ({
  type: MessageType.ApplicationMessage,
  flags: 0,
  streamId,
  modelType: 'aws.greengrass#ConfigurationUpdateEvents',
  payload: '{"configurationUpdateEvent":{"componentName":"com.example.Limits","keyPath":["config","limit"]}}',
});

/** A nucleus that has one configuration after the other, and announces the next when one was read. */
function having(...configs: readonly object[]): (connection: RawConnection) => void {
  let reads = 0;
  let events = 0;
  return accepting((message, connection) => {
    if (message.operation === undefined) return;
    if (message.operation === SUBSCRIBE_TO_CONFIGURATION_UPDATE) events = message.streamId;
    if (message.operation !== GET_CONFIGURATION) {
      connection.send(answer(message));
      return;
    }
    connection.send(answer(message, { componentName: 'com.example.Limits', value: configs[reads++] ?? {} }));
    if (reads < configs.length) connection.send(changed(events));
  });
}

const described = {
  name: 'com.example.Limits',
  version: '1.0.0',
  config: t.type({ limit: t.number, unit: t.string }),
  defaults: { unit: '°C' },
};

test('the configuration is read at the nucleus before run, over the defaults, and config$ follows it', async () => {
  const server = await startRawServer(having({ limit: 1 }, { limit: 'two' }, { limit: 3, unit: 'K' }));
  const seen: unknown[] = [];
  const limits = component({
    ...described,
    run: (_proxy, config, { config$ }) => {
      seen.push(config);
      return config$.pipe(
        take(3),
        map(change => {
          seen.push(change);
          return right(change);
        }),
      );
    },
  });
  const outcome = await runComponent(limits, {
    env: {},
    connect: { socketPath: server.path, authToken: 'ABCDEFGHIJKLMNOP', profile: 'classic' },
    log: logLines([]),
    signals: false,
  });
  await server.stop();
  expect(outcome).toMatchObject({ reason: 'done', code: 0 });
  expect(seen).toMatchObject([
    { limit: 1, unit: '°C' },
    { right: { limit: 1, unit: '°C' } },
    { left: { _tag: 'ConfigurationInvalid', kind: 'message' } },
    { right: { limit: 3, unit: 'K' } },
  ]);
});

test('the log tells of a change, and of one that does not fit, where nobody is subscribed to config$', async () => {
  const server = await startRawServer(having({ limit: 1 }, { limit: 'two' }, { limit: 3 }));
  const lines: Line[] = [];
  const told = new Subject<void>();
  const log: Log = {
    ...logLines(lines),
    warn: (message, fields) => {
      logLines(lines).warn(message, fields);
      if (message.startsWith('the configuration has changed')) told.next();
    },
  };
  const outcome = await runComponent(component({ ...described, run: () => NEVER.pipe(takeUntil(told)) }), {
    env: {},
    connect: { socketPath: server.path, authToken: 'ABCDEFGHIJKLMNOP', profile: 'classic' },
    log,
    signals: false,
  });
  await server.stop();
  expect(outcome).toMatchObject({ reason: 'done' });
  expect(lines.filter(({ fields }) => fields?.['event'] === 'configuration')).toMatchObject([
    {
      level: 'warn',
      message: expect.stringContaining('limit: expected number, got "two"') as string,
      fields: { error: { _tag: 'ConfigurationInvalid' } },
    },
    {
      level: 'warn',
      message: 'the configuration has changed, and nobody is subscribed to config$: the component goes on with that of its start',
    },
  ]);
});

test('a configuration that is wrong from the start is reported as ERRORED, and run is not called', async () => {
  const server = await startRawServer(having({ limit: 'one' }));
  const outcome = await runComponent(component({ ...described, run: () => NEVER }), {
    env: {},
    connect: { socketPath: server.path, authToken: 'ABCDEFGHIJKLMNOP', profile: 'classic' },
    log: logLines([]),
    signals: false,
  });
  const { received } = await server.connection();
  await server.stop();
  expect(outcome).toMatchObject({ reason: 'configuration', code: 78 });
  expect(outcome.error).toBeInstanceOf(ConfigurationInvalid);
  expect(received.filter(({ operation }) => operation === UPDATE_STATE).map(({ payload }) => payload)).toEqual(['{"state":"ERRORED"}']);
});

test('without a context, a service that is used says what to do', () => {
  const local = component({
    name: 'com.example.Local',
    version: '1.0.0',
    run: (_proxy, _config, context: RunContext<undefined>) => of(right(context.local)),
  });
  expect(() => local.run(Object.create(null) as Parameters<typeof local.run>[0], undefined)).toThrow(/runs on an MQTT proxy alone/);
});
