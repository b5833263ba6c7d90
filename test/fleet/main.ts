/**
 * `npm run fleet`: a hundred cores with 10 000 readings each, in waves of ten, into files and into Kafka, and the derived tables over both
 * on a real Flink. `npm run fleet -- 10 500` is a smaller one; a third argument is a file for the picture. Prints what came of it; ends
 * with 1 where anything but the truth comes out.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flinkJars, kafkaJars } from '../interop/peers.js';
import { Flink } from './flink.js';
import { derivedFiles, differences, judged, plantedFaults, questions, truthOf, withKafka } from './judge.js';
import { BATCH } from './meter.js';
import { pictureOf } from './picture.js';
import { type FleetRun, runFleet } from './simulated-fleet.js';

const [cores = 100, readings = 10_000] = process.argv.slice(2, 4).map(Number);
const picture = process.argv[4];
if (!Number.isInteger(cores) || !Number.isInteger(readings / BATCH) || cores < 1 || readings < 10 * BATCH)
  throw new RangeError(`Give a number of cores, and one of readings, a multiple of ${BATCH} from ${10 * BATCH} on.`);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const format = new Intl.NumberFormat('en');

function number(value: number): string {
  return format.format(value);
}

/** What it would come to for a thousand cores with as many readings each. */
function cost({ messages, bytes, units }: FleetRun): void {
  const factor = 1_000 / cores;
  const of = (count: number): string => number(Math.round(count * factor));
  say(
    `a thousand such cores: ${of(messages)} messages of ${number(Math.round(bytes / messages))} bytes, ${of(units)} metered; ${of(readings * cores)} readings`,
  );
}

async function main(): Promise<number> {
  if (flinkJars === undefined) {
    say('There is no Flink. `bash scripts/install-peers.sh` gets it, where Java and Maven are.');
    return 1;
  }
  const folder = await mkdtemp(join(tmpdir(), 'ggrx-fleet-'));
  try {
    const [flink, files] = await Promise.all([Flink.compile(join(folder, 'classes')), derivedFiles()]);
    say(`${cores} cores, ${number(readings)} readings each, ${BATCH} in a message`);
    const run = await runFleet({
      cores,
      readings,
      wave: 10,
      folder: join(folder, 'cores'),
      onWave: done => say(`  ${done} cores are through`),
    });
    say(`${run.kills} kills, ${run.outages} outages`);
    say(`${number(run.messages)} messages, ${number(run.bytes)} bytes, ${number(run.units)} metered`);
    say(
      `${number(run.records)} records in the cloud: ${number(run.duplicates)} twice, ${number(run.late)} late, ${run.missing.length} gaps on purpose`,
    );
    cost(run);
    const truth = truthOf(cores, readings);
    const results = await flink.run([...questions(files, { folder: run.files }), ...plantedFaults(files, run.files)]);
    const found = { files: judged(truth, results, 'files'), kafka: [] as readonly string[] };
    if (kafkaJars === undefined) say('Kafka is left out: `bash scripts/install-peers.sh` gets it.');
    else
      found.kafka = await withKafka(flink, join(folder, 'kafka'), run, async brokers =>
        judged(truth, await flink.run(questions(files, { brokers })), 'kafka'),
      );
    for (const [name, lines] of Object.entries(found)) {
      if (name === 'kafka' && kafkaJars === undefined) continue;
      say(
        `over ${name}: ${lines.length === 0 ? `exactly the truth in ${number(truth.perMinute.size)} windows, and ${truth.gaps.length} gaps told` : `${lines.length} differences`}`,
      );
      for (const line of lines.slice(0, 20)) say(`  ${line}`);
    }
    if (picture !== undefined)
      await writeFile(picture, pictureOf({ ...run, cores, readings, gaps: truth.gaps.length, windows: truth.perMinute.size }));
    const unseen = ['dedupe off', 'watermark by arrival', 'no id'].filter(fault => {
      const lines = differences(truth, results.get(fault)?.[0]);
      say(`with ${fault}: ${number(lines.length)} windows are wrong`);
      return lines.length === 0 || lines[0]?.startsWith('failed') === true;
    });
    return found.files.length + found.kafka.length + unseen.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
