import { filter, map, mergeMap, type Observable, of, type OperatorFunction, range, scan } from 'rxjs';
import { concurrently } from '../../../src/flow/concurrently.js';
import { median } from '../statistics.js';
import { cpuNanoseconds } from './stopwatch.js';

export interface StageCostJob {
  readonly messages: number;
  readonly repeats: number;
}

export interface StageCostResult {
  /** Nanoseconds of processor time for each value that goes into the pipeline, medians. */
  readonly concurrently: number;
  readonly mergeMap: number;
  /** The median of the ratios of neighbouring runs. */
  readonly ratio: number;
}

/** What `concurrently` costs in a pipeline of plain operators, next to `mergeMap`, which queues without bound. No wire, no waiting. */
export function measureStageCost({ messages, repeats }: StageCostJob): Promise<StageCostResult> {
  const bounded: number[] = [];
  const plain: number[] = [];
  // The first runs of each are for the compiler.
  for (let run = -2; run < repeats; run++) {
    const concurrentlyCost = nanosecondsEach(
      messages,
      concurrently(16, (value: number) => of(value)),
    );
    const mergeMapCost = nanosecondsEach(
      messages,
      mergeMap((value: number) => of(value), 16),
    );
    if (run < 0) continue;
    bounded.push(concurrentlyCost);
    plain.push(mergeMapCost);
  }
  const ratio = median(bounded.map((cost, i) => cost / (plain[i] ?? 0)));
  return Promise.resolve({ concurrently: median(bounded), mergeMap: median(plain), ratio });
}

function nanosecondsEach(messages: number, stage: OperatorFunction<number, unknown>): number {
  let results = 0;
  const nanoseconds = cpuNanoseconds(() => {
    segment(range(messages))
      .pipe(stage)
      .subscribe(() => results++);
  });
  if (results !== Math.ceil(messages / 2)) throw new Error(`The stage gave ${results} results for ${messages} values.`);
  return nanoseconds / messages;
}

const segment = (source$: Observable<number>): Observable<number> =>
  source$.pipe(
    map(value => value + 1),
    filter(value => value % 2 === 1),
    scan((sum, value) => sum + value, 0),
  );
