/** A component and its tests with vitest: no device, no socket, no real time. */
import { fixed, json, limited, onRights, publishTo, QOS, type MqttProxy } from 'greengrass-rx';
import { t } from 'greengrass-rx/fp';
import { marbles } from 'greengrass-rx/testing';
import 'greengrass-rx/testing/vitest';
import { bufferTime, filter, map, type Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';

const Reading = t.type({ celsius: t.number });

/** The mean of each second's readings. */
const component = (proxy: MqttProxy): Observable<unknown> =>
  proxy.subscribe({ topicName: 'sensors/+/temperature', qos: QOS.AT_LEAST_ONCE, codec: json(Reading) }).pipe(
    onRights(reading$ =>
      reading$.pipe(
        bufferTime(1_000),
        filter(readings => readings.length > 0),
        map(readings => ({ mean: readings.reduce((sum, { value }) => sum + value.celsius, 0) / readings.length, n: readings.length })),
        publishTo(proxy, mean => ({ topicName: 'means', payload: JSON.stringify(mean), qos: QOS.AT_LEAST_ONCE }), {
          retry: limited(3)(fixed(1_000)),
        }),
      ),
    ),
  );

const celsius = (value: number): object => ({ topicName: 'sensors/a/temperature', payload: { celsius: value } });

describe('the mean component', () => {
  test(
    'publishes a mean a second',
    marbles(({ nucleus, run, published, expectNothingDropped }) => {
      nucleus.messages('sensors/+/temperature', '100ms a 99ms b 1s c |', { a: celsius(20), b: celsius(22), c: celsius(30) });
      run(component(nucleus.proxy));
      expect(published('means')).toBeMarble('1s m 201ms (n|)', { m: { mean: 21, n: 2 }, n: { mean: 30, n: 1 } });
      expectNothingDropped();
    }),
  );

  test(
    'goes on after the connection broke',
    marbles(({ nucleus, run, expectSubscriptions }) => {
      nucleus.messages('sensors/+/temperature', 'a-x-b|', { a: celsius(1), b: celsius(3) }, { x: 'drop connection' });
      const results = run(component(nucleus.proxy));
      expectSubscriptions().toBe('^-!', '---^-!');
      expect(nucleus).toHavePublished('means', { mean: 2, n: 2 });
      expect(results).toBeMarble('--I--(r|)', { r: expect.objectContaining({ by: 'spooler' }) as unknown }, { I: 'Interrupted' });
    }),
  );
});
