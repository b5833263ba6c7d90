import { mergeMap, Observable, type OperatorFunction, range, type Subscriber } from 'rxjs';
import { concurrently } from '../../../src/flow/concurrently.js';
import { cpuNanoseconds } from './stopwatch.js';

export interface BacklogJob {
  readonly stage: 'concurrently' | 'mergeMap';
  /** Values that come before the first one is done. */
  readonly backlog: number;
  /** Values worked off before the measurement, for the compiler, by backlogs of 10 000. */
  readonly warmUp: number;
}

export interface BacklogResult {
  /** Processor time over values. */
  readonly nanosecondsEach: number;
}

const WARM_UP_BACKLOG = 10_000;

/** What a value costs in a stage where so many wait. 64 are under way at once and are done one after the other. */
export function measureBacklog({ stage, backlog, warmUp }: BacklogJob): Promise<BacklogResult> {
  for (let done = 0; done < warmUp; done += WARM_UP_BACKLOG) workOff(stage, WARM_UP_BACKLOG);
  // As many values whatever the backlog, so that each figure stands for as much work.
  const runs = Math.max(1, Math.floor(1_000_000 / backlog));
  let nanoseconds = 0;
  for (let run = 0; run < (stage === 'concurrently' ? runs : 1); run++) nanoseconds += workOff(stage, backlog);
  return Promise.resolve({ nanosecondsEach: nanoseconds / backlog / (stage === 'concurrently' ? runs : 1) });
}

function workOff(stage: BacklogJob['stage'], backlog: number): number {
  let underWay: Subscriber<number>[] = [];
  const work = (): Observable<number> => new Observable<number>(subscriber => void underWay.push(subscriber));
  const operator: OperatorFunction<number, unknown> =
    stage === 'concurrently' ? concurrently(64, work, { buffer: { messages: backlog, onFull: 'fail' } }) : mergeMap(work, 64);
  let results = 0;
  const nanoseconds = cpuNanoseconds(() => {
    range(backlog)
      .pipe(operator)
      .subscribe(() => results++);
    while (underWay.length > 0) {
      const now = underWay;
      underWay = [];
      for (const subscriber of now) {
        subscriber.next(1);
        subscriber.complete();
      }
    }
  });
  if (results !== backlog) throw new Error(`${stage} gave ${results} results for ${backlog} values.`);
  return nanoseconds;
}
