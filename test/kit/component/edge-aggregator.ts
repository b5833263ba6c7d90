import { json } from '../../../src/codec/index.js';
import { component, type Component } from '../../../src/component/component.js';
import type { Branch } from '../../../src/component/index.js';
import { batch, publishTo } from '../../../src/flow/index.js';
import type { MqttProxy } from '../../../src/ports/mqtt-proxy.js';
import { QOS } from '../../../src/shared/qos.js';
import { onRights } from '../../../src/stream/index.js';
import { topicTemplate } from '../../../src/topic/index.js';
import { filter, map } from 'rxjs';
import * as t from 'io-ts';

const qos = QOS.AT_LEAST_ONCE;
const Reading = json(t.type({ celsius: t.number }));
const ALARM = topicTemplate('alarms/{id}');
const RESULT = topicTemplate('cmd/{id}/result');

const telemetry = (proxy: MqttProxy, deadband: number): Branch =>
  proxy.subscribe({ topicName: topicTemplate('sensors/{id}/temperature'), qos, codec: Reading }).pipe(
    onRights(readings$ =>
      readings$.pipe(
        filter(({ value }) => value.celsius > deadband),
        batch({ name: 'readings', messages: 3, within: 1_000 }),
        publishTo(proxy, readings => ({ topicName: 'telemetry/mean', payload: String(readings.length), qos }), {
          name: 'telemetry',
          topics: ['telemetry/mean'],
          inFlight: 4,
        }),
      ),
    ),
  );

const commands = (proxy: MqttProxy): Branch =>
  proxy.subscribe({ topicName: topicTemplate('cmd/{id}'), qos }).pipe(
    onRights(commands$ =>
      commands$.pipe(
        map(({ params, payload }) => ({ topicName: RESULT.build(params), payload, qos })),
        publishTo(proxy, message => message, { name: 'results', topics: [RESULT], buffer: { messages: 10, onFull: 'fail' } }),
      ),
    ),
  );

const alarms = (proxy: MqttProxy): Branch =>
  proxy.subscribe({ topicName: topicTemplate('sensors/{id}/alarm'), qos }).pipe(
    onRights(alarms$ =>
      alarms$.pipe(
        publishTo(proxy, ({ params, payload }) => ({ topicName: ALARM.build(params), payload, qos }), {
          name: 'alarms',
          topics: [ALARM],
        }),
      ),
    ),
  );

/** Three branches, as in the guides. */
export const edgeAggregator: Component<{ deadband: number }, Readonly<Record<'telemetry' | 'commands' | 'alarms', Branch>>> = component({
  name: 'com.example.EdgeAggregator',
  version: '1.2.0',
  description: 'Sends less.',
  publisher: 'Example Corp',
  config: t.type({ deadband: t.number }),
  defaults: { deadband: 0.5 },
  run: (proxy, { deadband }) => ({ telemetry: telemetry(proxy, deadband), commands: commands(proxy), alarms: alarms(proxy) }),
});

/** A message to each of its subscriptions, and the topic of what it publishes for it. */
export const STIMULI: readonly { readonly topicName: string; readonly payload: string; readonly published: string }[] = [
  ...[1, 2, 3].map(celsius => ({ topicName: 'sensors/s1/temperature', payload: JSON.stringify({ celsius }), published: 'telemetry/mean' })),
  { topicName: 'cmd/c1', payload: 'on', published: 'cmd/c1/result' },
  { topicName: 'sensors/s1/alarm', payload: 'hot', published: 'alarms/s1' },
];
