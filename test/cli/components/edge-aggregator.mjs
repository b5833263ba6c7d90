// A component of three branches: gathers readings, answers commands, passes alarms on.
import { batch, json, onRights, publishTo, QOS, topicTemplate } from 'greengrass-rx';
import { component } from 'greengrass-rx/component';
import { t } from 'greengrass-rx/fp';
import { filter } from 'rxjs';

const qos = QOS.AT_LEAST_ONCE;
const Reading = json(t.type({ celsius: t.number }));

const telemetry = (proxy, deadband) =>
  proxy.subscribe({ topicName: 'sensors/+/temperature', qos, codec: Reading }).pipe(
    onRights(readings$ =>
      readings$.pipe(
        filter(({ value }) => value.celsius > deadband),
        batch({ name: 'readings', messages: 7, within: 60_000 }),
        publishTo(proxy, readings => ({ topicName: 'telemetry/mean', payload: String(readings.length), qos }), {
          name: 'telemetry',
          topics: ['telemetry/mean'],
          buffer: { messages: 100_000 },
        }),
      ),
    ),
  );

const pass = (proxy, name, from, to) =>
  proxy.subscribe({ topicName: from, qos }).pipe(
    onRights(
      publishTo(proxy, ({ params, payload }) => ({ topicName: to.build(params), payload, qos }), {
        name,
        topics: [to],
        inFlight: 2,
        buffer: { messages: 100_000 },
      }),
    ),
  );

export default component({
  name: 'com.example.EdgeAggregator',
  version: '1.2.0',
  config: t.type({ deadband: t.number }),
  defaults: { deadband: 0.5 },
  run: (proxy, { deadband }) => ({
    telemetry: telemetry(proxy, deadband),
    commands: pass(proxy, 'results', topicTemplate('cmd/{id}'), topicTemplate('results/{id}')),
    alarms: pass(proxy, 'alarms', topicTemplate('sensors/{id}/alarm'), topicTemplate('alarms/{id}')),
  }),
});
