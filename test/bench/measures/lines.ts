import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { openProxy } from '../clients/proxy-client.js';
import { publishWritable } from '../../../src/flow/publish-writable.js';
import type { TransportName } from '../../../src/shared/profile.js';
import { QOS } from '../../../src/shared/qos.js';
import { LINES, LINES_AT_ONCE } from '../topics.js';
import { rssMegabytes } from './stopwatch.js';

export interface LinesJob {
  readonly transport: TransportName;
  readonly socketPath: string;
  readonly lines: number;
}

export interface LinesResult {
  /** Outcomes that say so. */
  readonly accepted: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly idleMegabytes: number;
  /** The most that memory grew over idle in each half of the file, in MB. */
  readonly growthInFirstHalf: number;
  readonly growthInSecondHalf: number;
}

const READ_EVERY = 500;

/** Publishes a file line by line to a server that takes only some at a time, through the end of a Node pipeline. */
export async function measureLines({ transport, socketPath, lines }: LinesJob): Promise<LinesResult> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const file = join(folder, 'lines.txt');
  await writeFile(file, Array.from({ length: lines }, (_, i) => `${i} ${'reading '.repeat(10)}\n`).join(''));
  const proxy = await openProxy(transport, socketPath);
  const idleMegabytes = rssMegabytes();
  let accepted = 0;
  let failed = 0;
  let growthInFirstHalf = 0;
  let growthInSecondHalf = 0;
  const onOutcome = (outcome: { readonly _tag: 'Left' | 'Right' }): void => {
    if (outcome._tag === 'Right') accepted++;
    else failed++;
    const outcomes = accepted + failed;
    if (outcomes % READ_EVERY !== 0) return;
    const growth = rssMegabytes() - idleMegabytes;
    if (outcomes <= lines / 2) growthInFirstHalf = Math.max(growthInFirstHalf, growth);
    else growthInSecondHalf = Math.max(growthInSecondHalf, growth);
  };
  const begun = performance.now();
  await pipeline(
    createInterface({ input: createReadStream(file) }),
    publishWritable(proxy, (line: string) => ({ topicName: LINES, payload: line, qos: QOS.AT_LEAST_ONCE }), {
      inFlight: LINES_AT_ONCE,
      onOutcome,
    }),
  );
  const perSecond = (lines * 1000) / (performance.now() - begun);
  await proxy.close();
  await rm(folder, { recursive: true });
  return { accepted, failed, perSecond, idleMegabytes, growthInFirstHalf, growthInSecondHalf };
}
