import { takeWhile, tap, timer } from 'rxjs';
import { openProxy } from '../clients/proxy-client.js';
import { concurrently } from '../../../src/flow/concurrently.js';
import { Ledger } from '../../../src/flow/ledger.js';
import type { TransportName } from '../../../src/shared/profile.js';
import type { Profile } from '../../../src/ports/mqtt-proxy.js';
import { QOS } from '../../../src/shared/qos.js';
import { onRights } from '../../../src/stream/on-rights.js';
import { floodTopic } from '../topics.js';
import { rssMegabytes } from './stopwatch.js';

export interface SlowStageJob {
  readonly transport: TransportName;
  readonly profile: Profile;
  readonly socketPath: string;
  readonly messages: number;
  readonly size: number;
  /** Where memory is read for the first time; the second time is at the end. */
  readonly firstReading: number;
}

export interface SlowStageResult {
  readonly idleMegabytes: number;
  /** Growth over idle, in MB. */
  readonly growthAtFirst: number;
  readonly growthAtEnd: number;
  readonly growthPeak: number;
  readonly perSecond: number;
  /** Messages for each one the stage was done with: how many times too slow it was. */
  readonly timesTooSlow: number;
  /** The most values that were inside the stage. */
  readonly peakInside: number;
  /** Whether every message was emitted, dropped and counted, or still inside. */
  readonly allAccountedFor: boolean;
}

const READ_EVERY = 5_000;

/** What memory does while a flood meets a stage that takes a millisecond for each message. */
export async function measureSlowStage(job: SlowStageJob): Promise<SlowStageResult> {
  const proxy = await openProxy(job.transport, job.socketPath, job.profile);
  const ledger = new Ledger();
  const idleMegabytes = rssMegabytes();
  let received = 0;
  let growthAtFirst = 0;
  let growthPeak = 0;
  let reportedDropped = 0;
  let begun = 0;
  const readMemory = (): number => {
    const growth = rssMegabytes() - idleMegabytes;
    growthPeak = Math.max(growthPeak, growth);
    return growth;
  };
  const count = (): void => {
    if (received === 0) begun = performance.now();
    received++;
    if (received % READ_EVERY === 0) readMemory();
    if (received === job.firstReading) growthAtFirst = readMemory();
  };
  const topicName = floodTopic({ messages: job.messages, size: job.size, streams: 1, perSecond: 0 });
  let seconds = 0;
  let growthAtEnd = 0;
  let handled = 0;
  await new Promise<void>((resolve, reject) => {
    proxy
      .subscribe({ topicName, qos: QOS.AT_MOST_ONCE })
      .pipe(
        onRights(messages$ =>
          messages$.pipe(
            tap(count),
            // With the last message the source ends, and the stage works off what waits.
            takeWhile(() => received < job.messages, true),
            tap({
              complete: () => {
                seconds = (performance.now() - begun) / 1000;
                growthAtEnd = readMemory();
              },
            }),
            concurrently(1, () => timer(1), { buffer: { messages: 1_000, onFull: 'dropOldest' }, ledger }),
          ),
        ),
      )
      .subscribe({
        next: result => {
          if (result._tag === 'Right') handled += seconds === 0 ? 1 : 0;
          else if (result.left._tag === 'Overflowed') reportedDropped += result.left.messages;
          else reject(result.left);
        },
        error: reject,
        complete: resolve,
      });
  });
  await proxy.close();
  const [account] = ledger.snapshot().stages;
  if (account === undefined) throw new Error('The stage is not in the ledger.');
  return {
    idleMegabytes,
    growthAtFirst,
    growthAtEnd,
    growthPeak,
    perSecond: job.messages / seconds,
    timesTooSlow: job.messages / Math.max(1, handled),
    peakInside: account.peak.messages,
    allAccountedFor:
      account.received.messages === job.messages &&
      account.emitted.messages + account.dropped.messages === job.messages &&
      account.dropped.messages === reportedDropped,
  };
}
