import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { connectAsync } from 'mqtt';
import { nodeWithSqlite } from '../../scripts/node-binary.js';
import { startLocalNucleus } from '../../src/local/index.js';
import { meteredUnits } from '../../src/operators/index.js';
import { BATCH, nameOf } from './meter.js';
import { ruled } from './rule.js';

/** How large a fleet is, and where it leaves what arrives. */
export interface FleetPlan {
  readonly cores: number;
  /** Readings of each core. */
  readonly readings: number;
  /** Cores that run at once. */
  readonly wave: number;
  readonly folder: string;
  /** Told of each wave. */
  readonly onWave?: ((done: number) => void) | undefined;
}

/** What a fleet has been through. */
export interface FleetRun {
  readonly kills: number;
  readonly outages: number;
  /** What was published, and what it came to. */
  readonly messages: number;
  readonly bytes: number;
  readonly units: number;
  /** What the cloud has, duplicates and all. */
  readonly records: number;
  readonly duplicates: number;
  readonly late: number;
  /** Ranges of messages that were made missing, by device. */
  readonly missing: readonly (readonly [device: string, first: number, last: number])[];
  /** The folder of the files, and a file with the same records and their keys for Kafka. */
  readonly files: string;
  readonly lines: string;
}

/** Pseudo-random numbers: the same in each run. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const ACCESS = { 'aws.greengrass.ipc.mqttproxy': { all: { operations: ['*'], resources: ['*'] } } };
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Which messages of a device never arrive: two neighbours and a single one of every third device, none of the others. */
export function missingOf(device: number, messages: number): readonly (readonly [first: number, last: number])[] {
  if (device % 3 !== 0) return [];
  const first = 2 + Math.floor(messages / 4) + (device % 5);
  return [
    [first, first + 1],
    [first + 5, first + 5],
  ];
}

/**
 * The other side of the devices: what rules, Firehose and Kafka make of the messages. Records are delivered at least once, in no order,
 * some a long time after the others, and those that are to be missing not at all.
 */
class Cloud {
  readonly files: string;
  readonly #messages: number;
  readonly #lines: WriteStream;
  readonly #random = randomOf(42);
  readonly #held: string[] = [];
  #pending: string[] = [];
  #now = 0;
  #file = 0;
  messages = 0;
  bytes = 0;
  units = 0;
  records = 0;
  duplicates = 0;
  late = 0;

  constructor(folder: string, messages: number) {
    this.#messages = messages;
    this.files = join(folder, 'meters');
    this.#lines = createWriteStream(join(folder, 'lines'));
  }

  async receive(device: number, topicName: string, payload: Uint8Array): Promise<void> {
    this.messages++;
    this.bytes += payload.byteLength;
    this.units += meteredUnits({ topicName, payload });
    const { storedAt, number } = JSON.parse(Buffer.from(payload).toString()) as { readonly storedAt: number; readonly number: number };
    this.#now = Math.max(this.#now, storedAt);
    if (missingOf(device, this.#messages).some(([first, last]) => number >= first && number <= last)) return;
    const record = JSON.stringify(ruled({ topicName, payload }, 'wrap', nameOf(device), this.#now));
    const chance = this.#random();
    if (chance < 0.05) {
      this.late++;
      this.#held.push(record);
    } else this.#add(record);
    if (chance > 0.97) {
      this.duplicates++;
      (chance > 0.985 ? this.#held : this.#pending).push(record);
    }
    if (this.#pending.length >= 1_000) await this.#write();
  }

  #add(record: string): void {
    this.#pending.push(record);
  }

  async end(): Promise<void> {
    await this.#write();
    this.#pending = this.#held;
    await this.#write();
    this.#lines.end();
    await once(this.#lines, 'finish');
  }

  /** A file as Firehose writes it: in a folder for each hour, with a record in each line. Every other file is compressed. */
  async #write(): Promise<void> {
    const records = this.#pending;
    this.#pending = [];
    if (records.length === 0) return;
    const number = this.#file++;
    this.records += records.length;
    const folder = join(this.files, `2026/01/01/${`${Math.floor(number / 4) % 24}`.padStart(2, '0')}`);
    const text = `${records.join('\n')}\n`;
    await mkdir(folder, { recursive: true });
    const name = `meters-1-2026-01-01-${`${number}`.padStart(6, '0')}`;
    await (number % 2 === 0 ? writeFile(join(folder, name), text) : writeFile(join(folder, `${name}.gz`), gzipSync(text)));
    for (const record of records) {
      const { device } = JSON.parse(record) as { readonly device: string };
      if (!this.#lines.write(`${device}\t${record}\n`)) await once(this.#lines, 'drain');
    }
  }
}

/** Runs all cores, some at once, and gives what came of it. Rejects for a core that does not end well. */
export async function runFleet({ cores, readings, wave, folder, onWave }: FleetPlan): Promise<FleetRun> {
  await mkdir(folder, { recursive: true });
  const node = nodeWithSqlite();
  const messages = readings / BATCH;
  const cloud = new Cloud(folder, messages);
  let kills = 0;
  let outages = 0;
  for (let first = 0; first < cores; first += wave) {
    const devices = Array.from({ length: Math.min(wave, cores - first) }, (_, i) => first + i);
    const lives = await Promise.all(devices.map(device => live(device, readings, join(folder, nameOf(device)), node, cloud)));
    for (const each of lives) {
      kills += each.kills;
      outages += each.outages;
    }
    onWave?.(first + devices.length);
  }
  await cloud.end();
  const missing = Array.from({ length: cores }, (_, device) => device).flatMap(device =>
    missingOf(device, messages).map(([from, to]) => [nameOf(device), from, to] as const),
  );
  const { bytes, units, records, duplicates, late, files } = cloud;
  return {
    kills,
    outages,
    messages: cloud.messages,
    bytes,
    units,
    records,
    duplicates,
    late,
    missing,
    files,
    lines: join(folder, 'lines'),
  };
}

/** One core, from its first start until all it has stored has arrived: killed in between, and offline for a while. */
async function live(
  device: number,
  readings: number,
  folder: string,
  node: string,
  cloud: Cloud,
): Promise<{ kills: number; outages: number }> {
  await mkdir(folder, { recursive: true });
  const messages = readings / BATCH;
  const random = randomOf(device * 7_919 + 1);
  const at = (from: number, to: number): number => Math.max(1, Math.floor(messages * (from + random() * (to - from))));
  const killsAt = [at(0.1, 0.45), at(0.55, 0.9)];
  // Some begin offline.
  const startsOffline = device % 4 === 1;
  const outage = startsOffline ? { from: 0, to: at(0.2, 0.5) } : { from: at(0.1, 0.4), to: at(0.5, 0.95) };
  const nucleus = await startLocalNucleus({
    profile: device % 2 === 0 ? 'classic' : 'lite',
    connectionStatus: true,
    thingName: nameOf(device),
    components: [{ name: 'com.example.Meter', accessControl: ACCESS }],
  });
  const broker = await connectAsync(nucleus.mqttUrl, { clientId: `cloud-${device}` });
  const writing: Promise<void>[] = [];
  const numbers = new Set<number>();
  const allArrived = new Promise<void>(resolve =>
    broker.on('message', (topicName, payload) => {
      writing.push(cloud.receive(device, topicName, payload));
      numbers.add((JSON.parse(payload.toString()) as { readonly number: number }).number);
      if (numbers.size >= messages) resolve();
    }),
  );
  await broker.subscribeAsync('meters/#', { qos: 1 });
  if (startsOffline) nucleus.setOnline(false);
  let kills = 0;
  let outages = startsOffline ? 1 : 0;
  let isOffline = startsOffline;
  try {
    for (;;) {
      const child = spawn(
        node,
        [
          '--no-warnings',
          '--import',
          new URL('../kit/process/typescript-loader.mjs', import.meta.url).href,
          path('core.ts'),
          `${device}`,
          `${readings}`,
        ],
        {
          cwd: folder,
          env: { PATH: process.env['PATH'], ...nucleus.environment('com.example.Meter') },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const closed = once(child, 'close') as Promise<[number | null]>;
      const said: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        const stored = Number(/^stored (\d+)$/.exec(line)?.[1] ?? Number.NaN);
        if (Number.isNaN(stored)) {
          said.push(line);
          continue;
        }
        if (!isOffline && stored >= outage.from && stored < outage.to) {
          isOffline = true;
          outages++;
          nucleus.setOnline(false);
        } else if (isOffline && stored >= outage.to) {
          isOffline = false;
          nucleus.setOnline(true);
        }
        const kill = killsAt[kills];
        if (kill !== undefined && stored >= kill && killed(child)) kills++;
      }
      const [code] = await closed;
      if (code === 0) break;
      if (code !== null) throw new Error(`${nameOf(device)} ended with ${code}:\n${said.slice(-20).join('\n')}`);
    }
    // What the nucleus has taken may still be on its way.
    await allArrived;
    await Promise.all(writing);
  } finally {
    await broker.endAsync(true);
    await nucleus.stop();
  }
  return { kills, outages };
}

/** Whether it was still there to be killed. */
function killed(child: ChildProcess): boolean {
  return child.signalCode === null && child.exitCode === null && child.kill('SIGKILL');
}
