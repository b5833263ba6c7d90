import { connectAsync } from 'mqtt';
import { median } from '../statistics.js';
import { costOf, Device, told, type ProgramClient } from './programs.js';

export interface StartJob {
  /** How often each is started. */
  readonly times: number;
  readonly socketPath: string;
}

/**
 * From the start of the process to its first message, in milliseconds: the median, the least, and the least of its processor. And the most
 * memory it had.
 */
interface Start {
  readonly milliseconds: number;
  readonly leastMilliseconds: number;
  readonly cpuMilliseconds: number;
  readonly peakMegabytes: number;
}

const CLIENTS = ['sdk', 'rx', 'rxBundled'] as const satisfies readonly ProgramClient[];
export type StartResult = Readonly<Record<(typeof CLIENTS)[number], Start>>;

/** Between two messages, so that one comes as soon as the component is subscribed. */
const EVERY = 2;

/**
 * How long programs take from their start to their first message. They are started by turns, so that what loads the machine for a while
 * loads all of them.
 */
export async function measureStart({ times }: StartJob): Promise<StartResult> {
  await using device = await Device.start('embedded');
  const programs = await Promise.all(
    CLIENTS.map(async client => ({
      client,
      file: await device.prepare('first', client),
      taken: [] as number[],
      cpu: [] as number[],
      peakMegabytes: 0,
    })),
  );
  const load = await connectAsync(device.mqttUrl);
  const sending = setInterval(() => load.publish('sensors/s1/reading', '{"sensor":"s1","celsius":21.5}'), EVERY);
  // The first one reads its files from the disk.
  for (let i = 0; i <= times; i++)
    for (const each of programs) {
      const begun = performance.now();
      const program = device.run(each.file);
      await told(program, 'first');
      const taken = performance.now() - begun;
      const { peakMegabytes, cpuToFirst } = await costOf(program);
      each.peakMegabytes = peakMegabytes;
      if (i === 0) continue;
      each.taken.push(taken);
      each.cpu.push(cpuToFirst / 1_000);
    }
  clearInterval(sending);
  await load.endAsync(true);
  const startOf = (wanted: ProgramClient): Start => {
    const { taken = [], cpu = [], peakMegabytes = Number.NaN } = programs.find(({ client }) => client === wanted) ?? {};
    return { milliseconds: median(taken), leastMilliseconds: Math.min(...taken), cpuMilliseconds: Math.min(...cpu), peakMegabytes };
  };
  return { sdk: startOf('sdk'), rx: startOf('rx'), rxBundled: startOf('rxBundled') };
}
