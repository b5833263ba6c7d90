import type { BenchClient } from '../clients/client.js';
import { openClient } from '../clients/open-client.js';
import { jsonPayload } from '../payload.js';
import { median } from '../statistics.js';
import { floodTopic } from '../topics.js';
import { Stopwatch } from './stopwatch.js';

export interface ScalingJob {
  readonly socketPath: string;
  readonly size: number;
  /** Messages of a small helping and of the large one. */
  readonly few: number;
  readonly many: number;
  /** Subscriptions that share a helping, as against one. */
  readonly subscriptions: number;
  /** Small helpings, of which the median is taken. */
  readonly repeats: number;
}

/** Processor time for one message, in microseconds. */
export interface ScalingResult {
  readonly received: { readonly few: number; readonly many: number };
  readonly published: { readonly few: number; readonly many: number };
  readonly subscriptions: { readonly one: number; readonly all: number };
}

/**
 * Whether a message costs the same however many there are, and however many subscriptions. All of it on one connection, compiled before.
 */
export async function measureScaling(job: ScalingJob): Promise<ScalingResult> {
  const client = await openClient('socket', { socketPath: job.socketPath, decode: false });
  const { size, few, many, subscriptions, repeats } = job;
  const receiving = (messages: number, streams: number) => () => receive(client, messages, size, streams);
  const publishing = (messages: number) => () => publish(client, messages, size);
  const repeated = async (run: () => Promise<number>): Promise<number> => {
    const costs: number[] = [];
    for (let i = 0; i < repeats; i++) costs.push(await run());
    return median(costs);
  };
  const helping = Math.floor(many / 10);
  await receive(client, helping, size, 1);
  const received = { few: await repeated(receiving(few, 1)), many: await receive(client, many, size, 1) };
  const one: number[] = [];
  const all: number[] = [];
  for (let i = 0; i < 5; i++) {
    one.push(await receive(client, helping, size, 1));
    all.push(await receive(client, helping, size, subscriptions));
  }
  await publish(client, helping, size);
  const published = { few: await repeated(publishing(few)), many: await publish(client, many, size) };
  await client.close();
  return { received, published, subscriptions: { one: median(one), all: median(all) } };
}

async function receive(client: BenchClient, messages: number, size: number, streams: number): Promise<number> {
  const stopwatch = new Stopwatch(0, messages);
  const topicName = floodTopic({ messages, size, streams, perSecond: 0 });
  const subscribe = (): Promise<void> => client.subscribe(topicName, () => stopwatch.count());
  await Promise.all(Array.from({ length: streams }, subscribe));
  return (await stopwatch.done).cpuMicroseconds;
}

async function publish(client: BenchClient, messages: number, size: number): Promise<number> {
  const stopwatch = new Stopwatch(0, messages);
  await client.publishMany(messages, 64, jsonPayload(size), () => stopwatch.count());
  return (await stopwatch.done).cpuMicroseconds;
}
