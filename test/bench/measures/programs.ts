import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Mosquitto } from '../../kit/broker/mosquitto.js';
import { bundled } from '../programs/bundles.js';
import type { ProgramCost, ProgramNews, ProgramQuestion } from '../programs/told.js';
import type { NucleusNews } from '../server/nucleus-main.js';

/** Which program, and as what: from node_modules, or as one file. `bare` is one file, too. */
export type ProgramClient = 'rx' | 'rxBundled' | 'sdk' | 'mqtt' | 'bare';
const BUNDLED: Partial<Record<ProgramClient, string>> = { rxBundled: 'rx', bare: 'bare' };
export type BrokerKind = 'embedded' | 'mosquitto';

/** A nucleus with its broker, each in a process of its own. */
export class Device implements AsyncDisposable {
  readonly mqttUrl: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #nucleus: ChildProcess;
  readonly #mosquitto: Mosquitto | undefined;
  readonly #bundles: string[] = [];

  private constructor(nucleus: ChildProcess, news: Extract<NucleusNews, { socketPath: string }>, mosquitto: Mosquitto | undefined) {
    this.#nucleus = nucleus;
    this.#mosquitto = mosquitto;
    this.mqttUrl = news.mqttUrl;
    this.#environment = { ...news.environment, BENCH_MQTT_URL: news.mqttUrl };
  }

  static async start(broker: BrokerKind): Promise<Device> {
    // Without bounds of its own, so that what is missing at the end was not lost there.
    const mosquitto = broker === 'mosquitto' ? await Mosquitto.start(() => ['allow_anonymous true', 'max_queued_messages 0']) : undefined;
    const url = mosquitto === undefined ? [] : [`mqtt://127.0.0.1:${mosquitto.port}`];
    const nucleus = fork(fileURLToPath(new URL('../server/nucleus-main.js', import.meta.url)), ['classic', ...url], {
      execArgv: ['--disable-warning=NodeDeprecationWarning'],
    });
    const [news] = (await once(nucleus, 'message')) as [NucleusNews];
    if (!('socketPath' in news)) throw new Error('The nucleus did not say where it listens.');
    return new Device(nucleus, news, mosquitto);
  }

  /** Makes a program ready to be started, so that its bundling is not measured. */
  async prepare(program: string, client: ProgramClient): Promise<string> {
    const whole = BUNDLED[client];
    if (whole === undefined) return fileURLToPath(new URL(`../programs/${program}-${client}.js`, import.meta.url));
    const file = await bundled(`${program}-${whole}`);
    this.#bundles.push(dirname(file));
    return file;
  }

  run(file: string, ...args: readonly string[]): ChildProcess {
    return fork(file, args, {
      env: { ...process.env, ...this.#environment },
      execArgv: ['--disable-warning=NodeDeprecationWarning', ...process.execArgv],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#nucleus, 'exit');
    this.#nucleus.disconnect();
    await exit;
    await this.#mosquitto?.[Symbol.asyncDispose]();
    await Promise.all(this.#bundles.map(folder => rm(folder, { recursive: true })));
  }
}

/** What a program that goes on tells next; rejects if it ends before. */
async function nextOf(program: ChildProcess, before: string): Promise<ProgramNews> {
  const ended = once(program, 'exit').then(([code, signal]) =>
    Promise.reject(new Error(`The program ended with ${String(code ?? signal)} before it ${before}.`)),
  );
  const [news] = (await Promise.race([once(program, 'message'), ended])) as [ProgramNews];
  return news;
}

/** Resolves when a program tells this; rejects if it ends before. */
export async function told(program: ChildProcess, what: 'ready' | 'first'): Promise<void> {
  const news = await nextOf(program, `was ${what}`);
  if (news !== what) throw new Error(`The program told ${JSON.stringify(news)} in the place of ${what}.`);
}

const ask = (program: ChildProcess, question: ProgramQuestion): unknown => program.send(question);

/** What a program costs is counted from now on. */
export function countAnew(program: ChildProcess): void {
  ask(program, 'count');
}

/** What a program has cost until now; rejects if it has ended. */
export async function costSoFar(program: ChildProcess): Promise<ProgramCost> {
  const answer = nextOf(program, 'told its cost');
  ask(program, 'so far');
  const cost = await answer;
  if (typeof cost === 'string') throw new Error(`The program told ${cost} in the place of its cost.`);
  return cost;
}

/** What a program has cost; it ends, as its channel to this process does. Rejects if it has ended before. */
export async function costOf(program: ChildProcess): Promise<ProgramCost> {
  const exit = once(program, 'exit');
  const cost = await costSoFar(program);
  program.disconnect();
  await exit;
  return cost;
}
