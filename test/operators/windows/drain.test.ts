import * as t from 'io-ts';
import { describe, test } from 'vitest';
import { json } from '../../../src/codec/index.js';
import { publishTo } from '../../../src/flow/index.js';
import { aggregate, count, mean, tumbling } from '../../../src/operators/index.js';
import type { MqttProxy } from '../../../src/ports/mqtt-proxy.js';
import { QOS } from '../../../src/shared/qos.js';
import { onRights } from '../../../src/stream/index.js';
import { marbles } from '../../../src/testing/index.js';

const Reading = t.type({ celsius: t.number });
const reading = (celsius: number): object => ({ topicName: 'sensors/s1', payload: { celsius } });
const readings = { a: reading(20), b: reading(22), c: reading(30) };

/** Means of ten milliseconds, published with how many gaps fell into them. */
const means = (proxy: MqttProxy) =>
  proxy.subscribe({ topicName: 'sensors/+', qos: QOS.AT_LEAST_ONCE, codec: json(Reading) }).pipe(
    onRights((message$, gap$) =>
      message$.pipe(
        tumbling({
          size: 10,
          key: message => message.topicName,
          aggregate: aggregate({ n: count(), mean: mean(message => message.value.celsius) }),
          onGap: 'flag',
          gap$,
        }),
      ),
    ),
    onRights(window$ =>
      window$.pipe(
        publishTo(proxy, ({ value, gaps, closedBy }) => ({
          topicName: 'means',
          payload: JSON.stringify({ ...value, gaps, closedBy }),
          qos: QOS.AT_LEAST_ONCE,
        })),
      ),
    ),
  );

describe('windows between a subscription and publishes', () => {
  test(
    'are published when the proxy is drained, before it has',
    marbles(({ nucleus, run, expectPublished }) => {
      nucleus.messages('sensors/+', '-a-b--------c--|', readings);
      run(means(nucleus.proxy));
      expectPublished('means').toBeMarble('----------m----(n|)', {
        m: { n: 2, mean: 21, gaps: 0, closedBy: 'time' },
        n: { n: 1, mean: 30, gaps: 0, closedBy: 'completion' },
      });
    }),
  );

  test(
    'tell of a connection that was lost meanwhile',
    marbles(({ nucleus, run, expectPublished }) => {
      nucleus.messages('sensors/+', '-a-x--b-----c--|', readings, { x: 'drop connection' });
      run(means(nucleus.proxy));
      expectPublished('means').toBeMarble('----------m----(n|)', {
        m: { n: 2, mean: 21, gaps: 1, closedBy: 'time' },
        n: { n: 1, mean: 30, gaps: 0, closedBy: 'completion' },
      });
    }),
  );
});
