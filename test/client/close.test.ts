import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MessageType } from '../../src/ipc/wire/rpc-message.js';
import type { PublishRequest, SubscribeRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { accepting, isTerminate, startRawServer, type RawConnection } from '../kit/nucleus/raw-server.js';
import { record } from '../kit/streams/recorded.js';
import { asks, connectTo, obliging, PUBLISH, saidBy, SUBSCRIBE, subscribed } from '../kit/nucleus/scripted-nucleus.js';
import { watched } from '../kit/streams/watched.js';

const to = (topicName: string): SubscribeRequest & PublishRequest => ({ topicName, qos: QOS.AT_LEAST_ONCE, payload: '' });
const subscribing = accepting(({ operation, streamId }, connection) => {
  if (operation === SUBSCRIBE) connection.send(subscribed(streamId));
});
const CLOSED = { left: { _tag: 'ProxyClosed' } };

describe('close', () => {
  it('settles everything there is: publishes fail, subscriptions complete, the nucleus is told, no timer is left', async () => {
    const { proxy, server, time, states } = await connectTo(subscribing, { inFlight: 1 });
    const { request, statuses } = watched({ ...to('a'), silence: { maximum: 1_000 } });
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    const asked = record(proxy.subscribe(to('b')));
    const sent = record(proxy.publish$(to('sent')));
    const waiting = record(proxy.publish$(to('waiting')));
    const connection = await server.connection();
    await connection.message(asks(PUBLISH));
    await proxy.close();
    expect(await messages.all()).toEqual([]);
    expect(await asked.all()).toEqual([]);
    expect(await sent.all()).toMatchObject([{ left: { _tag: 'ConnectionLost', sent: true, cause: { _tag: 'ProxyClosed' } } }]);
    expect(await waiting.all()).toMatchObject([CLOSED]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'ended']);
    expect((await states.all()).at(-1)).toEqual({ status: 'closed' });
    expect(time.timers).toBe(0);
    await connection.closed;
    expect(saidBy(connection)).toEqual(['subscribe a', 'subscribe b', 'publish sent', 'end 1', 'end 2']);
  });

  it('makes every later call say so', async () => {
    const { proxy } = await connectTo();
    await proxy.close();
    expect(await proxy.publish(to('t'))()).toMatchObject(CLOSED);
    expect(await record(proxy.subscribe(to('t'))).all()).toEqual([]);
    expect(await proxy.ready()()).toMatchObject(CLOSED);
    expect(await proxy.drain(1_000)()).toMatchObject({ unfinished: 0 });
  });

  const stages: readonly (readonly [string, (connection: RawConnection) => void])[] = [
    ['connecting', () => undefined],
    ['interrupted', connection => (connection.onMessage = connection.kill)],
    [
      'failed',
      connection => {
        connection.onMessage = () => connection.send({ type: MessageType.ConnectAck, flags: 0, streamId: 0 });
      },
    ],
  ];
  it.each(stages)('while %s leaves nothing behind', async (status, script) => {
    const { proxy, time, states } = await connectTo(script);
    const publish = record(proxy.publish$(to('t')));
    const messages = record(proxy.subscribe(to('a')));
    await states.first(state => state.status === status);
    await proxy.close();
    expect(await publish.all()).toHaveLength(1);
    expect((await messages.all()).every(({ _tag }) => _tag === 'Left')).toBe(true);
    expect(time.timers).toBe(0);
  });

  it('may be called within a state, a message and an outcome', async () => {
    const within = await connectTo();
    record(within.proxy.state$, ({ status }) => {
      if (status === 'connected') void within.proxy.close();
    });
    expect(await within.proxy.publish(to('t'))()).toMatchObject(CLOSED);
    expect(within.time.timers).toBe(0);

    const outcome = await connectTo();
    const publishes = ['1', '2'].map(topic => record(outcome.proxy.publish$(to(topic)), () => void outcome.proxy.close()));
    expect(await publishes[0]?.all()).toMatchObject([{ _tag: 'Right' }]);
    expect(await publishes[1]?.all()).toHaveLength(1);
    expect(outcome.time.timers).toBe(0);
  });

  it('resolves when the socket has been let go', async () => {
    const { proxy, server } = await connectTo();
    await proxy.ready()();
    const connection = await server.connection();
    await Promise.all([proxy.close(), proxy.close()]);
    await connection.closed;
  });

  it('is what `await using` does', async () => {
    const { proxy, states } = await connectTo();
    {
      await using scope = proxy;
      await scope.ready()();
    }
    expect((await states.all()).at(-1)).toEqual({ status: 'closed' });
  });
});

/** What the nucleus does with the proxies of `exits-by-itself.ts`: answers all but one publish, or breaks over that. */
const byToken = (connection: RawConnection): void => {
  obliging(connection);
  const oblige = connection.onMessage;
  connection.onMessage = message => {
    if (!asks(PUBLISH, 'pending')(message)) oblige(message);
    else if (connection.received.at(0)?.payload === '{"authToken":"interrupted"}') connection.kill();
  };
};

it.each(['socket', 'crt'])('a process over the %s transport ends by itself, whenever its proxies were closed', async transport => {
  const server = await startRawServer(byToken);
  onTestFinished(server.stop);
  const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(
    process.execPath,
    [
      '--no-warnings',
      '--import',
      new URL('../kit/process/typescript-loader.mjs', import.meta.url).href,
      file('exits-by-itself.ts'),
      server.path,
      transport,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
  expect(printed.trim().split('\n')).toEqual(['idle nothing', 'connected Right', 'published Right', 'interrupted interrupted']);
});

it('ends subscriptions at the nucleus before it goes', async () => {
  const { proxy, server } = await connectTo();
  const { request, statuses } = watched(to('a'));
  record(proxy.subscribe(request));
  await statuses.take(2);
  const connection = await server.connection();
  const ended = connection.message(isTerminate(1));
  await proxy.close();
  await ended;
});
