import type { ChildProcess } from 'node:child_process';
import { connectAsync, type MqttClient } from 'mqtt';
import { costOf, costSoFar, Device, told, type ProgramClient } from './programs.js';
import { asFastAsItGoes, badOf, payloadOf, topicOf } from './readings.js';

export interface PipelineTurnsJob {
  readonly qos: 0 | 1;
  /** Readings before those whose cost counts, as code is compiled meanwhile. */
  readonly warmUp: number;
  /** Turns of each, and readings in a turn. */
  readonly turns: number;
  readonly readings: number;
  readonly socketPath: string;
}

export interface TurnsOfOne {
  /** Processor time of the component for a reading, over all turns. */
  readonly cpuMicroseconds: number;
  readonly peakMegabytes: number;
  /** Readings that have come out again, in the counts of the results or as bad ones, to those sent. */
  readonly accounted: number;
}

export type PipelineTurnsResult = Readonly<Record<ProgramClient, TurnsOfOne>>;

const CLIENTS = ['rx', 'rxBundled', 'sdk', 'mqtt', 'bare'] as const satisfies readonly ProgramClient[];
/** Without a result for so long, no more will come. */
const PATIENCE = 6_000;

/** A component with a nucleus and a broker of its own. */
interface Contestant {
  readonly client: ProgramClient;
  readonly program: ChildProcess;
  readonly load: MqttClient;
  sent: number;
  counted: number;
  lastAt: number;
  /** What it has cost before and after its turns. */
  cpuBefore: number;
  cpuAfter: number;
}

/** How to end what has been started, be it half of a contestant. */
type Endings = (() => unknown)[];

async function start(client: ProgramClient, qos: 0 | 1, endings: Endings): Promise<Contestant> {
  const device = await Device.start('embedded');
  endings.push(() => device[Symbol.asyncDispose]());
  const program = device.run(await device.prepare('pipeline', client), String(qos));
  endings.push(() => program.kill('SIGKILL'));
  await told(program, 'ready');
  const connected = async (): Promise<MqttClient> => {
    const mqtt = await connectAsync(device.mqttUrl);
    endings.push(() => mqtt.endAsync(true));
    return mqtt;
  };
  const [load, results] = [await connected(), await connected()];
  const contestant: Contestant = { client, program, load, sent: 0, counted: 0, lastAt: 0, cpuBefore: 0, cpuAfter: 0 };
  results.on('message', (_, payload) => {
    contestant.counted += (JSON.parse(payload.toString()) as { readonly count: number }).count;
    contestant.lastAt = performance.now();
  });
  await results.subscribeAsync('results/#', { qos });
  return contestant;
}

/** So many readings, with a number of them under way. */
async function send(to: Contestant, readings: number, qos: 0 | 1): Promise<void> {
  const from = to.sent;
  await asFastAsItGoes(readings, (n, done) => {
    to.load.publish(topicOf(from + n), payloadOf(from + n), { qos }, done);
  });
  to.sent += readings;
}

async function allCounted(of: Contestant): Promise<void> {
  of.lastAt = performance.now();
  while (of.counted < of.sent - badOf(of.sent) && performance.now() - of.lastAt < PATIENCE)
    await new Promise(resolve => setTimeout(resolve, 50));
}

/**
 * Components that make summaries of readings, each with a device of its own, who get them by turns of a tenth of a second: what loads the
 * machine loads all of them. Each tells what it has cost before its first turn, and when all have had their last.
 */
export async function measurePipelineTurns({ qos, warmUp, turns, readings }: PipelineTurnsJob): Promise<PipelineTurnsResult> {
  const endings: Endings = [];
  try {
    const contestants: Contestant[] = [];
    for (const client of CLIENTS) contestants.push(await start(client, qos, endings));
    for (const each of contestants) await send(each, warmUp, qos);
    for (let turn = 0; turn < turns; turn++)
      for (const each of contestants) {
        if (turn === 0) each.cpuBefore = (await costSoFar(each.program)).cpuMicroseconds;
        await send(each, readings, qos);
      }
    for (const each of contestants) each.cpuAfter = (await costSoFar(each.program)).cpuMicroseconds;
    const results: [ProgramClient, TurnsOfOne][] = [];
    for (const each of contestants) {
      await allCounted(each);
      const { peakMegabytes, bad } = await costOf(each.program);
      const cpuMicroseconds = (each.cpuAfter - each.cpuBefore) / turns / readings;
      results.push([each.client, { cpuMicroseconds, peakMegabytes, accounted: (each.counted + bad) / each.sent }]);
    }
    return Object.fromEntries(results) as PipelineTurnsResult;
  } finally {
    for (const end of endings.reverse()) await end();
  }
}
