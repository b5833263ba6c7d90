import { json, jsonArray, onRights, payloadLimit, publishTo, QOS, topicTemplate, type LocalTopics, type MqttProxy } from 'greengrass-rx';
import { component, followConfig } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { agg, aggregate, encodeBatches, tumbling } from 'greengrass-rx/operators';
import { map, takeUntil, type Observable } from 'rxjs';

const qos = QOS.AT_LEAST_ONCE;

/** Where other components of the device publish their readings, and where the cloud gets summaries of them. */
const READINGS = topicTemplate('sensors/{sensor}/{quantity}');
const SUMMARIES = 'bridge/summaries';

/** What a reading must be; another one becomes a `Left(DecodeFailed)`, and the stream goes on. */
const Reading = t.type({ value: t.number });
const Summary = t.type({ of: t.string, n: t.number, min: t.number, mean: t.number, max: t.number });

/** What a summary may cover, in milliseconds. */
const PERIODS = { second: 1_000, minute: 60_000, hour: 3_600_000 };

/** What a deployment can set. It is followed without a restart. */
const Config = t.type({ period: t.keyof(PERIODS) });
type Config = t.TypeOf<typeof Config>;

/** Local readings in; for each period a summary of each quantity out, as many of them in a message as fit. */
function bridge(proxy: MqttProxy, local: LocalTopics, { period }: Config, ending$: Observable<void>) {
  return local.subscribe({ topic: READINGS, codec: json(Reading) }).pipe(
    takeUntil(ending$),
    onRights(reading$ =>
      reading$.pipe(
        map(({ params, value: { value } }) => ({ of: `${params.sensor}/${params.quantity}`, value })),
        tumbling({
          size: PERIODS[period],
          key: reading => reading.of,
          aggregate: aggregate({
            n: agg.count(),
            min: agg.min(({ value }) => value),
            mean: agg.mean(({ value }) => value),
            max: agg.max(({ value }) => value),
          }),
        }),
      ),
    ),
    onRights(window$ =>
      window$.pipe(
        map(({ key, value }) => ({ of: key, ...value })),
        encodeBatches({ format: jsonArray(Summary), bytes: payloadLimit('lite', { topicName: SUMMARIES, qos }), within: 100 }),
      ),
    ),
    onRights(publishTo(proxy, ({ payload }) => ({ topicName: SUMMARIES, payload, qos }), { name: 'summaries', topics: [SUMMARIES] })),
  );
}

export default component({
  name: 'com.example.MyComponent',
  version: '1.0.0',
  description: 'Summarizes what the sensors of the device say, and sends it to the cloud.',
  config: Config,
  defaults: { period: 'minute' },
  run: (proxy, _config, { local, config$ }) => ({
    readings: followConfig(config$, (config, ending$) => bridge(proxy, local, config, ending$)),
  }),
});
