import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { dryRun } from '../../src/dry-run/index.js';
import { kafkaJars } from '../interop/peers.js';
import { freePort } from '../kit/broker/mosquitto.js';
import type { Flink, QueryResult, Script } from './flink.js';
import { BATCH, BEGIN, meter, nameOf, PERIOD, readingOf } from './meter.js';
import { type FleetRun, missingOf } from './simulated-fleet.js';

/** A number of readings, and the sum of their kWh. */
interface Sum {
  readonly readings: number;
  readonly kWh: number;
}

/** What the tables must say of each device and minute, and of what is missing. It follows from the plan alone. */
export interface Truth {
  /** By `device window`. */
  readonly perMinute: ReadonlyMap<string, Sum>;
  /** `device first last`. */
  readonly gaps: readonly string[];
  /** `device missing`. */
  readonly missing: readonly string[];
}

export function truthOf(cores: number, readings: number): Truth {
  const perMinute = new Map<string, { readings: number; kWh: number }>();
  const gaps: string[] = [];
  const missing: string[] = [];
  for (let device = 0; device < cores; device++) {
    const ranges = missingOf(device, readings / BATCH);
    gaps.push(...ranges.map(([first, last]) => `${nameOf(device)} ${first} ${last}`));
    const lost = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    if (lost > 0) missing.push(`${nameOf(device)} ${lost}`);
    for (let n = 0; n < readings; n++) {
      const message = Math.floor(n / BATCH) + 1;
      if (ranges.some(([first, last]) => message >= first && message <= last)) continue;
      // A message was stored when its last reading was there.
      const storedAt = BEGIN + (message * BATCH - 1) * PERIOD;
      const key = `${nameOf(device)} ${new Date(storedAt - (storedAt % 60_000)).toISOString().slice(0, 16)}`;
      const sum = perMinute.get(key) ?? { readings: 0, kWh: 0 };
      sum.readings++;
      sum.kWh += readingOf(device, n).kWh;
      perMinute.set(key, sum);
    }
  }
  return { perMinute, gaps: gaps.sort(), missing: missing.sort() };
}

/** The derived files of the meter. */
export async function derivedFiles(): Promise<ReadonlyMap<string, string>> {
  const dry = await dryRun(meter({ device: 0, readings: 0 }));
  if (dry._tag === 'Left') throw dry.left;
  return new Map(dry.right.cloudFiles().map(({ path, text }) => [path, text]));
}

const QUERIES = `
SELECT * FROM \`meters_per_minute\`;
SELECT \`device\`, \`missing\` FROM \`meters_missing\` WHERE \`missing\` > 0;
`;
const GAPS = '\nSELECT `device`, `first_missing`, `last_missing` FROM `meters_gaps`;\n';
const TOTAL = '\nSELECT `device`, COUNT(*), SUM(`kWh`) FROM `meters` GROUP BY `device`;\n';

/** Reads the files as a bounded source: here no more of them will come. */
function overFiles(files: ReadonlyMap<string, string>, folder: string): string {
  return `${files.get('meters.files.sql') ?? ''}
ALTER TABLE \`meters_messages\` SET ('path' = 'file://${folder}');
ALTER TABLE \`meters_messages\` RESET ('source.monitor-interval');
`;
}

function overKafka(files: ReadonlyMap<string, string>, brokers: string): string {
  return `${files.get('meters.kafka.sql') ?? ''}
ALTER TABLE \`meters_messages\` SET ('properties.bootstrap.servers' = '${brokers}', 'scan.bounded.mode' = 'latest-offset');
`;
}

/** The scripts that ask for everything, over the files or over Kafka. */
export function questions(
  files: ReadonlyMap<string, string>,
  from: { readonly folder: string } | { readonly brokers: string },
): readonly Script[] {
  const views = files.get('meters.sql') ?? '';
  const [name, source] = 'folder' in from ? ['files', overFiles(files, from.folder)] : ['kafka', overKafka(files, from.brokers)];
  return [
    { name, mode: 'streaming', sql: `${source}${views}${QUERIES}${TOTAL}` },
    { name: `${name}_gaps`, mode: 'batch', sql: `${source}${views}${GAPS}` },
  ];
}

/** Scripts that each make one of the mistakes from which the derived tables keep their users. */
export function plantedFaults(files: ReadonlyMap<string, string>, folder: string): readonly Script[] {
  const views = files.get('meters.sql') ?? '';
  const source = overFiles(files, folder);
  const query = '\nSELECT * FROM `meters_per_minute`;\n';
  const planted = (name: string, sql: string, from: string, to: string): Script => {
    const changed = sql.replace(from, to);
    if (changed === sql) throw new Error(`${name}: there is nothing to change.`);
    return { name, mode: 'streaming', sql: `${changed}${query}` };
  };
  return [
    planted('dedupe off', `${source}${views}`, 'WHERE `nth` = 1;', 'WHERE `nth` <= 1000;'),
    planted('watermark by arrival', `${source}${views}`, "`stored_at` - INTERVAL '7' DAY(3)", '`arrived_at`'),
    planted('no id', `${source}${views}`, 'PARTITION BY `device`, `epoch`, `stream`, `number`', 'PARTITION BY `device`'),
  ];
}

/** A line for each row of `meters_per_minute` that is wrong, and for each that is missing. */
export function differences({ perMinute }: Truth, result: QueryResult | undefined): readonly string[] {
  if (result === undefined || 'failed' in result) return [`failed: ${result?.failed ?? 'not run'}`];
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const [device = '', start = '', , readings = '', , kWh = ''] of result.rows) {
    const key = `${device} ${start.slice(0, 16)}`;
    const truth = perMinute.get(key);
    if (seen.has(key)) lines.push(`${key} twice`);
    seen.add(key);
    if (truth === undefined) lines.push(`${key}: ${readings} readings, of which there are none`);
    else if (Number(readings) !== truth.readings || Number(kWh) !== truth.kWh)
      lines.push(`${key}: ${readings} readings of ${kWh} kWh; the truth is ${truth.readings} of ${truth.kWh}`);
  }
  for (const key of perMinute.keys()) if (!seen.has(key)) lines.push(`${key} is missing`);
  return lines;
}

/** The same for all questions over one source. */
export function judged(truth: Truth, results: ReadonlyMap<string, readonly QueryResult[]>, name: 'files' | 'kafka'): readonly string[] {
  const [minutes, missing, totals] = results.get(name) ?? [];
  const rows = (result: QueryResult | undefined): readonly string[] =>
    result === undefined || 'failed' in result ? [`failed: ${result?.failed ?? 'not run'}`] : result.rows.map(row => row.join(' ')).sort();
  const unlike = (what: string, is: readonly string[], wanted: readonly string[]): readonly string[] =>
    is.join('\n') === wanted.join('\n') ? [] : [`${what}: ${is.join(', ')}; the truth is ${wanted.join(', ')}`];
  const perDevice = new Map<string, { readings: number; kWh: number }>();
  for (const [key, { readings, kWh }] of truth.perMinute) {
    const device = key.split(' ')[0] ?? '';
    const sum = perDevice.get(device) ?? { readings: 0, kWh: 0 };
    perDevice.set(device, { readings: sum.readings + readings, kWh: sum.kWh + kWh });
  }
  const wanted = [...perDevice].map(([device, { readings, kWh }]) => `${device} ${readings} ${kWh.toFixed(2)}`).sort();
  const is = rows(totals).map(line => line.replace(/[\d.E]+$/, text => Number(text).toFixed(2)));
  return [
    ...differences(truth, minutes),
    ...unlike('missing', rows(missing), truth.missing),
    ...unlike('by device', is, wanted),
    ...unlike('gaps', rows(results.get(`${name}_gaps`)?.[0]), truth.gaps),
  ];
}

/** Runs a Kafka broker while `work` works with it, and fills its topic with the records of a run. */
export async function withKafka<A>(flink: Flink, folder: string, run: FleetRun, work: (brokers: string) => Promise<A>): Promise<A> {
  const [port, controller] = [await freePort(), await freePort()];
  const brokers = `127.0.0.1:${port}`;
  const config = join(folder, 'server.properties');
  await mkdir(folder, { recursive: true });
  await writeFile(
    config,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://${brokers},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://${brokers}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${join(folder, 'logs')}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
`,
  );
  const java = ['-Xmx512m', '-cp', join(kafkaJars ?? '', '*')];
  const id = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
  execFileSync('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const broker = spawn('java', [...java, 'kafka.Kafka', config], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(broker, 'close');
  broker.stderr.resume();
  createInterface({ input: broker.stdout }).resume();
  try {
    // The client waits for the broker.
    await flink.java('ToKafka', [brokers, 'meters', run.lines]);
    return await work(brokers);
  } finally {
    broker.kill('SIGKILL');
    await closed;
  }
}
