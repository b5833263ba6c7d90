import { deadLetterFile, deadLetterTo, fixed, json, limited, onRights, publishTo, QOS, topicTemplate } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { pipe, t } from 'greengrass-rx/fp';
import { hysteresis } from 'greengrass-rx/operators';

const TEMPERATURE = topicTemplate('sensors/{id}/temperature');
const ALARM = topicTemplate('alarms/{id}');
const qos = QOS.AT_LEAST_ONCE;

/**
 * Raises an alarm at 80 °C and clears it at 75 °C. An alarm that the nucleus does not take after three tries, and a reading that nobody can
 * read, are kept in a file with the reason, for someone to look at.
 */
export default component({
  name: 'com.example.HeatAlarm',
  version: '1.0.0',
  config: t.type({ set: t.number, clear: t.number, letters: t.string }),
  defaults: { set: 80, clear: 75, letters: 'dead-letters.ndjson' },
  run: (proxy, { set, clear, letters }) => ({
    alarms: proxy.subscribe({ topicName: TEMPERATURE, qos, codec: json(t.type({ celsius: t.number })) }).pipe(
      onRights(reading$ =>
        reading$.pipe(
          hysteresis({ key: ({ params }) => params.id, value: ({ value }) => value.celsius, set, clear }),
          publishTo(
            proxy,
            ({ key, state, level }) => ({ topicName: ALARM.build({ id: key }), payload: JSON.stringify({ state, celsius: level }), qos }),
            { name: 'alarms', topics: [ALARM], retry: pipe(fixed(50), limited(2)) },
          ),
        ),
      ),
      deadLetterTo(deadLetterFile(letters)),
    ),
  }),
});
