import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { socketPathIn } from '../../kit/nucleus/socket-path.js';
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
  const [socket, module] = [socketPathIn(folder), join(folder, 'endless.mjs')] as const;
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

/** What the page is answered. Not by `fetch`, of which promises may stay pending when it is done. */
async function asked(url: string, action: unknown): Promise<unknown> {
  const { origin, hash } = new URL(url);
  const asking = request(`${origin}/act`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${hash.slice(1)}` } });
  asking.end(JSON.stringify(action));
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return json(response);
}

test('a component that is started elsewhere is told to say how it is, and cannot be started again from the page', async () => {
  const dev = runCli(['dev', '--ui']);
  const [, url = ''] = await dev.saw(/"kind":"page","url":"([^"]+)"/);
  await dev.saw(/"kind":"environment".*"GREENGRASS_RX_HEALTH_FILE":"[^"]+health\.json"/);
  expect(await asked(url, { do: 'restart' })).toEqual({ problem: 'dev runs no component here: it was started without a command' });
});

test('the page is told why a topic cannot be published to, as a component is', async () => {
  const dev = runCli(['dev', '--ui']);
  const [, url = ''] = await dev.saw(/"kind":"page","url":"([^"]+)"/);
  const answers = [];
  for (const isLocal of [true, false])
    for (const topicName of ['a/+', '', 'a/\u0000', 'a/b/c/d/e/f/g/h/i'])
      answers.push(await asked(url, { do: 'publish', topicName, payload: '1', isLocal }));
  expect(answers).toMatchInlineSnapshot(`
    [
      {
        "problem": "The local topic "a/+" contains +, # or *, which a classic nucleus refuses and which no subscriber could tell from a wildcard. Publish to one topic at a time.",
      },
      {
        "problem": "The local topic "" is empty. Publish to a name of one or more characters.",
      },
      {
        "problem": "The local topic "a/\\u0000" contains the character U+0000, which MQTT forbids. Publish to a name of one or more characters.",
      },
      {
        "done": "published to a/b/c/d/e/f/g/h/i",
      },
      {
        "problem": "The topic name "a/+" contains a wildcard, + or #. Publish to one topic at a time; wildcards are for subscriptions.",
      },
      {
        "problem": "The topic name "" is empty. Publish to a name of one or more characters of valid Unicode.",
      },
      {
        "problem": "The topic name "a/\\u0000" contains the character U+0000, which MQTT forbids. Publish to a name of one or more characters of valid Unicode.",
      },
      {
        "problem": "The topic name "a/b/c/d/e/f/g/h/i" has 8 slashes; AWS IoT Core takes at most 7, not counting $aws/rules/<rule>/ or $share/<group>/. Use a shorter name.",
      },
    ]
  `);
});
