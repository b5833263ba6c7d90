import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Device, type ProgramClient } from '../measures/programs.js';
import { type ReadingsJob, sendReadings } from '../measures/readings.js';
import { folderOf, type Other } from './contestants.js';
import { processCost } from './process-cost.js';
import { subscribed } from './subscribed.js';

/** For a program that does not subscribe, in milliseconds. */
const TIME_LIMIT = 60_000;

export interface OtherResult {
  /** From the start of the process until the broker has its subscription. */
  readonly startMilliseconds: number;
  readonly cpuMicroseconds: number;
  readonly peakMegabytes: number;
  /** Readings in the counts of the results, to those that were sent: what is no reading is in neither. */
  readonly accounted: number;
}

/** The whole pipeline by one of the programs here or by another project's, looked at from outside, with all there is of a device around. */
export async function measureOther(program: ProgramClient | Other, job: ReadingsJob): Promise<OtherResult> {
  await using device = await Device.start('mosquitto');
  const start = typeof program === 'string' ? await ours(device, program, job) : theirs(device, program, job);
  const began = performance.now();
  const child = start();
  const ended = new AbortController();
  const exit = once(child, 'exit').then(
    () => ended.abort(new Error('The program ended.')),
    (error: unknown) => ended.abort(error),
  );
  try {
    const { pid } = child;
    if (pid === undefined) throw new Error('The program did not start.');
    await subscribed(device.mqttUrl, 'sensors/s0/reading', AbortSignal.any([ended.signal, AbortSignal.timeout(TIME_LIMIT)]));
    const startMilliseconds = performance.now() - began;
    let before = processCost(pid);
    const { sent, bad, counted } = await sendReadings(device.mqttUrl, job, () => (before = processCost(pid)));
    const { cpuMicroseconds, peakMegabytes } = processCost(pid);
    return {
      startMilliseconds,
      cpuMicroseconds: (cpuMicroseconds - before.cpuMicroseconds) / job.readings,
      peakMegabytes,
      accounted: counted / (sent - bad),
    };
  } finally {
    // Some connect again for ever once their broker is gone.
    child.kill('SIGKILL');
    await exit;
  }
}

async function ours(device: Device, client: ProgramClient, { qos }: ReadingsJob): Promise<() => ChildProcess> {
  const file = await device.prepare('pipeline', client);
  return () => device.run(file, String(qos));
}

function theirs(device: Device, other: Other, { qos }: ReadingsJob): () => ChildProcess {
  const [command, ...args] = other.command;
  const env = { ...process.env, MQTT_PORT: new URL(device.mqttUrl).port, QOS: String(qos) };
  return () => spawn(command, args, { cwd: folderOf(other), env, stdio: 'ignore' });
}
