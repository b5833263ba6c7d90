import { filter, takeWhile, tap, timer } from 'rxjs';
import { openBare } from '../clients/bare-client.js';
import { openProxy } from '../clients/proxy-client.js';
import { concurrently } from '../../../src/flow/concurrently.js';
import type { TransportName } from '../../../src/shared/profile.js';
import type { MqttProxy } from '../../../src/ports/mqtt-proxy.js';
import { QOS } from '../../../src/shared/qos.js';
import { onRights } from '../../../src/stream/on-rights.js';
import { jsonPayload } from '../payload.js';
import { latencyOf, type Latency } from '../statistics.js';
import { floodTopic, OUT, probeTopic } from '../topics.js';

export interface FloodLatencyJob {
  readonly transport: TransportName;
  readonly socketPath: string;
  readonly messages: number;
  readonly size: number;
  /** `0`: as fast as the client reads. */
  readonly perSecond: number;
  /** How long to measure without the flood, in milliseconds. */
  readonly idle: number;
}

/** From the server's sending to the subscriber, and from `publish` to its outcome; before the flood and during it. */
export interface FloodLatencyResult {
  readonly idle: { readonly received: Latency; readonly published: Latency };
  readonly flooded: { readonly received: Latency; readonly published: Latency };
  readonly floodPerSecond: number;
}

/** Milliseconds between two messages, and between two publishes. Not a multiple of the server's ticks, so that they meet it anywhere. */
const EVERY = 3;
const WARM_UP = 1_500;

/** How long another subscription's messages and publishes of the same proxy take while a flood meets a slow stage. */
export async function measureFloodLatency(job: FloodLatencyJob): Promise<FloodLatencyResult> {
  const proxy = await openProxy(job.transport, job.socketPath);
  let received: number[] = [];
  let published: number[] = [];
  const probes = proxy.subscribe({ topicName: probeTopic(EVERY), qos: QOS.AT_MOST_ONCE }).subscribe(message => {
    if (message._tag === 'Left') throw message.left;
    const sent = BigInt(Buffer.from(message.right.payload).toString());
    received.push(Number(process.hrtime.bigint() - sent) / 1e6);
  });
  const underWay = new Set<Promise<unknown>>();
  const publishing = setInterval(() => {
    const publish: Promise<unknown> = timePublish(proxy).then(milliseconds => {
      published.push(milliseconds);
      underWay.delete(publish);
    });
    underWay.add(publish);
  }, EVERY);
  /** The latencies since the last call. */
  const take = (): FloodLatencyResult['idle'] => {
    const taken = { received: latencyOf(received), published: latencyOf(published) };
    received = [];
    published = [];
    return taken;
  };
  const passed = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

  // The code of the flood is warm before anything is measured, as in a component that has run for a while.
  await flood(proxy, { ...job, messages: 20_000 });
  await passed(WARM_UP);
  take();
  await passed(job.idle);
  const idle = take();
  const floodPerSecond = await flood(proxy, job);
  const flooded = take();
  clearInterval(publishing);
  await Promise.all(underWay);
  probes.unsubscribe();
  await proxy.close();
  return { idle, flooded, floodPerSecond };
}

/** The same for the messages of the other subscription, where nothing but reading and decoding stands in their way. */
export async function measureBareFloodLatency(
  job: Omit<FloodLatencyJob, 'transport'>,
): Promise<{ readonly idle: Latency; readonly flooded: Latency }> {
  const { socketPath, messages, size, perSecond, idle } = job;
  const client = await openBare({ socketPath, decode: false });
  let received: number[] = [];
  let left = 0;
  let flooded = (): void => undefined;
  const onMessage = (payload: ArrayBufferView | ArrayBuffer): void => {
    if (payload.byteLength === size) {
      if (--left === 0) flooded();
    } else received.push(Number(process.hrtime.bigint() - BigInt(textOf(payload))) / 1e6);
  };
  const flooding = async (many: number): Promise<void> => {
    left = many;
    const done = new Promise<void>(resolve => (flooded = resolve));
    await client.subscribe(floodTopic({ messages: many, size, streams: 1, perSecond }), onMessage);
    await done;
  };
  const take = (): Latency => {
    const taken = latencyOf(received);
    received = [];
    return taken;
  };
  const passed = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

  await client.subscribe(probeTopic(EVERY), onMessage);
  await flooding(20_000);
  await passed(WARM_UP);
  take();
  await passed(idle);
  const quiet = take();
  await flooding(messages);
  const result = { idle: quiet, flooded: take() };
  await client.close();
  return result;
}

const textOf = (payload: ArrayBufferView | ArrayBuffer): string =>
  (ArrayBuffer.isView(payload) ? Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength) : Buffer.from(payload)).toString();

async function timePublish(proxy: MqttProxy): Promise<number> {
  const begun = performance.now();
  const outcome = await proxy.publish({ topicName: OUT, payload: jsonPayload(128), qos: QOS.AT_LEAST_ONCE })();
  // A timeout is a latency too: at least that long.
  if (outcome._tag === 'Left' && outcome.left._tag !== 'TimedOut') throw outcome.left;
  return performance.now() - begun;
}

/** Resolves with the speed of the flood when its last message has come. */
function flood(proxy: MqttProxy, { messages, size, perSecond }: FloodLatencyJob): Promise<number> {
  const topicName = floodTopic({ messages, size, streams: 1, perSecond });
  const begun = performance.now();
  let received = 0;
  return new Promise((resolve, reject) => {
    proxy
      .subscribe({ topicName, qos: QOS.AT_MOST_ONCE })
      .pipe(
        onRights(messages$ =>
          messages$.pipe(
            tap(() => received++),
            takeWhile(() => received < messages, true),
            tap({ complete: () => resolve((received * 1000) / (performance.now() - begun)) }),
            concurrently(1, () => timer(1), { buffer: { messages: 1_000, onFull: 'dropOldest' } }),
          ),
        ),
        filter(result => result._tag === 'Left' && result.left._tag !== 'Overflowed'),
      )
      .subscribe({ next: reject, error: reject });
  });
}
