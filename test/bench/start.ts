/**
 * How long a component takes from its start to its first message, and what it weighs then and when it is idle: as the one file of
 * `greengrass-rx build`, from `node_modules`, and beside them the same with the official SDK and a Node that does nothing.
 * `npm run bench:start` prints a table of medians; a number after `--` is how often each is started (default 15). They are started in turn,
 * so that a machine that becomes slower does so for all.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LocalNucleus, startLocalNucleus } from '../../src/local/index.js';
import { median } from './statistics.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
const NAME = 'com.example.Start';
const ACCESS_CONTROL = {
  'aws.greengrass.ipc.mqttproxy': { [`${NAME}:mqttproxy:1`]: { operations: ['*'], resources: ['*'] } },
};

/** What a program says of itself at its first message: on a file descriptor of its own, then it ends, or stays. */
const TELL = `
const tell = () => {
  const { user, system } = process.cpuUsage();
  require('node:fs').writeSync(3, JSON.stringify({ cpu: (user + system) / 1000 }) + '\\n');
  if (process.env.STAY !== '1') process.exit(0);
};`;

const PROGRAMS: Readonly<Record<string, string>> = {
  'component.mjs': `import { createRequire } from 'node:module';
import { json, onRights, QOS } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { tap } from 'rxjs';
const require = createRequire(import.meta.url);
${TELL}
const Reading = json(t.type({ celsius: t.number }));
export default component({
  name: '${NAME}',
  version: '1.0.0',
  run: proxy => proxy.subscribe({ topicName: 'start/+', qos: QOS.AT_LEAST_ONCE, codec: Reading }).pipe(onRights(tap(tell))),
});
`,
  'main.mjs': `import { mainProgram } from 'greengrass-rx/component';
const run = mainProgram(import.meta.url);
const { default: component } = await import('./component.mjs');
await run(component);
`,
  'sdk.cjs': `const { greengrasscoreipc } = require('aws-iot-device-sdk-v2');
${TELL}
(async () => {
  const client = greengrasscoreipc.createClient();
  await client.connect();
  const stream = client.subscribeToIoTCore({ topicName: 'start/+', qos: '1' });
  stream.on('message', ({ message }) => {
    if (typeof JSON.parse(Buffer.from(message.payload).toString()).celsius === 'number') tell();
  });
  await stream.activate();
})();
`,
  'nothing.cjs': `${TELL}
if (process.env.STAY === '1') setInterval(() => undefined, 1e6);
tell();
`,
};

interface Contestant {
  readonly who: string;
  readonly args: readonly string[];
}

const CONTESTANTS: readonly Contestant[] = [
  { who: 'one file, by `greengrass-rx build`', args: ['--enable-source-maps', 'artifact/component.mjs'] },
  { who: 'from `node_modules`', args: ['main.mjs'] },
  { who: 'aws-iot-device-sdk-v2', args: ['--disable-warning=NodeDeprecationWarning', 'sdk.cjs'] },
  { who: 'Node alone', args: ['nothing.cjs'] },
];

/** A project with what the programs import, and the component built. */
async function project(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'greengrass-rx-start-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['aws-iot-device-sdk-v2', 'fp-ts', 'io-ts', 'rolldown', 'rxjs'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(ROOT, join(folder, 'node_modules/greengrass-rx'));
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(folder, name), text);
  const build = spawn(process.execPath, [CLI, 'build', 'component.mjs'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(build, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`The component could not be built: ${String(code)}.`);
  return folder;
}

/** Milliseconds from the start of the process, and of its processor; megabytes of memory where it stays. */
interface Start {
  readonly wall: number;
  readonly cpu: number;
  readonly own: number;
  readonly mapped: number;
}

/** What `stay` waits for before it looks at the memory: timers of a start have fired, and nothing more comes. */
const IDLE = 3_000;

async function startOnce(folder: string, nucleus: LocalNucleus, { args }: Contestant, stay: boolean): Promise<Start> {
  const env = { PATH: process.env['PATH'], ...nucleus.environment(NAME), STAY: stay ? '1' : '0' };
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const said = child.stdio[3];
  if (said === null || said === undefined) throw new Error('There is no third pipe.');
  const ended = once(child, 'exit');
  const [line] = (await once(said, 'data')) as [Buffer];
  const wall = performance.now() - began;
  const { cpu } = JSON.parse(line.toString()) as { readonly cpu: number };
  let [own, mapped] = [0, 0];
  if (stay) {
    await new Promise(resolve => setTimeout(resolve, IDLE));
    const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
    const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_000;
    [own, mapped] = [of('RssAnon'), of('RssFile')];
    child.kill('SIGKILL');
  }
  await ended;
  return { wall, cpu, own, mapped };
}

const times = Number(process.argv[2] ?? 15);
const nucleus = await startLocalNucleus({ profile: 'classic', components: [{ name: NAME, accessControl: ACCESS_CONTROL }] });
nucleus.observe(event => {
  if (event.kind === 'subscribed') nucleus.publish({ topicName: 'start/1', payload: '{"celsius":21.5}' });
});
const folder = await project();
try {
  const starts = new Map<Contestant, Start[]>(CONTESTANTS.map(each => [each, []]));
  // The first of each is not counted: it brings the files into the system's cache.
  for (let i = -1; i < times; i++)
    for (const [contestant, counted] of starts) {
      const start = await startOnce(folder, nucleus, contestant, false);
      if (i >= 0) counted.push(start);
    }
  console.log(`Node ${process.versions.node}, ${times} starts each, medians\n`);
  console.log('| what is started | to its first message | processor until then | idle: memory of its own | shared with other Nodes |');
  console.log('| --- | --: | --: | --: | --: |');
  for (const [contestant, counted] of starts) {
    const of = (figure: (start: Start) => number): string => median(counted.map(figure)).toFixed(0);
    const { own, mapped } = await startOnce(folder, nucleus, contestant, true);
    console.log(
      `| ${contestant.who} | ${of(({ wall }) => wall)} ms | ${of(({ cpu }) => cpu)} ms | ${own.toFixed(0)} MB | ${mapped.toFixed(0)} MB |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
  await nucleus.stop();
}
