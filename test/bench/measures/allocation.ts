import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { openClient } from '../clients/open-client.js';
import { jsonPayload } from '../payload.js';
import { median } from '../statistics.js';

export interface AllocationJob {
  readonly socketPath: string;
  readonly warmUp: number;
  /** Publishes of a burst: few enough for the young generation, so that nothing of it is collected before it is read. */
  readonly burst: number;
  readonly bursts: number;
  readonly size: number;
  readonly inFlight: number;
}

export interface AllocationResult {
  /** Bytes of the heap that a publish takes, from the value in the stage to its outcome, medians. */
  readonly bytes: number;
}

/** Entries of the collector come a turn or two later. */
const observed = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await setImmediate();
};

/** What a publish through `publishTo` allocates. */
export async function measureAllocation({ socketPath, warmUp, burst, bursts, size, inFlight }: AllocationJob): Promise<AllocationResult> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  let collections = 0;
  const observer = new PerformanceObserver(list => (collections += list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  const client = await openClient('socket', { socketPath, decode: false });
  const payload = jsonPayload(size);
  const nothing = (): void => undefined;
  await client.publishMany(warmUp, inFlight, payload, nothing);
  const samples: number[] = [];
  for (let i = 0; i < bursts; i++) {
    collectGarbage();
    await observed();
    collections = 0;
    const before = process.memoryUsage().heapUsed;
    await client.publishMany(burst, inFlight, payload, nothing);
    const bytes = process.memoryUsage().heapUsed - before;
    await observed();
    if (collections === 0) samples.push(bytes / burst);
  }
  observer.disconnect();
  await client.close();
  if (samples.length === 0) throw new Error('There was a collection in every burst: make them smaller.');
  return { bytes: median(samples) };
}
