/**
 * What `dev` and its page cost a component under 5 000 messages a second: the component's processor time a message at a nucleus alone, with
 * `dev`, with `dev --ui`, and with the page open in Chromium; how fluid the page is then; and the memory of `dev` over minutes with the
 * page open.
 *
 * `npm run bench:page` takes turns, so that a machine that becomes slower does so for all. After `--`: how many turns (default 5) of how
 * many seconds (default 15), and minutes of memory (default 5).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { startLocalNucleus } from '../../src/local/index.js';
import { startBrowser } from '../../scripts/browser.js';
import { median, percentile } from './statistics.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
const NAME = 'com.example.Component';
const ACCESS_CONTROL = { 'aws.greengrass.ipc.mqttproxy': { [`${NAME}:mqttproxy:1`]: { operations: ['*'], resources: ['*'] } } };
/** Messages a second, over so many topics, in batches so many milliseconds apart. */
const RATE = 5_000;
const TOPICS = 20;
const BATCH = 10;
/** What is measured begins when all is warm: milliseconds. */
const WARM = 4_000;
/** A component that has counted nothing for so long does not run, in milliseconds. */
const OVERDUE = 30_000;

/** Decodes each reading, publishes one in a hundred, and every second how many there were. */
const COMPONENT = `import { component } from 'greengrass-rx/component';
import { json, onRights, publishTo } from 'greengrass-rx';
import { t } from 'greengrass-rx/fp';
import { filter, map, sampleTime, scan, share } from 'rxjs';
export default component({
  name: '${NAME}',
  version: '1.0.0',
  run: proxy => {
    const readings$ = proxy.subscribe({ topicName: 'sensors/+/celsius', qos: 0, codec: json(t.type({ celsius: t.number })) }).pipe(share());
    const tell = (topicName, of) => publishTo(proxy, value => ({ topicName, payload: of(value), qos: 0 }), { name: topicName, topics: [topicName] });
    return {
      alarms: readings$.pipe(onRights(each$ => each$.pipe(filter(({ value }) => value.celsius > 98), tell('alarms', ({ value }) => JSON.stringify(value))))),
      counts: readings$.pipe(onRights(each$ => each$.pipe(scan(n => n + 1, 0), sampleTime(1_000), tell('count', String)))),
    };
  },
});
`;

/** A component that runs. */
interface Running extends AsyncDisposable {
  readonly mqttUrl: string;
  /** Processes: the component's, and of `dev` where there is one. */
  readonly pid: number;
  readonly dev: number | undefined;
  /** The address of the page, where there is one. */
  readonly page: string | undefined;
}

type Variant = 'a nucleus alone' | '`dev`' | '`dev --ui`' | '`dev --ui`, the page open';
const VARIANTS: readonly Variant[] = ['a nucleus alone', '`dev`', '`dev --ui`', '`dev --ui`, the page open'];

function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'greengrass-rx-page-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['fp-ts', 'io-ts', 'rxjs']) symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(ROOT, join(folder, 'node_modules/greengrass-rx'));
  writeFileSync(join(folder, 'component.mjs'), COMPONENT);
  return folder;
}

async function alone(cwd: string): Promise<Running> {
  const nucleus = await startLocalNucleus({ profile: 'classic', components: [{ name: NAME, accessControl: ACCESS_CONTROL }] });
  const env = { PATH: process.env['PATH'], ...nucleus.environment(NAME) };
  const component = spawn(process.execPath, [CLI, 'run', 'component.mjs'], { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
  return {
    mqttUrl: nucleus.mqttUrl,
    pid: component.pid ?? 0,
    dev: undefined,
    page: undefined,
    [Symbol.asyncDispose]: async () => {
      component.kill('SIGKILL');
      await once(component, 'close');
      await nucleus.stop();
    },
  };
}

/** As in a terminal whose reader is quick: all that it prints is read. */
async function withDev(cwd: string, flags: readonly string[]): Promise<Running> {
  const args = [CLI, 'dev', ...flags, '--', process.execPath, CLI, 'run', 'component.mjs'];
  const dev = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let [mqttUrl, page] = ['', undefined as string | undefined];
  const lines = createInterface(dev.stdout);
  for await (const line of lines) {
    const event = JSON.parse(line) as { readonly kind: string; readonly mqttUrl?: string; readonly url?: string; readonly pid?: number };
    if (event.mqttUrl !== undefined) ({ mqttUrl } = event);
    if (event.kind === 'page') page = event.url;
    if (event.kind !== 'started') continue;
    dev.stdout
      .removeAllListeners('data')
      .on('data', () => undefined)
      .resume();
    return {
      mqttUrl,
      pid: event.pid ?? 0,
      dev: dev.pid,
      page,
      [Symbol.asyncDispose]: async () => {
        dev.kill('SIGTERM');
        await once(dev, 'exit');
      },
    };
  }
  throw new Error('dev has ended.');
}

/** Publishes at the rate until it is told to stop, and says how many the component had by its own account, whenever it tells. */
class Load {
  readonly #client: MqttClient;
  readonly #counts: ((count: number) => void)[] = [];
  #isOn = true;

  constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (_topic, payload) => {
      for (const tell of this.#counts.splice(0)) tell(Number(payload.toString()));
    });
  }

  async run(): Promise<void> {
    await this.#client.subscribeAsync('count');
    const began = performance.now();
    let sent = 0;
    while (this.#isOn) {
      const due = ((performance.now() - began) * RATE) / 1_000;
      for (; sent < due; sent++) this.#client.publish(`sensors/${sent % TOPICS}/celsius`, JSON.stringify({ celsius: sent % 100 }));
      await wait(BATCH);
    }
  }

  /** The component's next count. */
  async count(): Promise<number> {
    const waiting = new AbortController();
    const overdue = wait(OVERDUE, undefined, { signal: waiting.signal }).then(() => {
      throw new Error('The component counts no messages.');
    });
    try {
      return await Promise.race([new Promise<number>(resolve => this.#counts.push(resolve)), overdue]);
    } finally {
      waiting.abort();
      overdue.catch(() => undefined);
    }
  }

  async end(): Promise<void> {
    this.#isOn = false;
    await this.#client.endAsync();
  }
}

/** Microseconds of processor time so far. */
function cpuOf(pid: number): number {
  // Of the form "pid (name) state …": the name may hold anything. In hundredths of a second on every Linux.
  const [, rest = ''] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  const [user, system] = rest.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10_000;
}

const megabytesOf = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_000;

/** Has the page note the time of each frame. */
const NOTE_FRAMES = `{
  window.frames_ = [];
  let last = performance.now();
  const next = () => requestAnimationFrame(now => { window.frames_.push(now - last); last = now; next(); });
  next();
}`;

/** The page in a browser. */
class Watched {
  readonly #page: Page;
  readonly #session: CDPSession;

  constructor(page: Page, session: CDPSession) {
    this.#page = page;
    this.#session = session;
  }

  static async open(browser: Browser, url: string): Promise<Watched> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const session = await page.context().newCDPSession(page);
    // The thread's own time, not that in which others of the machine had the processor.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.goto(url);
    await page.evaluate(NOTE_FRAMES);
    return new Watched(page, session);
  }

  /** Milliseconds of processor time of the page's thread, megabytes of its objects, and milliseconds of the frames since the last time. */
  async look(): Promise<{ readonly worked: number; readonly heap: number; readonly frames: readonly number[] }> {
    const { metrics } = await this.#session.send('Performance.getMetrics');
    const of = (name: string): number => metrics.find(metric => metric.name === name)?.value ?? Number.NaN;
    const frames: readonly number[] = await this.#page.evaluate('window.frames_.splice(0)');
    return { worked: of('TaskDuration') * 1_000, heap: of('JSHeapUsedSize') / 1e6, frames };
  }

  close(): Promise<void> {
    return this.#page.close();
  }
}

interface Turn {
  /** Microseconds of processor time a message. */
  readonly component: number;
  readonly dev: number | undefined;
  readonly perSecond: number;
  readonly frames: readonly number[];
  /** Of a core, by the page's thread. */
  readonly busy: number | undefined;
}

async function turn(cwd: string, variant: Variant, browser: Browser, milliseconds: number, minutes = 0): Promise<Turn> {
  await using running = await (variant === 'a nucleus alone' ? alone(cwd) : withDev(cwd, variant === '`dev`' ? [] : ['--ui']));
  const load = new Load(await connectAsync(running.mqttUrl));
  const running$ = load.run();
  const page = variant.endsWith('open') && running.page !== undefined ? await Watched.open(browser, running.page) : undefined;
  await load.count();
  await wait(WARM);
  const account = async () => {
    const messages = await load.count();
    const { pid, dev } = running;
    return {
      messages,
      at: performance.now(),
      component: cpuOf(pid),
      dev: dev === undefined ? undefined : cpuOf(dev),
      page: await page?.look(),
    };
  };
  const first = await account();
  await wait(milliseconds);
  const last = await account();
  for (let minute = 0; minute < minutes; minute++) {
    await wait(60_000);
    const heap = (await page?.look())?.heap.toFixed(0) ?? '';
    console.log(`| ${minute + 1} | ${megabytesOf(running.dev ?? running.pid).toFixed(0)} MB | ${heap} MB | ${await load.count()} |`);
  }
  await load.end();
  await running$;
  await page?.close();
  const [messages, passed] = [last.messages - first.messages, last.at - first.at];
  return {
    component: (last.component - first.component) / messages,
    dev: first.dev === undefined || last.dev === undefined ? undefined : (last.dev - first.dev) / messages,
    perSecond: (messages / passed) * 1_000,
    frames: last.page?.frames ?? [],
    busy: first.page === undefined || last.page === undefined ? undefined : (last.page.worked - first.page.worked) / passed,
  };
}

const [turns = 5, seconds = 15, minutes = 5] = process.argv.slice(2).map(Number);
const folder = project();
const browser = await startBrowser();
try {
  const all = new Map<Variant, Turn[]>(VARIANTS.map(variant => [variant, []]));
  for (let i = 0; i < turns; i++) for (const [variant, counted] of all) counted.push(await turn(folder, variant, browser, seconds * 1_000));
  console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? ''}; ${turns} turns of ${seconds} s, medians\n`);
  console.log('| the component runs with | messages a second | its processor time a message | that of `dev` |');
  console.log('| --- | --: | --: | --: |');
  for (const [variant, counted] of all) {
    const of = (figure: (turn: Turn) => number): string => median(counted.map(figure)).toFixed(1);
    const dev = variant === 'a nucleus alone' ? '' : `${of(each => each.dev ?? Number.NaN)} µs`;
    console.log(`| ${variant} | ${of(each => each.perSecond)} | ${of(({ component }) => component)} µs | ${dev} |`);
  }
  const opened = all.get('`dev --ui`, the page open') ?? [];
  const frames = opened.flatMap(each => each.frames).sort((a, b) => a - b);
  const busy = median(opened.map(each => each.busy ?? Number.NaN));
  const frame = (part: number): string => `${percentile(frames, part).toFixed(1)} ms`;
  console.log(
    `\n${frames.length} frames: median ${frame(0.5)}, 95 of 100 within ${frame(0.95)}, 99 within ${frame(0.99)}, the longest ${frame(1)}. ` +
      `The page's thread takes ${(busy * 100).toFixed(1)} % of a core.`,
  );
  if (minutes > 0) {
    console.log('\n| minutes | memory of `dev` | objects of the page | messages |\n| --: | --: | --: | --: |');
    await turn(folder, '`dev --ui`, the page open', browser, 0, minutes);
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
