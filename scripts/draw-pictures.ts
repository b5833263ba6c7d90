/**
 * Draws the pictures of the docs anew, from what programs really print: a test that fails, `dev` in a terminal with an error, and the page
 * of `dev --ui` on a desktop and a phone, in the light and in the dark. `npm run pictures` writes them into docs/pictures. It needs
 * Chromium, as `CHROMIUM` names it or as it is installed, and `script` of util-linux.
 *
 * It does not draw dev.png and diagram.png, which README.md shows of a new project, nor outage.svg and trace.svg, which examples draw.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import typescript from 'typescript';
import { startBrowser } from './browser.js';
import { inTemporaryFolder, ROOT } from './packed-package.js';
import { runProcess } from './run-process.js';
import { Terminal } from './terminal.js';
import { terminalPicture } from './terminal-picture.js';

const PICTURES = join(ROOT, 'docs/pictures');
const COLUMNS = 100;
/** For what hangs, in milliseconds. */
const TIME_LIMIT = 120_000;

const COMPONENT = `import { json, onRights, publishTo, QOS } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { bufferCount, filter, map } from 'rxjs';

const Reading = json(t.type({ celsius: t.number }));
const Power = json(t.type({ watts: t.number }));

function alarm(celsius: number) {
  if (celsius > 1300) throw new RangeError('no kiln is that hot');
  return { hot: celsius };
}

export default component({
  name: 'com.example.Kiln',
  version: '1.0.0',
  run: proxy => {
    const hot$ = proxy.subscribe({ topicName: 'kilns/+/celsius', qos: QOS.AT_LEAST_ONCE, codec: Reading });
    const used$ = proxy.subscribe({ topicName: 'kilns/+/watts', qos: QOS.AT_LEAST_ONCE, codec: Power });
    const alarms = onRights(each$ => each$.pipe(
      filter(({ value }) => value.celsius > 1000),
      map(({ value }) => alarm(value.celsius)),
      publishTo(proxy, hot => ({ topicName: 'alarms', payload: JSON.stringify(hot), qos: QOS.AT_LEAST_ONCE }), { name: 'alarms', topics: ['alarms'] }),
    ));
    const means = onRights(each$ => each$.pipe(
      bufferCount(5),
      map(five => five.reduce((sum, { value }) => sum + value.watts, 0) / 5),
      publishTo(proxy, mean => ({ topicName: 'means', payload: JSON.stringify({ mean }), qos: QOS.AT_LEAST_ONCE }), { name: 'means', topics: ['means'] }),
    ));
    return { alarms: hot$.pipe(alarms), means: used$.pipe(means) };
  },
});
`;

const TEST = `import { mergeBranches } from 'greengrass-rx/component';
import { marbles } from 'greengrass-rx/testing';
import { test } from 'vitest';
import kiln from '../src/kiln.js';

test('an alarm for each kiln that is too hot', marbles(({ nucleus, run, context, expectPublished }) => {
  nucleus.messages('kilns/1/celsius', '-a-b-c', { a: { celsius: 20 }, b: { celsius: 1100 }, c: { fahrenheit: 2100 } });
  nucleus.messages('kiln/2/celsius', '----a', { a: { celsius: 1200 } });
  nucleus.faults('9ms |', {});
  run(mergeBranches(kiln.run(nucleus.proxy, undefined, context())));
  expectPublished('alarms').toBeMarble('---x-y---|', { x: { hot: 1100 }, y: { hot: 1150 } });
}));
`;

/** What comes while \`dev\` is watched: two readings, one that is none, and one that the component does not bear. */
const WORLD = `- { on: subscribed, publish: { topicName: kilns/1/celsius, payload: { celsius: 20 } } }
- { after: 400ms, publish: { topicName: kilns/1/celsius, payload: { celsius: 1100 } } }
- { after: 400ms, publish: { topicName: kilns/2/celsius, payload: { fahrenheit: 2100 } } }
- { after: 400ms, publish: { topicName: kilns/2/celsius, payload: { celsius: 1400 } } }
- { after: 2s, stop: true }
`;

/** A project, compiled, that finds the package of this working copy. */
async function makeProject(folder: string): Promise<void> {
  for (const name of ['src', 'dist', 'test', 'node_modules']) await mkdir(join(folder, name), { recursive: true });
  for (const name of ['fp-ts', 'io-ts', 'rxjs', 'vitest', 'vite'])
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  await symlink(ROOT, join(folder, 'node_modules/greengrass-rx'));
  const program = join(folder, 'node_modules/.bin/greengrass-rx');
  await mkdir(join(folder, 'node_modules/.bin'));
  await writeFile(program, `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'dist/cli/main.js')} "$@"\n`);
  await chmod(program, 0o755);
  const { outputText, sourceMapText = '' } = typescript.transpileModule(COMPONENT, {
    fileName: '../src/kiln.ts',
    compilerOptions: { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2023, sourceMap: true },
  });
  const files = {
    'package.json': '{ "type": "module", "private": true }',
    'src/kiln.ts': COMPONENT,
    'dist/kiln.js': outputText.replace(/sourceMappingURL=.*/, 'sourceMappingURL=kiln.js.map'),
    'dist/kiln.js.map': sourceMapText.replace(/"sources":\[[^\]]*\]/, '"sources":["../src/kiln.ts"]'),
    'test/kiln.test.ts': TEST,
    'world.yaml': WORLD,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function draw(name: string, printed: string): Promise<void> {
  await writeFile(join(PICTURES, name), terminalPicture(printed, COLUMNS));
  console.log(`docs/pictures/${name}`);
}

async function drawFailedTest(cwd: string): Promise<void> {
  const env = { ...process.env, FORCE_COLOR: '1', NO_COLOR: undefined, CI: undefined };
  const { stdout, stderr } = await runProcess(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd,
    env,
    timeLimit: TIME_LIMIT,
  });
  // From the picture to where the reporter begins to show the test's own code.
  const all = `${stdout}${stderr}`;
  const from = all.lastIndexOf('\n', all.indexOf('FAIL')) + 1;
  await draw('failed-test.svg', `$ npm test\n${all.slice(from).split('❯')[0] ?? ''}`);
}

async function drawDev(cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const command = 'greengrass-rx dev --name com.example.Kiln --chaos world.yaml -- greengrass-rx run dist/kiln.js';
  const terminal = new Terminal(command, { cwd, env: { ...env, NO_COLOR: undefined }, columns: COLUMNS });
  await terminal.end(TIME_LIMIT);
  await draw('dev.svg', `$ npx ${command}\n${terminal.coloured.replaceAll(cwd, '~')}`);
}

/** Publishes through the page, as its form does. */
async function feed(url: URL, topicName: string, payload: string): Promise<void> {
  const headers = { authorization: `Bearer ${url.hash.slice(1)}` };
  await fetch(new URL('/act', url), {
    method: 'POST',
    headers,
    body: JSON.stringify({ do: 'publish', topicName, payload, isLocal: false }),
  });
}

const SCREENS = { page: { width: 1200, height: 800 }, 'page-phone': { width: 390, height: 800 } };

async function drawPage(cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const args = ['dev', '--ui', '--name', 'com.example.Kiln', '--', 'greengrass-rx', 'run', 'dist/kiln.js'];
  const browser = await startBrowser();
  const child = spawn('greengrass-rx', args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  try {
    const url = await new Promise<URL>((resolve, reject) => {
      let page: URL | undefined;
      createInterface(child.stdout)
        .on('line', line => {
          const event = JSON.parse(line) as { readonly kind: string; readonly url?: string };
          if (event.kind === 'page') page = new URL(event.url ?? '');
          if (event.kind === 'subscribed' && page !== undefined) resolve(page);
        })
        .on('close', () => reject(new Error('dev has ended.')));
    });
    const pages = [];
    for (const [screen, viewport] of Object.entries(SCREENS))
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await browser.newPage({ viewport, colorScheme });
        await page.goto(url.href);
        pages.push({ page, name: `${screen}${colorScheme === 'dark' ? '-dark' : ''}.png` });
      }
    for (let n = 0; n < 80; n++) {
      const kiln = n % 3 === 0 ? 2 : 1;
      const celsius = 900 + Math.round(200 * Math.sin(n / 4));
      await feed(url, `kilns/${kiln}/celsius`, n % 30 === 20 ? '{"fahrenheit":1652}' : JSON.stringify({ celsius }));
      if (n % 2 === 0) await feed(url, 'kilns/1/watts', JSON.stringify({ watts: celsius * 4 }));
      await wait(180);
    }
    for (const { page, name } of pages) {
      await page.screenshot({ path: join(PICTURES, name) });
      console.log(`docs/pictures/${name}`);
    }
  } finally {
    await browser.close();
    child.kill('SIGTERM');
    await closed;
  }
}

await inTemporaryFolder(async folder => {
  await makeProject(folder);
  const env = { ...process.env, XDG_RUNTIME_DIR: folder, PATH: `${join(folder, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` };
  await drawFailedTest(folder);
  await drawDev(folder, env);
  await drawPage(folder, env);
  for (const name of ['failed-test.svg', 'dev.svg']) {
    const picture = await readFile(join(PICTURES, name), 'utf8');
    if ([folder, ROOT].some(path => picture.includes(path))) throw new Error(`${name} shows where it was made.`);
  }
});
