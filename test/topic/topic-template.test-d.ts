import type { Either } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { Observable } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import {
  json,
  QOS,
  topicTemplate,
  type MqttMessage,
  type MqttProxy,
  type SubscribeError,
  type TopicParams,
  type TopicTemplate,
} from '../../src/index.js';
import type { Matched, MatchedReceived } from '../../src/client/index.js';
import type { DecodeFailed } from '../../src/errors/errors.js';
import { sharedSubscription, type ParamsOf } from '../../src/topic/index.js';

declare const proxy: MqttProxy;
const qos = QOS.AT_LEAST_ONCE;
const temperature = topicTemplate('plant/{line}/{sensor}/temperature');
const events = topicTemplate('plant/{line}/events/{path...}');

test('params are read from the literal', () => {
  expectTypeOf(temperature).toEqualTypeOf<TopicTemplate<{ readonly line: string; readonly sensor: string }>>();
  expectTypeOf(events.match('')).toEqualTypeOf<{ readonly line: string; readonly path: readonly string[] } | undefined>();
  expectTypeOf<ParamsOf<'{all...}'>>().toEqualTypeOf<{ readonly all: readonly string[] }>();
  expectTypeOf(topicTemplate('a/b').build).toBeCallableWith({});
  expectTypeOf<ParamsOf<'a/{b}/c/{d}/e/{f}/g/{h}'>>().toEqualTypeOf<{
    readonly b: string;
    readonly d: string;
    readonly f: string;
    readonly h: string;
  }>();
  expectTypeOf<ParamsOf<string>>().toEqualTypeOf<TopicParams>();
});

test('building takes all params, and nothing misspelt', () => {
  temperature.build({ line: 7, sensor: 'inlet' });
  const reading = { line: 'a', sensor: 's', celsius: 21 };
  temperature.build(reading);
  // @ts-expect-error -- sensor is missing
  temperature.build({ line: 7 });
  // @ts-expect-error -- no such parameter
  temperature.build({ line: 7, sensor: 'a', senser: 'b' });
  // @ts-expect-error -- one level
  temperature.build({ line: 7, sensor: ['a'] });
  // @ts-expect-error -- all levels that follow
  events.build({ line: 7, path: 'a/b' });
});

test('binding leaves the others', () => {
  const line7 = temperature.with({ line: 7 });
  expectTypeOf(line7).toEqualTypeOf<TopicTemplate<{ readonly sensor: string }>>();
  line7.build({ sensor: 'inlet' });
  // @ts-expect-error -- no such parameter
  temperature.with({ lime: 7 });
});

test('subscribing to a template gives typed params, and with a codec the value beside them', () => {
  interface Params {
    readonly line: string;
    readonly sensor: string;
  }
  expectTypeOf(proxy.subscribe({ topicName: temperature, qos })).toEqualTypeOf<
    Observable<Either<SubscribeError | DecodeFailed<MqttMessage>, Matched<Params>>>
  >();
  expectTypeOf(proxy.subscribe({ topicName: temperature, qos, codec: json(t.type({ celsius: t.number })) })).toEqualTypeOf<
    Observable<Either<SubscribeError | DecodeFailed<MqttMessage>, MatchedReceived<Params, { celsius: number }>>>
  >();
  expectTypeOf(proxy.subscribe({ topicName: sharedSubscription('g', temperature), qos })).toEqualTypeOf<
    Observable<Either<SubscribeError | DecodeFailed<MqttMessage>, Matched<Params>>>
  >();
  expectTypeOf(proxy.subscribe({ topicName: 'plant/+', qos })).toEqualTypeOf<Observable<Either<SubscribeError, MqttMessage>>>();
  // @ts-expect-error -- a pattern is for subscribing; publishing needs a name
  proxy.publish({ topicName: temperature, qos, payload: '' });
});
