import type { ClientName, Service } from '../clients/client.js';
import { openClient } from '../clients/open-client.js';
import { jsonPayload } from '../payload.js';
import { latencyOf, type Latency } from '../statistics.js';

export interface RoundTripJob {
  readonly client: ClientName;
  readonly service?: Service | undefined;
  readonly socketPath: string;
  readonly warmUp: number;
  readonly messages: number;
  readonly size: number;
}

export interface RoundTripResult extends Latency {
  /** Processor time of the whole process for one, in microseconds. */
  readonly cpuMicroseconds: number;
}

/** How long a publish takes from the call to its acknowledgement, when nothing else is under way. */
export async function measureRoundTrip(job: RoundTripJob): Promise<RoundTripResult> {
  const client = await openClient(job.client, { ...job, decode: false });
  const payload = jsonPayload(job.size);
  const times: number[] = [];
  let cpu = process.cpuUsage();
  for (let i = 0; i < job.warmUp + job.messages; i++) {
    if (i === job.warmUp) cpu = process.cpuUsage();
    const begun = performance.now();
    await client.publish(payload);
    if (i >= job.warmUp) times.push(performance.now() - begun);
  }
  const { user, system } = process.cpuUsage(cpu);
  await client.close();
  return { ...latencyOf(times), cpuMicroseconds: (user + system) / job.messages };
}
