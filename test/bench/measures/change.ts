import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { auditTime, distinctUntilChanged, groupBy, merge, mergeMap, type MonoTypeOperatorFunction, pipe, Subject, take, timer } from 'rxjs';
import { changeOf, deadband, dedupe } from '../../../src/operators/index.js';
import { costOfRepeated, cpuNanoseconds, type RepeatedCost } from './stopwatch.js';

/** Each by this library, and as it is written with what RxJS has. */
export type ChangeOperator = 'deadband' | 'deadband with a heartbeat' | 'changeOf' | 'dedupe';

export interface ChangeJob {
  readonly operator: ChangeOperator;
  readonly who: 'greengrass-rx' | 'rxjs';
  readonly keys: number;
  readonly messages: number;
}

export interface ChangeResult extends RepeatedCost {
  /** What is remembered of all keys, without the readings themselves. */
  readonly megabytes: number;
}

interface Reading {
  readonly sensor: string;
  readonly celsius: number;
  readonly door: string;
}

const LIFE = 3_600_000;
const sensor = ({ sensor }: Reading): string => sensor;
const celsius = ({ celsius }: Reading): number => celsius;

/** Readings that need a memory to tell what is news: of ten of a sensor one is. The sensors come by turns, as they do. */
const PHASES = [20, 20.1, 20.2, 20.1, 20, 20.3, 20.1, 20.2, 20.1, 26];
const readingsOf = (keys: number): readonly Reading[] => {
  // Bytes made text: what a template puts together takes its final shape, and size, only when it is first looked up.
  const sensors = Array.from({ length: keys }, (_, i) => Buffer.from(`plant/line-${i}/temperature`).toString());
  return PHASES.flatMap(celsius => sensors.map(sensor => ({ sensor, celsius, door: celsius > 25 ? 'open' : 'shut' })));
};

const perSensor = (operator: MonoTypeOperatorFunction<Reading>): MonoTypeOperatorFunction<Reading> =>
  pipe(groupBy(sensor), mergeMap(operator));

const isNear = (last: Reading, now: Reading): boolean => Math.abs(now.celsius - last.celsius) <= 1;

const operatorOf = ({ operator, who, keys }: ChangeJob): MonoTypeOperatorFunction<Reading> => {
  const bounds = { key: sensor, maxKeys: keys };
  const ours = who === 'greengrass-rx';
  switch (operator) {
    case 'deadband':
      return ours ? deadband({ ...bounds, value: celsius, absolute: 1 }) : perSensor(distinctUntilChanged(isNear));
    case 'deadband with a heartbeat':
      return ours
        ? deadband({ ...bounds, value: celsius, absolute: 1, heartbeat: LIFE })
        : perSensor(reading$ => merge(reading$.pipe(distinctUntilChanged(isNear)), reading$.pipe(auditTime(LIFE))));
    case 'changeOf':
      return ours ? changeOf({ ...bounds, of: ['door'] }) : perSensor(distinctUntilChanged((last, now) => last.door === now.door));
    case 'dedupe':
      return ours
        ? dedupe({ ...bounds, ttl: LIFE })
        : pipe(
            groupBy(sensor, { duration: () => timer(LIFE) }),
            mergeMap(reading$ => reading$.pipe(take(1))),
          );
  }
};

/** How many of ten readings of a sensor pass, once it has been seen. */
const PASSING: Readonly<Record<ChangeOperator, number>> = { deadband: 2, 'deadband with a heartbeat': 2, changeOf: 2, dedupe: 0 };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const heapBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

/** What a reading costs in an operator that tells so many sensors apart, and what is remembered of them. No wire, no waiting. */
export function measureChange(job: ChangeJob): Promise<ChangeResult> {
  feed({ ...job, keys: 100, messages: 300_000 });
  return Promise.resolve(feed(job));
}

function feed(job: ChangeJob): ChangeResult {
  const { operator, keys, messages } = job;
  const readings = readingsOf(keys);
  const source = new Subject<Reading>();
  let passed = 0;
  const before = heapBytes();
  const subscription = source.pipe(operatorOf(job)).subscribe(() => passed++);
  for (const reading of readings) source.next(reading);
  const megabytes = (heapBytes() - before) / 2 ** 20;

  passed = 0;
  const rounds = Math.ceil(messages / readings.length);
  // Few readings take less time than can be read off.
  const helping = Math.ceil(rounds / 5);
  const costs: number[] = [];
  for (let done = 0; done < rounds; done += helping) {
    const now = Math.min(helping, rounds - done);
    const nanoseconds = cpuNanoseconds(() => {
      for (let round = 0; round < now; round++) for (const reading of readings) source.next(reading);
    });
    costs.push(nanoseconds / (now * readings.length));
  }
  subscription.unsubscribe();
  const expected = rounds * keys * PASSING[operator];
  if (passed !== expected)
    throw new Error(`${operator} of ${job.who} passed ${passed} of ${rounds * readings.length} readings, not ${expected}.`);
  return { ...costOfRepeated(costs), megabytes };
}
