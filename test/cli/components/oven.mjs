// A component that tells of ovens that are hot: a subscription, a stage that publishes.
import { component } from 'greengrass-rx/component';
import { json, onRights, publishTo } from 'greengrass-rx';
import * as t from 'io-ts';
import { filter, map } from 'rxjs';

export default component({
  name: 'com.example.Component',
  version: '1.0.0',
  config: t.type({ limit: t.number }),
  defaults: { limit: 100 },
  run: (proxy, { limit }) => ({
    alarms: proxy.subscribe({ topicName: 'ovens/+/celsius', qos: 1, codec: json(t.type({ celsius: t.number })) }).pipe(
      onRights(reading$ =>
        reading$.pipe(
          filter(({ value }) => value.celsius > limit),
          map(({ topicName, value }) => ({ oven: topicName.split('/')[1], hot: value.celsius })),
          publishTo(proxy, ({ oven, hot }) => ({ topicName: `alarms/${oven}`, payload: JSON.stringify({ hot }), qos: 1 }), {
            name: 'alarms',
            topics: ['alarms/+'],
          }),
        ),
      ),
    ),
  }),
});
