import * as t from 'io-ts';
import { bufferCount, map, type OperatorFunction, pipe, Subject } from 'rxjs';
import { ndjson } from '../../../src/codec/index.js';
import { Ledger } from '../../../src/flow/index.js';
import { encodeBatches } from '../../../src/operators/index.js';
import { median } from '../statistics.js';
import { cpuNanoseconds } from './stopwatch.js';

export interface BatchingJob {
  readonly who: 'greengrass-rx' | 'greengrass-rx, gzip' | 'rxjs';
  readonly messages: number;
  readonly repeats: number;
}

export interface BatchingResult {
  /** Nanoseconds of processor time for a reading that leaves in a payload. */
  readonly nanosecondsEach: number;
  readonly readingsPerPayload: number;
}

const Reading = t.type({ sensor: t.string, celsius: t.number, at: t.number });
type Reading = t.TypeOf<typeof Reading>;

const BYTES = 4_900;
/** So many of the readings below are within the bound; RxJS has to be told, and would go over it with longer ones. */
const COUNT = 72;

/** Gives the payloads' numbers of readings. */
const operatorOf = (who: BatchingJob['who']): OperatorFunction<Reading, number> => {
  if (who === 'rxjs')
    return pipe(
      bufferCount(COUNT),
      map(readings => {
        const payload = readings.map(reading => `${JSON.stringify(reading)}\n`).join('');
        return Buffer.byteLength(payload) > BYTES ? Number.NaN : readings.length;
      }),
    );
  return pipe(
    encodeBatches({ format: ndjson(Reading), bytes: BYTES, gzip: who === 'greengrass-rx, gzip', ledger: new Ledger() }),
    map(batch => (batch._tag === 'Right' && batch.right.bytes <= BYTES ? batch.right.values.length : Number.NaN)),
  );
};

/** What a reading costs that is encoded and put into a payload with others. No wire, no waiting. */
export function measureBatching({ who, messages, repeats }: BatchingJob): Promise<BatchingResult> {
  const readings = Array.from({ length: 1_000 }, (_, i): Reading => ({
    sensor: `line ${i % 10}, inlet`,
    celsius: 20 + (i % 100) / 100,
    at: 1_700_000_000_000 + i,
  }));
  const source$ = new Subject<Reading>();
  let [payloads, batched] = [0, 0];
  source$.pipe(operatorOf(who)).subscribe(count => {
    payloads++;
    batched += count;
  });
  const costs: number[] = [];
  for (let run = -2; run < repeats; run++) {
    const nanoseconds = cpuNanoseconds(() => {
      for (let sent = 0; sent < messages; sent += readings.length) for (const reading of readings) source$.next(reading);
    });
    if (run >= 0) costs.push(nanoseconds / messages);
  }
  source$.complete();
  const expected = messages * (repeats + 2);
  if (batched !== expected) throw new Error(`${who} put ${batched} of ${expected} readings into payloads within the bound.`);
  return Promise.resolve({ nanosecondsEach: median(costs), readingsPerPayload: batched / payloads });
}
