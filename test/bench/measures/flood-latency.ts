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

/** From the server's sending to the subscriber, and from `publish` to its outcome. */
export interface Latencies {
  readonly received: Latency;
  readonly published: Latency;
}

/**
 * Of the proxy that has the flood, and of a bare socket beside it, on a connection of its own in the same process: no client can be faster
 * than that.
 */
export interface FloodLatencies extends Latencies {
  readonly bare: Latencies;
}

export interface FloodLatencyResult {
  readonly idle: FloodLatencies;
  readonly flooded: FloodLatencies;
  readonly floodPerSecond: number;
}

/** Milliseconds between two messages, and between two publishes. Not a multiple of the server's ticks, so that they meet it anywhere. */
const EVERY = 3;
const WARM_UP = 1_500;

/** How long another subscription's messages and publishes of the same proxy take while a flood meets a slow stage. */
export async function measureFloodLatency(job: FloodLatencyJob): Promise<FloodLatencyResult> {
  const proxy = await openProxy(job.transport, job.socketPath);
  const bare = await openBare({ socketPath: job.socketPath, decode: false });
  const own = new Taken();
  const beside = new Taken();
  const topicName = probeTopic(EVERY);
  const probes = proxy.subscribe({ topicName, qos: QOS.AT_MOST_ONCE }).subscribe(message => {
    if (message._tag === 'Left') throw message.left;
    own.received.push(since(message.right.payload));
  });
  await bare.subscribe(topicName, payload => beside.received.push(since(payload)));
  const underWay = new Set<Promise<unknown>>();
  const timed = (publish: () => Promise<unknown>, taken: number[]): void => {
    const begun = performance.now();
    const published: Promise<unknown> = publish().then(() => {
      taken.push(performance.now() - begun);
      underWay.delete(published);
    });
    underWay.add(published);
  };
  let turn = 0;
  let isBareFree = true;
  // By turns: of two at once one would wait for the other. And of the bare one's one at a time, since it does not tell answers apart.
  const publishing = setInterval(() => {
    if (turn++ % 2 === 0) timed(() => publishOnce(proxy), own.published);
    else if (isBareFree) {
      isBareFree = false;
      timed(() => bare.publish(jsonPayload(128)).then(() => (isBareFree = true)), beside.published);
    }
  }, EVERY / 2);
  const take = (): FloodLatencies => ({ ...own.take(), bare: beside.take() });
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
  await Promise.all([proxy.close(), bare.close()]);
  return { idle, flooded, floodPerSecond };
}

/** What was measured since it was last asked. */
class Taken {
  readonly received: number[] = [];
  readonly published: number[] = [];

  take(): Latencies {
    return { received: latencyOf(this.received.splice(0)), published: latencyOf(this.published.splice(0)) };
  }
}

/** Milliseconds since the server sent this. */
function since(payload: ArrayBufferView | ArrayBuffer): number {
  const bytes = ArrayBuffer.isView(payload) ? Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength) : Buffer.from(payload);
  return Number(process.hrtime.bigint() - BigInt(bytes.toString())) / 1e6;
}

async function publishOnce(proxy: MqttProxy): Promise<void> {
  const outcome = await proxy.publish({ topicName: OUT, payload: jsonPayload(128), qos: QOS.AT_LEAST_ONCE })();
  // A timeout is a latency too: at least that long.
  if (outcome._tag === 'Left' && outcome.left._tag !== 'TimedOut') throw outcome.left;
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
