import { connectAsync } from 'mqtt';
import { median } from '../statistics.js';
import { costOf, Device, told, type ProgramClient } from './programs.js';

export interface StartJob {
  /** How often each is started. */
  readonly times: number;
  readonly socketPath: string;
}

/** From the start of the process to its first message, the median, in milliseconds; and the most memory it had. */
interface Start {
  readonly milliseconds: number;
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
    CLIENTS.map(async client => ({ client, file: await device.prepare('first', client), taken: [] as number[], peakMegabytes: 0 })),
  );
  const load = await connectAsync(device.mqttUrl);
  const sending = setInterval(() => load.publish('sensors/s1/reading', '{"sensor":"s1","celsius":21.5}'), EVERY);
  // The first one reads its files from the disk.
  for (let i = 0; i <= times; i++)
    for (const each of programs) {
      const begun = performance.now();
      const program = device.run(each.file);
      await told(program, 'first');
      if (i > 0) each.taken.push(performance.now() - begun);
      ({ peakMegabytes: each.peakMegabytes } = await costOf(program));
    }
  clearInterval(sending);
  await load.endAsync(true);
  const startOf = (wanted: ProgramClient): Start => {
    const { taken = [], peakMegabytes = Number.NaN } = programs.find(({ client }) => client === wanted) ?? {};
    return { milliseconds: median(taken), peakMegabytes };
  };
  return { sdk: startOf('sdk'), rx: startOf('rx'), rxBundled: startOf('rxBundled') };
}
