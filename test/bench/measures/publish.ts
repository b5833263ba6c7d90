import type { ClientName, Service } from '../clients/client.js';
import { openClient } from '../clients/open-client.js';
import { jsonPayload } from '../payload.js';
import { Stopwatch, type Throughput } from './stopwatch.js';

export interface PublishJob {
  readonly client: ClientName;
  readonly service?: Service | undefined;
  readonly socketPath: string;
  readonly warmUp: number;
  readonly messages: number;
  readonly size: number;
  readonly inFlight: number;
  /** On local topics: as a JSON message, and not as bytes. */
  readonly json?: boolean | undefined;
}

/** How fast publishes are acknowledged. */
export async function measurePublish(job: PublishJob): Promise<Throughput> {
  const client = await openClient(job.client, { ...job, decode: job.json ?? false });
  const stopwatch = new Stopwatch(job.warmUp, job.messages);
  await client.publishMany(job.warmUp + job.messages, job.inFlight, jsonPayload(job.size), () => stopwatch.count());
  const throughput = await stopwatch.done;
  await client.close();
  return throughput;
}
