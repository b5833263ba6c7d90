import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { bufferTime, filter, groupBy, map, mergeMap, type OperatorFunction, pipe, Subject } from 'rxjs';
import { aggregate, count, hopping, max, mean, session, sliding, tumbling } from '../../../src/operators/index.js';
import { costOfRepeated, cpuNanoseconds, type RepeatedCost } from './stopwatch.js';

/** Windows by this library, and as they are written with what RxJS has; or windows of one key, in event time, of a length. */
export type WindowsJob =
  | { readonly who: 'tumbling' | 'session' | 'rxjs'; readonly keys: number; readonly messages: number }
  | { readonly who: 'hopping' | 'sliding'; readonly size: number; readonly messages: number };

/** The results are in the processor time. */
export interface WindowsResult extends RepeatedCost {
  /** What is kept of an open window of all keys. */
  readonly megabytes: number;
}

interface Reading {
  readonly sensor: string;
  readonly celsius: number;
  readonly at: number;
}

const HOUR = 3_600_000;
/** Between readings of the one key whose windows differ in length. */
const STEP = 100;

const sensor = ({ sensor }: Reading): string => sensor;
const celsius = ({ celsius }: Reading): number => celsius;
const summary = aggregate({ n: count(), mean: mean(celsius), max: max(celsius) });

const ofBuffer = (readings: readonly Reading[]): { readonly n: number; readonly mean: number; readonly max: number } => ({
  n: readings.length,
  mean: readings.reduce((sum, { celsius }) => sum + celsius, 0) / readings.length,
  max: readings.reduce((so, { celsius }) => Math.max(so, celsius), -Infinity),
});

const operatorOf = (job: WindowsJob): OperatorFunction<Reading, unknown> => {
  const time = { timestamp: ({ at }: Reading) => at };
  switch (job.who) {
    case 'tumbling':
      return tumbling({ size: HOUR, key: sensor, aggregate: summary, maxKeys: job.keys });
    case 'session':
      return session({ gap: HOUR, key: sensor, aggregate: summary, maxKeys: job.keys });
    case 'rxjs':
      return pipe(
        groupBy(sensor),
        mergeMap(reading$ =>
          reading$.pipe(
            bufferTime(HOUR),
            filter(readings => readings.length > 0),
            map(ofBuffer),
          ),
        ),
      );
    case 'hopping':
      return hopping({ size: job.size, hop: 1_000, key: 'single', aggregate: summary, time });
    case 'sliding':
      return sliding({ size: job.size, resolution: 1_000, key: 'single', aggregate: summary, time });
  }
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const heapBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

/** What a reading costs in windows of many keys or of some length, and what an open window keeps. No wire, no waiting. */
export function measureWindows(job: WindowsJob): Promise<WindowsResult> {
  if ('keys' in job) {
    manyKeys({ ...job, keys: 100, messages: 300_000 });
    return Promise.resolve(manyKeys(job));
  }
  oneKey({ ...job, size: 10_000, messages: 300_000 });
  return Promise.resolve(oneKey(job));
}

/** Windows that hold ten readings of each sensor, or more of a few sensors, and end with the source. */
function manyKeys(job: Extract<WindowsJob, { readonly keys: number }>): WindowsResult {
  const { keys, messages } = job;
  // Bytes made text: what a template puts together takes its final shape, and size, only when it is first looked up.
  const sensors = Array.from({ length: keys }, (_, i) => Buffer.from(`plant/line-${i}/temperature`).toString());
  const perKey = Math.max(10, 10_000 / keys);
  const rounds = Math.ceil(messages / (keys * perKey));
  const operator = operatorOf(job);
  const costs: number[] = [];
  let megabytes = 0;
  for (let round = 0; round < rounds; round++) {
    const source = new Subject<Reading>();
    let results = 0;
    const before = round === rounds - 1 ? heapBytes() : 0;
    source.pipe(operator).subscribe(() => results++);
    let nanoseconds = cpuNanoseconds(() => {
      for (let i = 0; i < perKey; i++) for (const sensor of sensors) source.next({ sensor, celsius: 20 + (i % 10), at: i });
    });
    if (round === rounds - 1) megabytes = (heapBytes() - before) / 2 ** 20;
    nanoseconds += cpuNanoseconds(() => source.complete());
    costs.push(nanoseconds / (keys * perKey));
    if (results !== keys) throw new Error(`${job.who} gave ${results} results for ${keys} keys.`);
  }
  return { ...costOfRepeated(costs), megabytes };
}

/** Readings ten times a second, once windows are as full as they get. */
function oneKey(job: Extract<WindowsJob, { readonly size: number }>): WindowsResult {
  const { size, messages, who } = job;
  const source = new Subject<Reading>();
  let results = 0;
  const before = heapBytes();
  source.pipe(operatorOf(job)).subscribe(() => results++);
  let at = 0;
  const feed = (n: number): void => {
    for (let i = 0; i < n; i++, at += STEP) source.next({ sensor: 'one', celsius: 20 + (i % 10), at });
  };
  feed(size / STEP);
  const megabytes = (heapBytes() - before) / 2 ** 20;
  results = 0;
  const costs = Array.from({ length: 5 }, () => cpuNanoseconds(() => feed(messages / 5)) / (messages / 5));
  const expected = who === 'sliding' ? messages : (messages * STEP) / 1_000;
  if (Math.abs(results - expected) > 1) throw new Error(`${who} gave ${results} results, not ${expected}.`);
  source.unsubscribe();
  return { ...costOfRepeated(costs), megabytes };
}
