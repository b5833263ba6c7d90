import { ndjson, onRights, topicTemplate } from 'greengrass-rx';
import { E, t } from 'greengrass-rx/fp';
import { agg, aggregate, deadband, encodeBatches, METERED_BYTES, tumbling } from 'greengrass-rx/operators';
import { connect, map, merge, type Observable } from 'rxjs';

/** One number of the weather station. */
export const Reading = t.type({ quantity: t.keyof({ temperature: null, pressure: null, wind: null }), at: t.number, value: t.number });
export interface Reading extends t.TypeOf<typeof Reading> {}

/** What the cloud gets besides changes: a day of one quantity. */
export const Day = t.type({
  quantity: t.string,
  day: t.string,
  n: t.number,
  min: t.number,
  p05: t.number,
  median: t.number,
  p95: t.number,
  max: t.number,
  mean: t.number,
});
export interface Day extends t.TypeOf<typeof Day> {}

/** What counts as a change: °C, hPa, m/s. */
const BAND = { temperature: 1, pressure: 1, wind: 0.5 } as const;
const DAY = 86_400_000;

/** Where readings come from. */
export const TOPIC = topicTemplate('weather/seattle/{quantity}');

/** Where batches go. */
export const BATCH_TOPIC = 'batches/weather/seattle';

/** Changes that matter at once, and each day in numbers, in as few messages as they fit in. */
export const reduction = (readings$: Observable<Reading>) =>
  readings$.pipe(
    connect(reading$ => merge(reading$.pipe(changes, map(E.right)), reading$.pipe(days))),
    onRights(value$ =>
      value$.pipe(
        encodeBatches<Reading | Day>({
          format: ndjson(t.union([Reading, Day])),
          // The topic is metered too.
          bytes: METERED_BYTES - Buffer.byteLength(BATCH_TOPIC),
          within: 15 * 60_000,
        }),
      ),
    ),
  );

const changes = deadband<Reading>({ key: ({ quantity }) => quantity, value: ({ quantity, value }) => value / BAND[quantity], absolute: 1 });

const days = (reading$: Observable<Reading>) =>
  reading$.pipe(
    tumbling({
      size: DAY,
      key: ({ quantity }) => quantity,
      aggregate: aggregate({
        n: agg.count(),
        min: agg.min(({ value }) => value),
        mean: agg.mean(({ value }) => value),
        max: agg.max(({ value }) => value),
        // 1 % of a pressure would be 10 hPa.
        percentiles: agg.percentiles({ p05: 0.05, median: 0.5, p95: 0.95 }, ({ value }) => value, { accuracy: 0.000_1 }),
      }),
      time: { timestamp: ({ at }) => at, outOfOrder: 3_600_000 },
    }),
    onRights(window$ =>
      window$.pipe(
        map(({ key, start, value: { n, min, mean, max, percentiles } }): Day => ({
          quantity: key,
          day: new Date(start).toISOString().slice(0, 10),
          n,
          min,
          ...percentiles,
          max,
          mean,
        })),
      ),
    ),
  );
