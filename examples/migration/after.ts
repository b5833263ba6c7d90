// The same component: the mean of each five readings of a sensor.
import { json, onRights, publishTo, QOS, topicTemplate } from 'greengrass-rx';
import { component, runComponent } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { agg, countWindow } from 'greengrass-rx/operators';

const TEMPERATURE = topicTemplate('sensors/{id}/temperature');
const MEAN = topicTemplate('means/{id}');
const qos = QOS.AT_LEAST_ONCE;

const means = component({
  name: 'com.example.Means',
  version: '2.0.0',
  run: proxy =>
    proxy
      .subscribe({ topicName: TEMPERATURE, qos, codec: json(t.type({ celsius: t.number })) })
      .pipe(
        onRights(countWindow({ count: 5, key: ({ params }) => params.id, aggregate: agg.mean(({ value }) => value.celsius) })),
        onRights(
          publishTo(
            proxy,
            ({ key, value }) => ({ topicName: MEAN.build({ id: key }), payload: JSON.stringify({ mean: Number(value.toFixed(2)) }), qos }),
            { topics: [MEAN] },
          ),
        ),
      ),
});

process.exitCode = (await runComponent(means)).code;
