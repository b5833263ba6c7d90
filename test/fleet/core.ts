/**
 * A core of the fleet: runs a meter until all its readings have been sent, or it is killed. Arguments: device, readings. Says `stored n`
 * for each message.
 */
import { writeSync } from 'node:fs';
import { runComponent } from '../../src/component/index.js';
import { meter } from './meter.js';

const [device = '0', readings = '0'] = process.argv.slice(2);

/** Writes at once, so that a kill loses nothing that was said. While a slow reader leaves the pipe full, it tries again. */
function say(text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0;)
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
}

const run = await runComponent(
  meter({ device: Number(device), readings: Number(readings), onStored: messages => say(`stored ${messages}\n`) }),
);
process.exit(run.code);
