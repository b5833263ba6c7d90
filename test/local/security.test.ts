import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeFrame } from '../../src/ipc/wire/frame.js';
import { encodeHeaders } from '../../src/ipc/wire/headers.js';
import type { NucleusEvent } from '../../src/local/index.js';
import { makeSocketFolder } from '../../src/local/server/ipc-server.js';
import { freePort } from '../kit/broker/mosquitto.js';
import { COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { body, eventOf, RawClient } from '../kit/nucleus/raw-client.js';
import { socketPathIn } from '../kit/nucleus/socket-path.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { HandClock } from '../kit/time/hand-clock.js';

function tcp(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

const elsewhere = Object.values(networkInterfaces())
  .flatMap(addresses => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe('who can reach it', () => {
  // A pipe is no file, and Windows has no modes.
  test.skipIf(IS_WINDOWS)('the socket is of mode 0600, in a fresh folder of mode 0700', async () => {
    await using nucleus = await start('classic');
    expect((await stat(nucleus.socketPath)).mode & 0o777).toBe(0o600);
    const folder = dirname(nucleus.socketPath);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual(['ipc.socket']);
    await nucleus.stop();
    await expect(stat(folder)).rejects.toThrow('ENOENT');
  });

  test.skipIf(elsewhere === undefined)('the broker is there for this machine alone, unless it is told that everybody may', async () => {
    await using hidden = await start('classic');
    await expect(tcp(elsewhere ?? '', hidden.mqttPort)).rejects.toThrow('ECONNREFUSED');
    await using exposed = await start('classic', { broker: { host: '0.0.0.0', exposeToNetwork: true } });
    (await tcp(elsewhere ?? '', exposed.mqttPort)).destroy();
  });

  test('a port that another has is called that', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start('classic', { broker: { port } })).rejects.toMatchObject({
      _tag: 'BrokerPortUnavailable',
      code: 'GGRX_BROKER_PORT_UNAVAILABLE',
      url: `mqtt://127.0.0.1:${port}`,
      message: expect.stringContaining('choose another port') as string,
    });
    other.close();
  });
});

describe.each(PROFILES)('tokens on %s', profile => {
  test('are random, of the length of the real ones, and in no event and no error', async () => {
    await using nucleus = await start(profile);
    await using second = await start(profile);
    const tokens = [nucleus.authToken(COMPONENT), nucleus.authToken(OTHER), second.authToken(COMPONENT)];
    expect(new Set(tokens).size).toBe(3);
    for (const token of tokens) expect(token).toMatch(profile === 'classic' ? /^[A-Z0-9]{16}$/ : /^[A-Za-z0-9+/]{22}==$/);
    const told: unknown[] = [];
    nucleus.observe((event: NucleusEvent) => told.push(event));
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/#');
    client.publish(2, 'other', 'x');
    await client.next();
    await client.next();
    // Tokens that are nearly right: one letter off, one short, one long.
    const [right = ''] = tokens;
    const wrong = [`${right.slice(0, -1)}!`, right.slice(1), `${right}A`, second.authToken(COMPONENT)];
    for (const token of wrong) {
      const refused = await RawClient.open(nucleus.socketPath);
      refused.connect(token);
      await refused.closed;
    }
    try {
      nucleus.authToken('no.such');
    } catch (error) {
      told.push(String(error));
    }
    await expect.poll(() => told.filter(event => (event as { kind?: string }).kind === 'refused').length).toBe(wrong.length);
    const text = JSON.stringify(told);
    for (const token of [...tokens, ...wrong]) expect(text).not.toContain(token);
  });
});

describe('what a killed nucleus leaves', () => {
  async function deadProcess(): Promise<number> {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    return child.pid ?? 0;
  }

  async function folderIn(parent: string, name: string, age: number): Promise<string> {
    const folder = join(parent, name);
    await mkdir(folder);
    const then = new Date(Date.now() - age);
    await utimes(folder, then, then);
    return name;
  }

  test('is removed by the next one, and nothing else is', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'ggrx-test-'));
    const dead = String(await deadProcess());
    const old = 120_000;
    await folderIn(parent, `ggrx-${dead}-abcdef`, old);
    const kept = [
      await folderIn(parent, `ggrx-${process.pid}-alive0`, old),
      await folderIn(parent, `ggrx-${dead}-young0`, 1000),
      await folderIn(parent, `ggrx-${dead}-of-somebody`, old),
      await folderIn(parent, 'ggrx-abcdef', old),
    ];
    // In another container a process has another number: its socket tells that it lives.
    const answering = await folderIn(parent, `ggrx-${dead}-answer`, 0);
    const server = createServer().listen(socketPathIn(join(parent, answering)));
    await once(server, 'listening');
    await utimes(join(parent, answering), new Date(Date.now() - old), new Date(Date.now() - old));
    const made = await makeSocketFolder(parent);
    expect(new Set(await readdir(parent))).toEqual(new Set([...kept, answering, made.slice(parent.length + 1)]));
    server.close();
    await rm(parent, { recursive: true });
  });
});

describe('hostile clients', () => {
  test.each(PROFILES)('%s: who connects and says nothing is cut after the time for a handshake, and nobody else is', async profile => {
    const clock = new HandClock();
    await using nucleus = await start(profile, { clock });
    const honest = await RawClient.accepted(nucleus, COMPONENT);
    const silent = await RawClient.open(nucleus.socketPath);
    const half = await RawClient.open(nucleus.socketPath);
    half.socket.write(Buffer.from([0, 0, 0]));
    await expect.poll(() => nucleus.connections).toBe(3);
    const reason = new Promise<NucleusEvent>(resolve => {
      nucleus.observe(event => {
        if (event.kind === 'refused') resolve(event);
      });
    });
    clock.advance(30_000);
    await Promise.all([silent.closed, half.closed]);
    expect(await reason).toMatchObject({ reason: 'it said nothing for 30000 ms' });
    honest.publish(1, 'test/a', 'x');
    expect(await honest.next()).toMatchObject({ streamId: 1 });
  });

  test('connections without a token make room for one with', async () => {
    await using nucleus = await start('classic', { limits: { connections: 20 } });
    const silent = await Promise.all(Array.from({ length: 40 }, () => RawClient.open(nucleus.socketPath)));
    const honest = await Promise.all(Array.from({ length: 20 }, () => RawClient.accepted(nucleus, COMPONENT)));
    expect(nucleus.connections).toBe(20);
    await Promise.all(silent.map(({ closed }) => closed));
    for (const client of honest) client.close();
  });

  test('a thousand half-written frames cost a bounded memory, and an honest client goes on', async () => {
    await using nucleus = await start('classic');
    const honest = await RawClient.accepted(nucleus, COMPONENT);
    // What the decoder of frames holds. The memory of the whole process also depends on when the collector comes.
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
    onTestFinished(() => allocate.mockRestore());
    const hoarders: RawClient[] = [];
    // Announces sixteen megabytes, with the checksum that belongs to that, and is more than a client without a token may send.
    const begun = encodeFrame(encodeHeaders([]), Buffer.alloc(16 * 1024 * 1024)).subarray(0, 100_000);
    for (let i = 0; i < 1000; i++) {
      const client = await RawClient.open(nucleus.socketPath);
      client.socket.write(begun);
      hoarders.push(client);
    }
    honest.publish(1, 'test/a', 'x'.repeat(100_000));
    expect(await honest.next()).toMatchObject({ streamId: 1, payload: '{}' });
    for (const { closed } of hoarders) await closed;
    expect(nucleus.connections).toBe(1);
    expect(allocate.mock.calls.filter(([size]) => size > 2 * begun.length)).toEqual([]);
  });

  test('ten who read nothing while a flood is on hold a bounded queue, and one who reads gets all of it', async () => {
    const outgoingQueueBytes = 512 * 1024;
    await using nucleus = await start('lite', { limits: { outgoingQueueBytes } });
    const reader = await RawClient.accepted(nucleus, OTHER);
    reader.subscribe(1, 'test/#');
    await reader.next();
    const asleep: RawClient[] = [];
    for (let i = 0; i < 10; i++) {
      const client = await RawClient.accepted(nucleus, COMPONENT);
      asleep.push(client);
      client.subscribe(1, 'test/#');
      await client.next();
      client.socket.pause();
    }
    for (let i = 0; i < 2000; i++) {
      nucleus.publish({ topicName: 'test/flood', payload: `${i} ${'x'.repeat(2000)}` });
      expect(nucleus.queuedBytes).toBeLessThan(11 * (outgoingQueueBytes + 300_000));
      expect(eventOf(await reader.next()).text).toMatch(new RegExp(`^${i} `));
    }
    for (const client of asleep) client.close();
  });

  test('MQTT: a packet without end, a flood of nonsense and silent clients stop nobody', async () => {
    await using nucleus = await start('classic');
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/#');
    await component.next();
    const huge = await tcp('127.0.0.1', nucleus.mqttPort);
    huge.on('error', () => undefined);
    // A CONNECT of 256 MB.
    huge.write(Buffer.concat([Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(300_000)]));
    await new Promise(resolve => huge.once('close', resolve));
    const noise = await Promise.all(Array.from({ length: 100 }, () => tcp('127.0.0.1', nucleus.mqttPort)));
    for (const [i, socket] of noise.entries()) {
      socket.on('error', () => undefined);
      if (i % 2 === 0) socket.write(Buffer.from(Array.from({ length: 64 }, (_, j) => (i * 31 + j * 17) % 256)));
    }
    const client = await connectAsync(nucleus.mqttUrl);
    await client.publishAsync('test/a', 'x'.repeat(128 * 1024), { qos: 1 });
    expect(eventOf(await component.next()).text).toHaveLength(128 * 1024);
    component.publish(2, 'test/b', 'y');
    expect(body(await component.next())).toEqual({});
    await client.endAsync();
    for (const socket of noise) socket.destroy();
  });
});

test('a nucleus whose folder cannot be made leaves no broker behind', async () => {
  const mqttPort = await freePort();
  const none = join(tmpdir(), 'there', 'is', 'none');
  for (const name of ['TMPDIR', 'TEMP']) vi.stubEnv(name, none);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(start('classic', { mqttPort })).rejects.toThrow('ENOENT');
  vi.unstubAllEnvs();
  await using nucleus = await start('classic', { mqttPort });
  expect(nucleus.mqttPort).toBe(mqttPort);
});
