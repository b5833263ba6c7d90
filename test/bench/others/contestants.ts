import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { others } from '../../interop/peers.js';

/** A program that is not ours, and how it is started in its folder. `MQTT_PORT` and `QOS` are variables that each of them reads. */
export interface Other {
  readonly who: string;
  /** What there is if it is installed. */
  readonly part: string;
  readonly command: readonly [string, ...string[]];
}

const node = process.execPath;

export const OTHERS: readonly Other[] = [
  { who: 'Effect', part: 'node_modules/effect', command: [node, 'effect.mjs'] },
  {
    who: 'Node-RED',
    part: 'node_modules/node-red',
    command: [node, 'node_modules/node-red/red.js', '--userDir', 'node-red', '--settings', 'node-red/settings.cjs'],
  },
  { who: 'Telegraf', part: 'bin/telegraf', command: ['bin/telegraf', '--config', 'telegraf.conf'] },
  { who: 'Benthos', part: 'bin/benthos', command: ['bin/benthos', '-c', 'benthos/pipeline.yaml'] },
];

/** Where test/bench/others/install.sh has put it. */
export function folderOf({ part }: Other): string | undefined {
  return others !== undefined && existsSync(join(others, part)) ? others : undefined;
}
