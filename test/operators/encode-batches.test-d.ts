import type { Either } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { Observable } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import {
  gzipped,
  jsonArray,
  ndjson,
  onRights,
  publishTo,
  QOS,
  type Codec,
  type MqttMessage,
  type MqttProxy,
  type Published,
  type PublishFailure,
  type SubscribeError,
} from '../../src/index.js';
import type { DecodeFailed, EncodeFailed, Overflowed, ValueTooLarge } from '../../src/errors/errors.js';
import { encodeBatches, flattenIterable, type EncodedBatch } from '../../src/operators/index.js';

interface Reading {
  celsius: number;
}
declare const readings$: Observable<Reading>;
declare const proxy: MqttProxy;
const Reading = t.type({ celsius: t.number });

test('a batch carries its values, and so does what was too large', () => {
  const batches$ = readings$.pipe(encodeBatches({ format: ndjson(Reading), bytes: 5_000 }));
  expectTypeOf(batches$).toEqualTypeOf<Observable<Either<ValueTooLarge<Reading> | EncodeFailed<Reading>, EncodedBatch<Reading>>>>();
  const outcomes$ = batches$.pipe(onRights(publishTo(proxy, ({ payload }) => ({ topicName: 't', payload, qos: QOS.AT_LEAST_ONCE }))));
  expectTypeOf(outcomes$).toEqualTypeOf<
    Observable<
      Either<
        ValueTooLarge<Reading> | EncodeFailed<Reading> | PublishFailure<EncodedBatch<Reading>> | Overflowed,
        Published<EncodedBatch<Reading>>
      >
    >
  >();
  // @ts-expect-error -- strings are not readings
  readings$.pipe(encodeBatches({ format: ndjson(t.string), bytes: 5_000 }));
  // @ts-expect-error -- without a bound
  readings$.pipe(encodeBatches({ format: ndjson(Reading) }));
});

test('who subscribes gets the values one by one', () => {
  const codec = gzipped(jsonArray(Reading));
  expectTypeOf(codec).toEqualTypeOf<Codec<readonly Reading[]>>();
  const received$ = proxy
    .subscribe({ topicName: 't', qos: QOS.AT_LEAST_ONCE, codec })
    .pipe(onRights(messages$ => messages$.pipe(flattenIterable(({ value }) => value))));
  expectTypeOf(received$).toEqualTypeOf<Observable<Either<SubscribeError | DecodeFailed<MqttMessage>, Reading>>>();
});
