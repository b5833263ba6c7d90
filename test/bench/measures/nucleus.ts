import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClientName } from '../clients/client.js';
import { openClient } from '../clients/open-client.js';
import { jsonPayload } from '../payload.js';
import { FLOOD_TOPIC } from '../topics.js';
import type { NucleusNews, NucleusQuestion } from '../server/nucleus-main.js';
import { Stopwatch, type Throughput } from './stopwatch.js';

export interface NucleusJob {
  readonly client: ClientName;
  readonly socketPath: string;
  readonly profile: 'classic' | 'lite';
  /** `publish`: the client's publishes are taken, checked and acknowledged. `deliver`: messages of the cloud go to its subscription. */
  readonly direction: 'publish' | 'deliver';
  readonly warmUp: number;
  readonly messages: number;
  readonly size: number;
  readonly inFlight: number;
}

export interface NucleusThroughput extends Throughput {
  /** Processor time of the nucleus for one message, in microseconds: the warm-up counts. */
  readonly nucleusMicroseconds: number;
}

/** How fast a client is on the local nucleus; with the bare loop, how fast the nucleus is. */
export async function measureNucleus(job: NucleusJob): Promise<NucleusThroughput> {
  const { direction, warmUp, messages, size } = job;
  const nucleus = fork(fileURLToPath(new URL('../server/nucleus-main.js', import.meta.url)), [job.profile], {
    execArgv: process.execArgv,
  });
  const begun = await news(nucleus);
  if (!('socketPath' in begun)) throw new Error('The nucleus did not say where it listens.');
  const client = await openClient(job.client, { ...begun, decode: false });
  const ask = (question: NucleusQuestion): boolean => nucleus.send(question);
  const stopwatch = new Stopwatch(warmUp, messages);
  const all = warmUp + messages;
  if (direction === 'publish') await client.publishMany(all, job.inFlight, jsonPayload(size), () => stopwatch.count());
  else {
    await client.subscribe(FLOOD_TOPIC, () => stopwatch.count());
    ask({ flood: all, size });
  }
  const throughput = await stopwatch.done;
  const cost = news(nucleus);
  ask({ costOf: all });
  const answer = await cost;
  await client.close();
  nucleus.disconnect();
  await once(nucleus, 'exit');
  return { ...throughput, nucleusMicroseconds: 'cpuMicroseconds' in answer ? answer.cpuMicroseconds : Number.NaN };
}

async function news(nucleus: ChildProcess): Promise<NucleusNews> {
  const [message] = (await once(nucleus, 'message')) as [NucleusNews];
  return message;
}
