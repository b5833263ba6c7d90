/**
 * The whole pipeline of docs/benchmarks.md, by this library on the nucleus and by others straight on the broker: processor time for a
 * reading at 5 000 a second, memory at its peak, and the start, each as Linux tells of the process. `npm run bench:others` installs them
 * before, and prints a table of medians; they take turns, so that a machine that becomes slower does so for all. After `--`: `--rounds=3`,
 * `--qos=1`.
 */
import { parseArgs, styleText } from 'node:util';
import { mosquittoMissing } from '../kit/broker/mosquitto.js';
import { folderOf, type Other, OTHERS } from './others/contestants.js';
import { measureOther, type OtherResult } from './others/measure-other.js';
import { machine } from './report/machine.js';
import type { ProgramClient } from './measures/programs.js';
import { median } from './statistics.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, qos: { type: 'string', default: '1' } } });
const rounds = Number(values.rounds);
const JOB = { qos: values.qos === '0' ? 0 : 1, readings: 25_000, warmUp: 25_000, perSecond: 5_000 } as const;

if (process.platform !== 'linux') throw new Error('What a process costs is read from /proc, which only Linux has.');
if (mosquittoMissing !== undefined) throw new Error(mosquittoMissing);

interface Contestant {
  readonly who: string;
  readonly program: ProgramClient | Other;
  readonly results: OtherResult[];
}

const missing = OTHERS.filter(other => folderOf(other) === undefined);
for (const { who } of missing) console.error(`${who}: left out, since it is not installed`);
const contestants: readonly Contestant[] = [
  { who: 'greengrass-rx, one file', program: 'rxBundled', results: [] },
  { who: 'greengrass-rx, from node_modules', program: 'rx', results: [] },
  { who: 'mqtt.js + RxJS', program: 'mqtt', results: [] },
  ...OTHERS.filter(other => !missing.includes(other)).map(other => ({ who: other.who, program: other, results: [] })),
];

// Once around uncounted and short, so that nobody's files have to be read from the disk in a start that counts.
for (let round = -1; round < rounds; round++) {
  const turn = Math.max(round, 0) % contestants.length;
  for (const { who, program, results } of [...contestants.slice(turn), ...contestants.slice(0, turn)]) {
    const result = await measureOther(program, round < 0 ? { ...JOB, readings: 500, warmUp: 0 } : JOB);
    console.error(styleText('dim', `${who}: ${round < 0 ? 'runs' : JSON.stringify(result)}`));
    if (round >= 0) results.push(result);
  }
}

console.log(await machine(new URL('../../../../', import.meta.url), new Date()));
console.log(`\nMedians of ${rounds}, QoS ${JOB.qos}, mosquitto.\n`);
console.log('| who | µs a reading | memory at its peak | start | accounted for |');
console.log('| --- | --: | --: | --: | --: |');
for (const { who, results } of contestants) {
  const middle = (of: (result: OtherResult) => number, digits = 0): string => median(results.map(of)).toFixed(digits);
  const least = Math.min(...results.map(({ accounted }) => accounted));
  console.log(
    `| ${who} | ${middle(({ cpuMicroseconds }) => cpuMicroseconds, 1)} | ${middle(({ peakMegabytes }) => peakMegabytes)} MB | ` +
      `${middle(({ startMilliseconds }) => startMilliseconds)} ms | ${(least * 100).toFixed(1)} % |`,
  );
}
