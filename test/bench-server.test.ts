import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MqttProxy } from '../src/ports/mqtt-proxy.js';
import { QOS } from '../src/shared/qos.js';
import { openProxy } from './bench/clients/proxy-client.js';
import { type BenchServer, startServer } from './bench/server/start-server.js';
import { LINES } from './bench/topics.js';

const LOADER = fileURLToPath(new URL('kit/process/typescript-loader.mjs', import.meta.url));

let server: BenchServer;
beforeAll(async () => {
  server = await startServer(new URL('bench/server/main.ts', import.meta.url), ['--no-warnings', '--import', LOADER]);
});
afterAll(() => server.stop());

/** Publishes the first lines of a file, so many that the server takes them at a time. */
async function publishLines(proxy: MqttProxy, count: number): Promise<void> {
  const outcomes = await Promise.all(
    Array.from({ length: count }, (_, i) => proxy.publish({ topicName: LINES, payload: `${i} reading`, qos: QOS.AT_LEAST_ONCE })()),
  );
  expect(outcomes.filter(({ _tag }) => _tag === 'Left')).toEqual([]);
}

/** A client of one connection that publishes so many lines: what the server says of it. */
async function linesOf(count: number): Promise<unknown> {
  const { server: report } = await server.withClient(async socketPath => {
    const proxy = await openProxy('socket', socketPath);
    await publishLines(proxy, count);
    await proxy.close();
    return {};
  });
  return report.lines;
}

const only = (accepted: number): object => ({ accepted, refused: 0, unexpected: 0 });

test('the server of the benchmark tells of each client what that client sent, also after one with two connections', async () => {
  expect(await linesOf(3)).toEqual(only(3));
  const { server: ofTwo } = await server.withClient(async socketPath => {
    const proxies = [await openProxy('socket', socketPath), await openProxy('socket', socketPath)];
    await Promise.all(proxies.map(proxy => publishLines(proxy, 5)));
    await Promise.all(proxies.map(proxy => proxy.close()));
    return {};
  });
  expect(ofTwo.lines).toEqual(only(10));
  expect(await linesOf(7)).toEqual(only(7));
  expect(await linesOf(11)).toEqual(only(11));
});

test('the server of the benchmark waits for a connection that ends after its client has said what it found', async () => {
  let beside: Socket | undefined;
  const { server: report } = await server.withClient(async socketPath => {
    const proxy = await openProxy('socket', socketPath);
    beside = createConnection(socketPath);
    await once(beside, 'connect');
    await publishLines(proxy, 3);
    await proxy.close();
    setImmediate(() => beside?.destroy());
    return {};
  });
  expect(report.lines).toEqual(only(3));
  expect(await linesOf(7)).toEqual(only(7));
});

test('what a client that failed has sent to the server of the benchmark is not told of the next one', async () => {
  const failing = server.withClient(async socketPath => {
    const proxy = await openProxy('socket', socketPath);
    await publishLines(proxy, 3);
    await proxy.close();
    throw new Error('it failed');
  });
  await expect(failing).rejects.toThrow('it failed');
  expect(await linesOf(7)).toEqual(only(7));
});
