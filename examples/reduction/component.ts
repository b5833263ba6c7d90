import { json, onRights, publishTo, QOS } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { filter, map } from 'rxjs';
import { BATCH_TOPIC, Reading, reduction, TOPIC } from './pipeline.js';

const qos = QOS.AT_LEAST_ONCE;

/** Single readings in, batches of what is worth publishing out. */
export default component({
  name: 'com.example.WeatherReduction',
  version: '1.0.0',
  run: proxy => ({
    weather: proxy.subscribe({ topicName: TOPIC, qos, codec: json(t.type({ at: t.number, value: t.number })) }).pipe(
      onRights(message$ =>
        message$.pipe(
          map(({ params, value }) => ({ ...params, ...value })),
          filter(Reading.is),
          reduction,
        ),
      ),
      onRights(publishTo(proxy, ({ payload }) => ({ topicName: BATCH_TOPIC, payload, qos }), { name: 'batches', topics: [BATCH_TOPIC] })),
    ),
  }),
});
