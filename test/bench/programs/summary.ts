import { bufferTime, filter, groupBy, map, mergeMap, type Observable } from 'rxjs';
import * as t from 'io-ts';

/** What the peers' pipelines check, with the same io-ts. */
export const Reading = t.type({ sensor: t.string, celsius: t.number });
export type Reading = t.TypeOf<typeof Reading>;

/** A result, as everybody publishes it. */
export interface Summary {
  readonly sensor: string;
  readonly count: number;
  readonly mean: number;
  readonly max: number;
}

/** A payload as a reading; `undefined` if it is none. */
export function readingOf(payload: Uint8Array): Reading | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString());
  } catch {
    return undefined;
  }
  const decoded = Reading.decode(parsed);
  return decoded._tag === 'Right' ? decoded.right : undefined;
}

/** A window of a second for each sensor, as one writes it with RxJS. */
export const summaries = (readings$: Observable<Reading>): Observable<Summary> =>
  readings$.pipe(
    groupBy(({ sensor }) => sensor),
    mergeMap(ofSensor$ =>
      ofSensor$.pipe(
        bufferTime(1_000),
        filter(readings => readings.length > 0),
        map(readings => ({
          sensor: ofSensor$.key,
          count: readings.length,
          mean: readings.reduce((sum, { celsius }) => sum + celsius, 0) / readings.length,
          max: readings.reduce((so, { celsius }) => Math.max(so, celsius), -Infinity),
        })),
      ),
    ),
  );
