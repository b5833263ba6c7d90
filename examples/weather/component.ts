import { json, onRights, publishTo, QOS, type MqttProxy } from 'greengrass-rx';
import { t } from 'greengrass-rx/fp';
import { concatMap, endWith, from, pairwise, scan, startWith, type OperatorFunction } from 'rxjs';

/** What the weather station reports every hour. */
export const Hour = t.type({ date: t.string, temperature: t.number });
export type Hour = t.TypeOf<typeof Hour>;

/** What the cloud gets: one message a day. */
export interface Day {
  readonly day: string;
  readonly hours: number;
  readonly minimum: number;
  readonly mean: number;
  readonly maximum: number;
}

/** The component's input: hourly readings, checked as they come. */
export function hourlyWeather(proxy: MqttProxy) {
  return proxy.subscribe({ topicName: 'weather/+/hourly', qos: QOS.AT_LEAST_ONCE, codec: json(Hour) });
}

/** The component: hourly readings in, daily summaries out. Runs unchanged on a device. */
export function dailyWeather(proxy: MqttProxy, hours$ = hourlyWeather(proxy)) {
  return hours$.pipe(
    onRights(hours$ => hours$.pipe(daily())),
    onRights(days$ =>
      days$.pipe(
        publishTo(proxy, day => ({ topicName: 'weather/seattle/daily', payload: JSON.stringify(day), qos: QOS.AT_LEAST_ONCE }), {
          ordered: true,
          buffer: { messages: 500, onFull: 'dropOldest' },
        }),
      ),
    ),
  );
}

/** Folds hours into days. A day is over when an hour of the next one comes, or none comes any more. */
function daily(): OperatorFunction<{ readonly value: Hour }, Day> {
  return hours$ =>
    hours$.pipe(
      scan<{ readonly value: Hour }, Day | undefined>((day, { value }) => add(day, value), undefined),
      startWith(undefined),
      endWith(undefined),
      pairwise(),
      concatMap(([before, now]) => from(before !== undefined && before.day !== now?.day ? [before] : [])),
    );
}

function add(before: Day | undefined, { date, temperature }: Hour): Day {
  const day = date.slice(0, 10);
  if (before?.day !== day) return { day, hours: 1, minimum: temperature, mean: temperature, maximum: temperature };
  const hours = before.hours + 1;
  return {
    day,
    hours,
    minimum: Math.min(before.minimum, temperature),
    mean: before.mean + (temperature - before.mean) / hours,
    maximum: Math.max(before.maximum, temperature),
  };
}
