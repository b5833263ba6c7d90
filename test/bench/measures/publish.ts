import type { ClientName } from '../clients/client.js';
import { openClient } from '../clients/open-client.js';
import { jsonPayload } from '../payload.js';
import { Stopwatch, type Throughput } from './stopwatch.js';

export interface PublishJob {
  readonly client: ClientName;
  readonly socketPath: string;
  readonly warmUp: number;
  readonly messages: number;
  readonly size: number;
  readonly inFlight: number;
}

/** How fast publishes are acknowledged. */
export async function measurePublish(job: PublishJob): Promise<Throughput> {
  const client = await openClient(job.client, { socketPath: job.socketPath, decode: false });
  const stopwatch = new Stopwatch(job.warmUp, job.messages);
  await client.publishMany(job.warmUp + job.messages, job.inFlight, jsonPayload(job.size), () => stopwatch.count());
  const throughput = await stopwatch.done;
  await client.close();
  return throughput;
}
