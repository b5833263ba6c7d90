import type { ClientName, Service } from '../clients/client.js';
import { openClient } from '../clients/open-client.js';
import { floodTopic } from '../topics.js';
import { Stopwatch, type Throughput } from './stopwatch.js';

export interface SubscribeJob {
  readonly client: ClientName;
  readonly service?: Service | undefined;
  readonly socketPath: string;
  readonly decode: boolean;
  readonly warmUp: number;
  readonly messages: number;
  readonly size: number;
  /** Subscriptions that share the messages. */
  readonly subscriptions: number;
}

/** How fast messages come out of a subscription whose server sends as fast as it is read. */
export async function measureSubscribe(job: SubscribeJob): Promise<Throughput> {
  const { warmUp, messages, size, subscriptions } = job;
  const client = await openClient(job.client, job);
  const stopwatch = new Stopwatch(warmUp, messages);
  const topicName = floodTopic({ messages: warmUp + messages, size, streams: subscriptions, perSecond: 0, json: job.decode });
  const subscribe = (): Promise<void> => client.subscribe(topicName, () => stopwatch.count());
  const throughput = await Promise.all([stopwatch.done, ...Array.from({ length: subscriptions }, subscribe)]);
  await client.close();
  return throughput[0];
}
