import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { MAIN, runCli, temporaryFolder } from '../../kit/process/run-cli.js';

/** A component that says on a socket which command loads it, and then takes for ever to load, deaf to what would end it. */
const ENDLESS = (socket: string): string => `
  import { connect } from 'node:net';
  process.on('SIGTERM', () => undefined);
  await new Promise(() => connect(${JSON.stringify(socket)}).write(process.argv[2]));
`;

/** `dev --ui` of such a component; what loads it is a socket that ends when the process does. */
async function endless() {
  const folder = temporaryFolder();
  const [socket, module] = [join(folder, 'loaders'), join(folder, 'endless.mjs')] as const;
  writeFileSync(module, ENDLESS(socket));
  const loaders = createServer().listen(socket);
  onTestFinished(() => void loaders.close());
  await once(loaders, 'listening');
  const seen = new Map<string, Promise<unknown>>();
  const all = new Promise<void>(resolve => {
    loaders.on('connection', (loader: Socket) => {
      const gone = once(loader, 'close');
      loader.on('error', () => undefined);
      loader.setEncoding('utf8').once('data', (command: string) => {
        seen.set(command, gone);
        loader.resume();
        if (seen.has('run') && seen.has('diagram')) resolve();
      });
    });
  });
  const dev = runCli(['dev', '--ui', '--grace', '100ms', '--', process.execPath, MAIN, 'run', module]);
  await all;
  return { dev, seen };
}

// Three processes, which load much.
test('what draws the component for the page ends with dev', async () => {
  const { dev, seen } = await endless();
  dev.child.kill('SIGTERM');
  await dev.ended;
  await Promise.all(seen.values());
  expect([...seen.keys()].sort()).toEqual(['diagram', 'run']);
});

test('why the code of a component cannot be drawn is said in the log', async () => {
  const module = fileURLToPath(new URL('../components/undeclared.mjs', import.meta.url));
  const dev = runCli(['dev', '--ui', '--grace', '100ms', '--', process.execPath, MAIN, 'run', module]);
  await dev.saw(
    /"kind":"warning".*since its code cannot be drawn: error \(topics\): The topics of the stage \\"publishTo\\" depend on data/,
  );
  dev.child.kill('SIGTERM');
  await dev.ended;
});

test('a component that is started elsewhere is told to say how it is, and cannot be started again from the page', async () => {
  const dev = runCli(['dev', '--ui']);
  const [, url = ''] = await dev.saw(/"kind":"page","url":"([^"]+)"/);
  await dev.saw(/"kind":"environment".*"GREENGRASS_RX_HEALTH_FILE":"[^"]+health\.json"/);
  const { origin, hash } = new URL(url);
  // Not by `fetch`, of which promises may stay pending when it is done.
  const asking = request(`${origin}/act`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${hash.slice(1)}` } });
  asking.end('{"do":"restart"}');
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  expect(await json(response)).toEqual({ problem: 'dev runs no component here: it was started without a command' });
});
