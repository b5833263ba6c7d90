import { bufferTime, filter, map } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { json } from '../../src/codec/index.js';
import { publishTo } from '../../src/flow/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';
import { marbles } from '../../src/testing/index.js';
import * as t from 'io-ts';

const Reading = t.type({ celsius: t.number });
const reading = (sensor: string, celsius: number): object => ({ topicName: `sensors/${sensor}/temperature`, payload: { celsius } });

/** Means of five milliseconds. */
const pipeline = (proxy: MqttProxy) =>
  proxy.subscribe({ topicName: 'sensors/+/temperature', qos: QOS.AT_LEAST_ONCE, codec: json(Reading) }).pipe(
    onRights(message$ =>
      message$.pipe(
        bufferTime(6),
        filter(readings => readings.length > 0),
        map(readings => readings.reduce((sum, { value }) => sum + value.celsius, 0) / readings.length),
        publishTo(proxy, mean => ({ topicName: 'agg/s1', payload: JSON.stringify({ mean }), qos: QOS.AT_LEAST_ONCE })),
      ),
    ),
  );

describe('a marble test', () => {
  test(
    'publishes a mean per window',
    marbles(({ nucleus, expectPublished, run, expectSubscriptions, expectState, expectNothingDropped, expectStage }) => {
      nucleus.messages(
        'sensors/+/temperature',
        '-a-b-x-c---|',
        { a: reading('s1', 20), b: reading('s1', 22), c: reading('s1', 30) },
        { x: 'drop connection' },
      );
      run(pipeline(nucleus.proxy));
      expectPublished('agg/s1').toBeMarble('------m----(n|)', { m: { mean: 21 }, n: { mean: 30 } });
      expectSubscriptions('sensors/+/temperature').toBe('^----!', '------^----!');
      expectState().toBeMarble('(iok)x(ok)', { i: 'idle', o: 'connecting', k: 'connected', x: 'interrupted' });
      expectNothingDropped();
      expectStage('publishTo', { received: 2, emitted: 2 });
    }),
  );

  test('fails with a picture of both diagrams', () => {
    const failing = marbles(({ nucleus, expectPublished, run }) => {
      nucleus.messages('sensors/+/temperature', '-a-b---c---|', { a: reading('s1', 20), b: reading('s1', 22), c: reading('s1', 30) });
      run(pipeline(nucleus.proxy));
      expectPublished('agg/s1').toBeMarble('------m---(n|)', { m: { mean: 20 }, n: { mean: 30 } });
    });
    expect(failing).toThrowErrorMatchingInlineSnapshot(`
      [MarbleFailure: What was published on agg/s1 is not as drawn.

        expected  ------m---(n|)
        received  ------A----(n|)
                        ^   ^^^^^

        frame 6: expected m, received A
          .mean: expected 20, received 21
        frame 10: expected (n|), received nothing
        frame 11: expected nothing, received (n|)
        m = { mean: 20 }
        A = { mean: 21 }
        n = { mean: 30 }]
    `);
  });
});
