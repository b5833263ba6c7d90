import { batch, concurrently, json, type MqttMessage, onRights, publishTo, QOS, shareSubscriptions } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { inSpan, type Traced, traced } from 'greengrass-rx/tracing';
import { filter, map, of } from 'rxjs';

const Reading = json(t.type({ celsius: t.number }));
const qos = QOS.AT_LEAST_ONCE;

/** A hall that is too hot. */
interface Alarm extends Traced {
  readonly place: string;
  readonly celsius: number;
}

/** The mean of some readings. */
interface Mean {
  readonly mean: number;
  readonly values: readonly MqttMessage[];
}

/** Alarms and means of readings, with the trace of each reading. */
export default component({
  name: 'com.example.Tracing',
  version: '1.0.0',
  run: plain => {
    const proxy = traced(plain);
    const reading$ = shareSubscriptions(proxy).subscribe({ topicName: 'sensors/+/temperature', qos, codec: Reading });
    return {
      alarms: reading$.pipe(
        onRights(message$ =>
          message$.pipe(
            filter(({ value }) => value.celsius > 80),
            // What it makes of the message has the trace of the work.
            concurrently(
              2,
              inSpan('look up the place', ({ topicName, value }, trace) =>
                of<Alarm>({ place: `hall of ${topicName.split('/')[1] ?? ''}`, celsius: value.celsius, trace }),
              ),
            ),
          ),
        ),
        onRights(
          publishTo(proxy, ({ place, celsius }) => ({ topicName: 'alarms', payload: JSON.stringify({ place, celsius }), qos }), {
            name: 'alarms',
            topics: ['alarms'],
          }),
        ),
      ),
      means: reading$.pipe(
        onRights(message$ =>
          message$.pipe(
            batch({ messages: 3 }),
            // Of several: a trace of its own, with a link to each.
            map((messages): Mean => ({
              mean: messages.reduce((sum, { value }) => sum + value.celsius, 0) / messages.length,
              values: messages,
            })),
            publishTo(proxy, ({ mean }) => ({ topicName: 'means', payload: JSON.stringify({ mean }), qos }), {
              name: 'means',
              topics: ['means'],
            }),
          ),
        ),
      ),
    };
  },
});
