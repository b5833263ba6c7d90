import { json, onRights, publishTo, QOS, respond, topicTemplate, type LocalTopics, type MqttProxy } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { E, t } from 'greengrass-rx/fp';
import { agg, aggregate, countWindow, deadband } from 'greengrass-rx/operators';
import { BehaviorSubject, map, of, withLatestFrom } from 'rxjs';

const qos = QOS.AT_LEAST_ONCE;

/** Topics: `{sensor}` stands for one level. Readings come from other components of the device; the rest is between it and the cloud. */
const READINGS = topicTemplate('sensors/{sensor}/temperature');
const SUMMARIES = topicTemplate('summaries/{sensor}');
const COMMANDS = topicTemplate('commands/{id}/limit');
const ANSWERS = topicTemplate('answers/{id}');

/** What a message must be; another one becomes a `Left(DecodeFailed)`, and the stream goes on. */
const Reading = t.type({ celsius: t.number });
const Command = t.type({ limit: t.number });

/** What a deployment can set. */
const Config = t.type({
  /** Readings of a sensor that make a summary. */
  readings: t.number,
  /** A summary whose mean differs less from the last one that was published, in °C, is not published. */
  deadband: t.number,
  /** A sensor is hot above this, in °C, until a command sets another limit. */
  limit: t.number,
});
type Config = t.TypeOf<typeof Config>;

/** Readings in; for each sensor a summary out to the cloud, when it says something new. */
function summaries(proxy: MqttProxy, local: LocalTopics, config: Config, limit$: BehaviorSubject<number>) {
  return local.subscribe({ topic: READINGS, codec: json(Reading) }).pipe(
    onRights(reading$ =>
      reading$.pipe(
        map(({ params, value }) => ({ sensor: params.sensor, celsius: value.celsius })),
        countWindow({
          count: config.readings,
          key: reading => reading.sensor,
          aggregate: aggregate({ n: agg.count(), mean: agg.mean(reading => reading.celsius), max: agg.max(reading => reading.celsius) }),
        }),
      ),
    ),
    onRights(window$ =>
      window$.pipe(
        deadband({ key: ({ key }) => key, value: ({ value }) => value.mean, absolute: config.deadband }),
        withLatestFrom(limit$),
        map(([{ key, value }, limit]) => ({ sensor: key, summary: { ...value, hot: value.max > limit } })),
        publishTo(proxy, ({ sensor, summary }) => ({ topicName: SUMMARIES.build({ sensor }), payload: JSON.stringify(summary), qos }), {
          name: 'summaries',
          topics: [SUMMARIES],
        }),
      ),
    ),
  );
}

/** Commands in; an answer out to each. */
function commands(proxy: MqttProxy, limit$: BehaviorSubject<number>) {
  return proxy.subscribe({ topicName: COMMANDS, qos, codec: json(Command) }).pipe(
    respond(proxy, {
      name: 'commands',
      handle: ({ limit }) => {
        if (limit > 300) return of(E.left({ _tag: 'LimitTooHigh' } as const));
        limit$.next(limit);
        return of(E.right(JSON.stringify({ limit })));
      },
      onFailure: failure => JSON.stringify({ failed: failure._tag }),
      replyTo: ({ params }) => ANSWERS.build(params),
      publish: { topics: [ANSWERS] },
    }),
  );
}

export default component({
  name: 'com.example.MyComponent',
  version: '1.0.0',
  description: 'Summarizes temperatures.',
  config: Config,
  defaults: { readings: 5, deadband: 0.5, limit: 60 },
  run: (proxy, config, { local }) => {
    const limit$ = new BehaviorSubject(config.limit);
    return { summaries: summaries(proxy, local, config, limit$), commands: commands(proxy, limit$) };
  },
});
