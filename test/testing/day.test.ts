import { isLeft } from 'fp-ts/lib/Either.js';
import { bufferTime, filter, map } from 'rxjs';
import { expect, test } from 'vitest';
import * as t from 'io-ts';
import { json } from '../../src/codec/index.js';
import { publishTo } from '../../src/flow/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { capped, exponential, limited } from '../../src/schedule/index.js';
import { onRights, type ObservableEither } from '../../src/stream/index.js';
import { marbles } from '../../src/testing/index.js';
import '../../src/testing/vitest.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Means of five minutes, published with retries; a subscription that is silent for ten minutes is made anew. */
const component = (proxy: MqttProxy): ObservableEither<unknown, unknown> =>
  proxy
    .subscribe({
      topicName: 'sensor',
      qos: QOS.AT_LEAST_ONCE,
      codec: json(t.type({ celsius: t.number })),
      silence: { maximum: 10 * MINUTE },
    })
    .pipe(
      onRights(reading$ =>
        reading$.pipe(
          bufferTime(5 * MINUTE),
          filter(readings => readings.length > 0),
          map(readings => readings.reduce((sum, { value }) => sum + value.celsius, 0) / readings.length),
          publishTo(proxy, mean => ({ topicName: 'mean', payload: String(Math.round(mean)), qos: QOS.AT_LEAST_ONCE }), {
            retry: limited(20)(capped(10 * MINUTE)(exponential(1_000))),
          }),
        ),
      ),
    );

const HOURS = Array.from({ length: 24 }, (_, hour) => ({ hour, symbol: String.fromCharCode(97 + hour) }));

test(
  'a day of windows, backoff and watchdogs',
  marbles(
    ({ nucleus, run, expectLane, expectStage, expectNothingDropped }) => {
      // A reading every ten seconds, of as many degrees as the hour.
      nucleus.messages(
        'sensor',
        `${HOURS.map(({ symbol }) => `9999ms ${symbol} `.repeat(360)).join('')}|`,
        Object.fromEntries(HOURS.map(({ hour, symbol }) => [symbol, { celsius: hour }])),
      );
      nucleus.faults('240m l 60m f 180m s 60m r 120m d 120m d 60m k 30m y', {
        l: 'lose subscriptions',
        f: 'find subscriptions',
        s: 'spool full',
        r: 'spool free',
        d: 'drop connection',
        k: 'kill nucleus',
        y: 'start nucleus',
      });
      const gap$ = run(component(nucleus.proxy).pipe(filter(isLeft)));
      expectLane(gap$).toBeMarble('250m S 410m ---I 120m I 60m I 599m 59s 993ms |', {}, { S: 'Silent', I: 'Interrupted' });
      // 288 windows, less two of silence and six without a nucleus.
      expectStage('publishTo', { received: 280, emitted: 280, failed: 0 });
      expectNothingDropped();
      expect(nucleus).toHavePublished('mean', 0);
      expect(nucleus).toHavePublished('mean', 23);
    },
    { until: 24 * HOUR + MINUTE, connect: { reconnect: capped(30_000)(exponential(100)) } },
  ),
);
