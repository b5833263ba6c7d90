import { connectAsync } from 'mqtt';
import { costOf, Device, told, type ProgramClient } from './programs.js';

export interface StartJob {
  readonly client: ProgramClient;
  readonly times: number;
  readonly socketPath: string;
}

export interface StartResult {
  /** From the start of the process to its first message, the median, in milliseconds. */
  readonly milliseconds: number;
  readonly peakMegabytes: number;
}

/** Between two messages, so that one comes as soon as the component is subscribed. */
const EVERY = 2;

/** How long a program takes from its start to its first message. */
export async function measureStart({ client, times }: StartJob): Promise<StartResult> {
  await using device = await Device.start('embedded');
  const file = await device.prepare('first', client);
  const load = await connectAsync(device.mqttUrl);
  const sending = setInterval(() => load.publish('sensors/s1/reading', '{"sensor":"s1","celsius":21.5}'), EVERY);
  const taken: number[] = [];
  let peakMegabytes = 0;
  // The first one reads its files from the disk.
  for (let i = 0; i <= times; i++) {
    const begun = performance.now();
    const program = device.run(file);
    await told(program, 'first');
    if (i > 0) taken.push(performance.now() - begun);
    ({ peakMegabytes } = await costOf(program));
  }
  clearInterval(sending);
  await load.endAsync(true);
  const milliseconds = taken.sort((a, b) => a - b)[Math.floor(taken.length / 2)];
  return { milliseconds: milliseconds ?? Number.NaN, peakMegabytes };
}
