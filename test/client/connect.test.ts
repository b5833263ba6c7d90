import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { MessageType } from '../../src/ipc/wire/rpc-message.js';
import { MAX_SOCKET_PATH } from '../../src/shared/socket-path.js';
import { connect } from '../../src/client/connect.js';
import type { ConnectOptions } from '../../src/client/connect-options.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { accepting, startRawServer, type RawConnection } from '../kit/nucleus/raw-server.js';
import { socketPathIn } from '../kit/nucleus/socket-path.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { record } from '../kit/streams/recorded.js';
import { connectTo, failed, obliging, published, PUBLISH, type Scripted, SUBSCRIBE } from '../kit/nucleus/scripted-nucleus.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

const SOCKET_VARIABLE = 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT';
const ENVIRONMENT = { [SOCKET_VARIABLE]: '/nowhere/ipc.socket', SVCUID: 'token' };
const message = { topicName: 't', payload: 'p', qos: QOS.AT_LEAST_ONCE };

const refusing = (connection: RawConnection): void => {
  connection.onMessage = () => {
    connection.send({ type: MessageType.ConnectAck, flags: 0, streamId: 0 });
    connection.end();
  };
};
const closing = (connection: RawConnection): void => {
  connection.onMessage = connection.end;
};

/** Runs the scripts one after another, each for one connection, and the last for all that follow. */
function inTurn(...scripts: readonly ((connection: RawConnection) => void)[]): (connection: RawConnection) => void {
  let turn = 0;
  return connection => {
    scripts[Math.min(turn++, scripts.length - 1)]?.(connection);
  };
}

/** After a break: two attempts are ended without a word, and the third is accepted. */
async function afterTwoSilent({ reaches, time }: Pick<Scripted, 'reaches' | 'time'>): Promise<void> {
  await reaches('interrupted');
  time.advance(1_000);
  for (let silent = 0; silent < 2; silent++) {
    await reaches('connecting');
    await reaches('interrupted');
    time.advance(100);
  }
  await reaches('connected');
}

function proxyAt(options: ConnectOptions): MqttProxy {
  const proxy = connect({ profile: 'classic', scheduler: new VirtualTime(), ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'proxy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the environment', () => {
  it.each([
    [SOCKET_VARIABLE, 'socketPath', undefined],
    [SOCKET_VARIABLE, 'socketPath', ''],
    ['SVCUID', 'authToken', undefined],
    ['SVCUID', 'authToken', ''],
  ])('without %s says so to every call (%s, %j)', async (variable, option, value) => {
    for (const [name, text] of Object.entries(ENVIRONMENT)) vi.stubEnv(name, name === variable ? value : text);
    const proxy = proxyAt({});
    const missing = { _tag: 'Left', left: { _tag: 'MissingEnvironment', variable, option, retryable: false } };
    expect(await proxy.ready()()).toMatchObject(missing);
    expect(await proxy.publish(message)()).toMatchObject(missing);
    expect(await record(proxy.subscribe(message)).all()).toMatchObject([missing]);
    const ready = await proxy.ready()();
    expect(ready._tag === 'Left' && ready.left.message).toContain(variable);
    expect(ready._tag === 'Left' && ready.left.message).toContain(option);
  });

  it('gives the path and the token', async () => {
    const server = await startRawServer(obliging);
    onTestFinished(server.stop);
    vi.stubEnv(SOCKET_VARIABLE, server.path);
    vi.stubEnv('SVCUID', 'from the environment');
    expect(await proxyAt({}).ready()()).toMatchObject({ _tag: 'Right', right: { transport: 'socket' } });
    expect((await server.connection()).received).toMatchObject([{ payload: '{"authToken":"from the environment"}' }]);
  });

  it('chooses the transport, and options go before it', async () => {
    const server = await startRawServer(obliging);
    onTestFinished(server.stop);
    vi.stubEnv('GREENGRASS_RX_TRANSPORT', 'crt');
    const address = { socketPath: server.path, authToken: 'token' };
    expect(await proxyAt(address).ready()()).toMatchObject({ right: { transport: 'crt' } });
    expect(await proxyAt({ ...address, transport: 'socket' }).ready()()).toMatchObject({ right: { transport: 'socket' } });
  });

  it('says how long a refusal of Lite is waited out, and options go before it', async () => {
    const server = await startRawServer(
      accepting(({ operation, streamId }, connection) => {
        if (operation === SUBSCRIBE) connection.send(failed(streamId, 'UnauthorizedError', 'no'));
      }),
    );
    onTestFinished(server.stop);
    const address = { socketPath: server.path, authToken: 'token', profile: 'lite', scheduler: new VirtualTime() } as const;
    const tags = async (options: ConnectOptions): Promise<readonly string[]> => {
      const [first] = await record(proxyAt({ ...address, ...options }).subscribe({ topicName: 'a', qos: QOS.AT_LEAST_ONCE })).take(1);
      return first?._tag === 'Left' ? [first.left._tag, first.left.kind] : [];
    };
    expect(await tags({})).toEqual(['Interrupted', 'gap']);
    vi.stubEnv('GREENGRASS_RX_REFUSAL_PATIENCE', '0');
    expect(await tags({})).toEqual(['Unauthorized', 'terminal']);
    expect(await tags({ refusalPatience: 1 })).toEqual(['Interrupted', 'gap']);
    for (const nonsense of ['soon', '-1']) {
      vi.stubEnv('GREENGRASS_RX_REFUSAL_PATIENCE', nonsense);
      expect(() => connect()).toThrow(/^GREENGRASS_RX_REFUSAL_PATIENCE must be a number of milliseconds/);
    }
  });

  it('with a transport nobody knows is a mistake at once', () => {
    vi.stubEnv('GREENGRASS_RX_TRANSPORT', 'tcp');
    expect(() => connect()).toThrow('GREENGRASS_RX_TRANSPORT must be "socket" or "crt", not \'tcp\'.');
  });
});

it.each([
  { connectTimeout: 0 },
  { publishTimeout: -1 },
  { subscribeTimeout: NaN },
  { inFlight: 0 },
  { inFlight: 1.5 },
  { refusalPatience: NaN },
  { refusalPatience: -1 },
  { publishBuffer: 0 },
])('refuses the options %j at once', options => {
  expect(() => connect(options)).toThrow(RangeError);
});

it.each([
  ['transport must be "socket" or "crt", not \'tcp\'.', { transport: 'tcp' }],
  ['profile must be "auto" or "classic" or "lite", not \'light\'.', { profile: 'light' }],
  ["connectTimeout must be a number of milliseconds above 0, or Infinity, and is '5'.", { connectTimeout: '5' }],
])('tells a caller in JavaScript: %s', (message, options: object) => {
  expect(() => connect(options)).toThrow(message);
});

it('touches nothing before something is asked of it', async () => {
  const { server, proxy, time, states } = await connectTo();
  proxy.publish(message);
  proxy.ready();
  proxy.subscribe(message);
  proxy.publish$(message);
  proxy.drain(1);
  const other = proxyAt({ socketPath: server.path, authToken: 'other' });
  await other.ready()();
  expect((await server.connection(0)).received).toMatchObject([{ payload: '{"authToken":"other"}' }]);
  expect(states.values).toEqual([{ status: 'idle' }]);
  expect(time.timers).toBe(0);
});

describe('a socket that cannot be connected to', () => {
  const token = { authToken: 'token' };

  it('is missing', async () => {
    const path = join(await temporaryFolder(), 'none');
    const unavailable = { _tag: 'SocketUnavailable', reason: 'missing', path, retryable: true };
    expect(await proxyAt({ ...token, socketPath: path }).ready()()).toMatchObject({ left: unavailable });
  });

  // What Windows opens is a pipe or nothing, and a pipe goes with its server.
  it.skipIf(IS_WINDOWS)('is a file of another kind', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, '');
    const unavailable = { _tag: 'SocketUnavailable', reason: 'not-a-socket', path, retryable: false };
    expect(await proxyAt({ ...token, socketPath: path }).ready()()).toMatchObject({ left: unavailable });
  });

  it.skipIf(IS_WINDOWS)('was left behind by a nucleus that is gone', async () => {
    const path = join(await temporaryFolder(), 'ipc.socket');
    const server = createServer().listen(`${path}.alive`);
    await once(server, 'listening');
    // Closing removes the file at the place it was made.
    await rename(`${path}.alive`, path);
    server.close();
    await once(server, 'close');
    const unavailable = { _tag: 'SocketUnavailable', reason: 'refused', path, retryable: true };
    expect(await proxyAt({ ...token, socketPath: path }).ready()()).toMatchObject({ left: unavailable });
  });

  it('has a path that is too long', async () => {
    const path = `/tmp/${'x'.repeat(MAX_SOCKET_PATH)}`;
    expect(await proxyAt({ ...token, socketPath: path }).ready()()).toMatchObject({
      left: { _tag: 'SocketPathTooLong', path, length: MAX_SOCKET_PATH + 5, limit: MAX_SOCKET_PATH },
    });
  });

  it('fails every call that waits for it at once, and a later call tries again', async () => {
    const socketPath = socketPathIn(await temporaryFolder());
    const proxy = proxyAt({ ...token, socketPath });
    const subscription = record(proxy.subscribe(message));
    const missing = { _tag: 'Left', left: { _tag: 'SocketUnavailable', reason: 'missing' } };
    expect(await proxy.publish(message)()).toMatchObject(missing);
    expect(await subscription.all()).toMatchObject([missing]);
    const server = await startRawServer(obliging, socketPath);
    onTestFinished(server.stop);
    expect(await proxy.publish(message)()).toEqual({ _tag: 'Right', right: { by: 'spooler' } });
  });
});

describe('a refused token', () => {
  it('is final at once where the nucleus says so', async () => {
    const { proxy, states, server } = await connectTo(refusing);
    const refused = { _tag: 'TokenRefused', afterSuccess: false, retryable: false };
    expect(await proxy.ready()()).toMatchObject({ left: refused });
    expect(await proxy.ready()()).toMatchObject({ left: refused });
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'failed']);
    await (
      await server.connection()
    ).closed;
  });

  it('is final after the third time where the nucleus only closes', async () => {
    const { proxy, states, time, reaches } = await connectTo(closing);
    const ready = proxy.ready()();
    const subscription = record(proxy.subscribe(message));
    for (let silent = 1; silent < 3; silent++) {
      await states.first(state => state.status === 'connecting' && state.attempt === silent);
      expect(await reaches('interrupted')).toMatchObject({ retryIn: 100, error: { _tag: 'ConnectionLost', sent: false } });
      time.advance(100);
    }
    expect(await ready).toMatchObject({ left: { _tag: 'TokenRefused', afterSuccess: false } });
    expect(await subscription.all()).toMatchObject([{ left: { _tag: 'TokenRefused' } }]);
    expect(states.values.map(({ status }) => status)).toEqual([
      'idle',
      'connecting',
      'interrupted',
      'connecting',
      'interrupted',
      'connecting',
      'failed',
    ]);
  });

  it('is not believed of a nucleus that closes twice and then accepts, however often', async () => {
    const { proxy, time, server, reaches } = await connectTo(inTurn(closing, closing, accepting(), closing, closing, accepting()));
    const ready = proxy.ready()();
    for (let silent = 0; silent < 2; silent++) {
      await reaches('interrupted');
      time.advance(100);
      await reaches('connecting');
    }
    expect(await ready).toMatchObject({ _tag: 'Right' });
    (await server.connection(2)).kill();
    await afterTwoSilent({ reaches, time });
  });

  it('is not believed where a connection between them was accepted and then given up for its silence', async () => {
    const script = inTurn(accepting(), closing, closing, accepting(), closing, accepting());
    const { proxy, time, server, reaches } = await connectTo(script, { inFlight: 200, publishTimeout: 5_000 });
    await proxy.ready()();
    (await server.connection(0)).kill();
    await afterTwoSilent({ reaches, time });
    // More than 16 Mi characters without an answer.
    const payload = new Uint8Array(100_000);
    const outcomes = Array.from({ length: 130 }, () => proxy.publish({ topicName: 'a', payload, qos: QOS.AT_LEAST_ONCE })());
    time.advance(5_000);
    await Promise.all(outcomes);
    await reaches('interrupted');
    time.advance(1_000);
    await reaches('connecting');
    await reaches('interrupted');
    time.advance(100);
    await reaches('connected');
  });

  // A pipe cannot be taken out of its place.
  it.skipIf(IS_WINDOWS)('is not believed where something else lay between', async () => {
    const { proxy, time, server, reaches } = await connectTo(inTurn(accepting(), closing, closing, closing, accepting()));
    await proxy.ready()();
    (await server.connection(0)).kill();
    const wait = async (milliseconds: number): Promise<void> => {
      expect(await reaches('interrupted')).toMatchObject({ retryIn: milliseconds });
      time.advance(milliseconds);
    };
    await wait(1_000);
    await wait(100);
    // No socket is there while the nucleus starts again.
    await reaches('interrupted');
    await rename(server.path, `${server.path}.away`);
    await wait(100);
    await reaches('interrupted');
    await rename(`${server.path}.away`, server.path);
    await wait(1_000);
    await wait(100);
    await reaches('connected');
  });

  it('after it was accepted says that the nucleus has restarted, and ends everything', async () => {
    const { proxy, time, server, reaches } = await connectTo(inTurn(obliging, refusing));
    await proxy.ready()();
    const subscription = record(proxy.subscribe(message));
    const connection = await server.connection();
    await connection.message(({ streamId }) => streamId === 1);
    connection.kill();
    await reaches('interrupted');
    const waiting = proxy.publish(message)();
    time.advance(1_000);
    const refused = { _tag: 'TokenRefused', afterSuccess: true, retryable: false };
    expect(await waiting).toMatchObject({ left: refused });
    expect((await subscription.all()).at(-1)).toMatchObject({ left: refused });
    expect(await reaches('failed')).toMatchObject({ error: refused });
    expect(await proxy.publish(message)()).toMatchObject({ left: refused });
    expect(time.timers).toBe(0);
  });
});

describe('ready', () => {
  it('tells what a classic nucleus can do', async () => {
    const { proxy } = await connectTo();
    expect(await proxy.ready()()).toEqual({
      _tag: 'Right',
      right: { profile: 'classic', transport: 'socket', maxFrameBytes: 24 * 1024 * 1024, inFlight: 64, mqtt5Members: true },
    });
  });

  it('tells what Greengrass Lite can do', async () => {
    const { proxy } = await connectTo(obliging, { profile: 'lite' });
    expect(await proxy.ready()()).toEqual({
      _tag: 'Right',
      right: { profile: 'lite', transport: 'socket', maxFrameBytes: 10_012, inFlight: 8, mqtt5Members: false },
    });
  });

  it('makes one connection, however often it is asked', async () => {
    const { proxy, server } = await connectTo(obliging, { inFlight: 3 });
    const [first, second] = await Promise.all([proxy.ready()(), proxy.ready()()]);
    expect(first).toEqual(second);
    expect(first).toMatchObject({ right: { inFlight: 3 } });
    const other = proxyAt({ socketPath: server.path, authToken: 'other' });
    await other.ready()();
    expect((await server.connection(1)).received).toMatchObject([{ payload: '{"authToken":"other"}' }]);
  });

  it('times out where the nucleus does not answer', async () => {
    const { proxy, time, server, reaches } = await connectTo(() => undefined, { connectTimeout: 700 });
    const ready = proxy.ready()();
    await reaches('connecting');
    await (await server.connection()).message(({ type }) => type === MessageType.Connect);
    time.advance(700);
    expect(await ready).toMatchObject({ left: { _tag: 'TimedOut', operation: 'connect', timeout: 700, retryable: true } });
    expect(time.timers).toBe(0);
  });

  it('fails where the peer speaks another protocol', async () => {
    const { proxy } = await connectTo(connection => {
      connection.onMessage = () => connection.sendBytes(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    expect(await proxy.ready()()).toMatchObject({ left: { _tag: 'ProtocolViolated', kind: 'terminal' } });
  });

  it('after close, and within it, says that the proxy is closed', async () => {
    const { proxy } = await connectTo(() => undefined);
    const within = proxy.ready()();
    await proxy.close();
    expect(await within).toMatchObject({ left: { _tag: 'ProxyClosed' } });
    expect(await proxy.ready()()).toMatchObject({ left: { _tag: 'ProxyClosed' } });
  });
});

describe('the profile', () => {
  it.each([
    ['classic', failed(1, 'InvalidArgumentsError', 'Topic is required')],
    ['classic', failed(1, 'ServiceError', 'of a classic nucleus, which names the service')],
    [
      'lite',
      {
        ...failed(1, 'ServiceError', ''),
        payload: '{"_message":"Received invalid parameters.","_errorCode":"ServiceError"}',
      },
    ],
    [
      'lite',
      {
        ...failed(1, 'UnauthorizedError', ''),
        payload: '{"_message":"IPC Operation not authorized.","_errorCode":"UnauthorizedError"}',
      },
    ],
    ['classic', { ...failed(1, '', ''), modelType: undefined, contentType: 'text/plain', payload: 'InternalServerError' }],
  ])('is found out to be %s', async (profile, answer) => {
    const { proxy, server, time } = await connectTo(
      accepting((_, connection) => connection.send(answer)),
      { profile: 'auto' },
    );
    expect(await proxy.ready()()).toMatchObject({ right: { profile } });
    expect((await server.connection()).received.at(1)).toMatchObject({ operation: PUBLISH, payload: '{}' });
    expect(time.timers).toBe(0);
  });

  it('is known by the variable that the classic nucleus alone sets, and nothing is asked', async () => {
    const server = await startRawServer(obliging);
    onTestFinished(server.stop);
    vi.stubEnv('AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT', server.path);
    vi.stubEnv('AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH', server.path);
    vi.stubEnv('SVCUID', 'token');
    const proxy = connect({ scheduler: new VirtualTime() });
    onTestFinished(() => proxy.close());
    expect(await proxy.ready()()).toMatchObject({ right: { profile: 'classic' } });
    expect(await proxy.publish(message)()).toMatchObject({ _tag: 'Right' });
    expect((await server.connection()).received.map(({ payload }) => payload).slice(1)).toEqual([
      '{"topicName":"t","qos":"1","payload":"cA=="}',
    ]);
  });

  it('is not taken from a variable that names the socket of another nucleus', async () => {
    vi.stubEnv('AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH', '/greengrass/v2/ipc.socket');
    const lite = { ...failed(1, 'ServiceError', ''), payload: '{"_message":"Received invalid parameters.","_errorCode":"ServiceError"}' };
    const { proxy } = await connectTo(
      accepting((_, connection) => connection.send(lite)),
      { profile: 'auto' },
    );
    expect(await proxy.ready()()).toMatchObject({ right: { profile: 'lite' } });
  });

  it('is asked for once, not again on the next connection', async () => {
    const { proxy, server, time, reaches } = await connectTo(
      accepting(({ streamId, payload }, connection) => {
        connection.send(payload === '{}' ? failed(streamId, 'InvalidArgumentsError', 'Topic is required') : published(streamId));
      }),
      { profile: 'auto' },
    );
    await proxy.ready()();
    (await server.connection()).kill();
    await reaches('interrupted');
    time.advance(1_000);
    await reaches('connected');
    expect(await proxy.publish(message)()).toMatchObject({ _tag: 'Right' });
    expect((await server.connection(1)).received.filter(({ operation }) => operation === PUBLISH)).toHaveLength(1);
  });

  it('that the nucleus does not tell in time is no connection', async () => {
    const { proxy, server, time } = await connectTo(accepting(), { profile: 'auto' });
    const ready = proxy.ready()();
    const connection = await server.connection();
    await connection.message(({ operation }) => operation === PUBLISH);
    time.advance(10_000);
    expect(await ready).toMatchObject({ left: { _tag: 'TimedOut', operation: 'connect' } });
    await connection.closed;
    expect(time.timers).toBe(0);
  });

  it('told by what is no reply is no connection', async () => {
    const { proxy, time } = await connectTo(
      accepting(({ streamId }, connection) => connection.send({ ...published(streamId), payload: 'OK' })),
      { profile: 'auto' },
    );
    expect(await proxy.ready()()).toMatchObject({ left: { _tag: 'ProtocolViolated', kind: 'terminal' } });
    expect(time.timers).toBe(0);
  });

  it('is not waited for when the connection breaks', async () => {
    const { proxy, time } = await connectTo(
      accepting((_, connection) => connection.kill()),
      { profile: 'auto' },
    );
    expect(await proxy.ready()()).toMatchObject({ left: { _tag: 'ConnectionLost' } });
    expect(time.timers).toBe(0);
  });
});

describe('state$', () => {
  it('goes from idle to closed, and then completes', async () => {
    const { proxy, states } = await connectTo();
    await proxy.ready()();
    await proxy.close();
    await proxy.close();
    expect((await states.all()).map(({ status }) => status)).toEqual(['idle', 'connecting', 'connected', 'closed']);
  });

  it('tells whoever comes late that the proxy is closed', async () => {
    const { proxy } = await connectTo();
    await proxy.close();
    expect(await record(proxy.state$).all()).toEqual([{ status: 'closed' }]);
  });

  it('is told to all in the order in which it came to be, whatever one of them does meanwhile', async () => {
    const proxy = connect({ socketPath: join(tmpdir(), 'no-nucleus-here.sock'), authToken: 'none' });
    onTestFinished(() => proxy.close());
    const again: Promise<unknown>[] = [];
    record(proxy.state$, ({ status }) => {
      if (status === 'failed' && again.length === 0) again.push(proxy.ready()());
    });
    const states = record(proxy.state$);
    await proxy.ready()();
    await states.take(5);
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'failed', 'connecting', 'failed']);
    // The second try's failure, not the one at which it was asked for.
    const [, , first, , second] = states.values;
    expect(first).not.toBe(second);
    const failure = second?.status === 'failed' ? second.error : undefined;
    expect(((await again[0]) as { readonly left?: unknown }).left).toBe(failure);
  });

  it('tells whoever subscribes the present state', async () => {
    const { proxy } = await connectTo();
    await proxy.ready()();
    const late = record(proxy.state$);
    expect(late.values).toMatchObject([{ status: 'connected' }]);
    late.subscription.unsubscribe();
  });
});
