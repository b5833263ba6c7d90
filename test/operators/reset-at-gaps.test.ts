import * as t from 'io-ts';
import { map } from 'rxjs';
import { describe, test } from 'vitest';
import { json } from '../../src/codec/index.js';
import { publishTo } from '../../src/flow/index.js';
import { deadband } from '../../src/operators/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';
import { marbles } from '../../src/testing/index.js';

const Reading = t.type({ celsius: t.number });
const reading = (celsius: number): object => ({ topicName: 'sensors/s1', payload: { celsius } });
const readings = { a: reading(20), b: reading(20.1), c: reading(20.2), d: reading(20.3) };

/** Publishes what is news, by what was known before an interruption or not. */
const news = (proxy: MqttProxy, onGap: 'keep' | 'reset') =>
  proxy.subscribe({ topicName: 'sensors/+', qos: QOS.AT_LEAST_ONCE, codec: json(Reading) }).pipe(
    onRights((message$, gap$) =>
      message$.pipe(
        map(({ topicName, value }) => ({ sensor: topicName, celsius: value.celsius })),
        deadband({ key: r => r.sensor, value: r => r.celsius, absolute: 1, ...(onGap === 'reset' ? { onGap, gap$ } : {}) }),
        publishTo(proxy, ({ celsius }) => ({ topicName: 'news', payload: String(celsius), qos: QOS.AT_LEAST_ONCE })),
      ),
    ),
  );

describe('an operator between a subscription and a publish, when the connection is lost', () => {
  test(
    'begins anew with the first reading after it, where a gap resets',
    marbles(({ nucleus, run, expectPublished }) => {
      nucleus.messages('sensors/+', '-a-b-x----c-d-|', readings, { x: 'drop connection' });
      run(news(nucleus.proxy, 'reset'));
      expectPublished('news').toBeMarble('-a--------c---|', { a: 20, c: 20.2 });
    }),
  );

  test(
    'goes on from what was known before, where gaps are kept',
    marbles(({ nucleus, run, expectPublished }) => {
      nucleus.messages('sensors/+', '-a-b-x----c-d-|', readings, { x: 'drop connection' });
      run(news(nucleus.proxy, 'keep'));
      expectPublished('news').toBeMarble('-a------------|', { a: 20 });
    }),
  );
});
