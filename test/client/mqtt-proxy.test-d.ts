import type { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import type { Either } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import * as t from 'io-ts';
import type { Observable } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import {
  type Accepted,
  type Capabilities,
  type ConnectError,
  type ConnectOptions,
  json,
  type MqttMessage,
  type Received,
  type MqttProxy,
  type PublishError,
  type PublishRequest,
  QOS,
  type SubscribeError,
} from '../../src/index.js';
import type { DecodeFailed } from '../../src/errors/errors.js';

declare const proxy: MqttProxy;
const request: PublishRequest = { topicName: 't', payload: '', qos: QOS.AT_LEAST_ONCE };

test('a task that is not run does not compile', async () => {
  /* eslint-disable @typescript-eslint/await-thenable -- what must not compile is not good style either */
  // @ts-expect-error -- the task is awaited and never run
  await proxy.publish(request);
  // @ts-expect-error -- the same
  await proxy.ready();
  // @ts-expect-error -- the same
  await proxy.drain(1_000);
  /* eslint-enable @typescript-eslint/await-thenable */
  expectTypeOf(await proxy.publish(request)()).toEqualTypeOf<Either<PublishError, Accepted>>();
  expectTypeOf(await proxy.ready()()).toEqualTypeOf<Either<ConnectError, Capabilities>>();
});

test('a task is a TaskEither of fp-ts', () => {
  expectTypeOf(proxy.publish(request)).toExtend<TE.TaskEither<PublishError, Accepted>>();
  const mapped = pipe(
    proxy.publish(request),
    TE.map(({ by }) => by),
  );
  expectTypeOf(mapped).toEqualTypeOf<TE.TaskEither<PublishError, 'spooler' | 'mqtt-socket'>>();
});

test('subscribe gives messages, and with a codec their values beside them', () => {
  expectTypeOf(proxy.subscribe({ topicName: 't', qos: QOS.AT_MOST_ONCE })).toEqualTypeOf<Observable<Either<SubscribeError, MqttMessage>>>();
  const readings$ = proxy.subscribe({ topicName: 't', qos: QOS.AT_MOST_ONCE, codec: json(t.type({ celsius: t.number })) });
  expectTypeOf(readings$).toEqualTypeOf<Observable<Either<SubscribeError | DecodeFailed<MqttMessage>, Received<{ celsius: number }>>>>();
});

test('qos takes the values of the official SDK and the numbers of MQTT, and nothing else', () => {
  type SdkQos = `${greengrasscoreipc.model.QOS}`;
  expectTypeOf<SdkQos>().toEqualTypeOf<QOS>();
  expectTypeOf<greengrasscoreipc.model.QOS>().toExtend<PublishRequest['qos']>();
  proxy.publish({ ...request, qos: 1 });
  proxy.subscribe({ topicName: 'a', qos: 0 });
  // @ts-expect-error -- AWS IoT Core has no QoS 2
  proxy.publish({ ...request, qos: 2 });
  // @ts-expect-error -- AWS IoT Core has no QoS 2
  proxy.publish({ ...request, qos: '2' });
});

test('what is optional may be undefined, and what is required may not', () => {
  proxy.publish({ ...request, retain: undefined, userProperties: undefined, contentType: undefined, correlationData: undefined });
  proxy.subscribe({ topicName: 't', qos: QOS.AT_MOST_ONCE, silence: undefined, onStatus: undefined });
  const options: ConnectOptions = { socketPath: undefined, authToken: undefined, publishTimeout: undefined, reconnect: undefined };
  expectTypeOf(options).toExtend<ConnectOptions>();
  // @ts-expect-error -- without a payload
  proxy.publish({ topicName: 't', qos: QOS.AT_MOST_ONCE });
  // @ts-expect-error -- without qos
  proxy.subscribe({ topicName: 't' });
});

test('payloads are bytes or text', () => {
  expectTypeOf<Uint8Array | string>().toExtend<PublishRequest['payload']>();
  expectTypeOf<PublishRequest['payload']>().toExtend<Uint8Array | string>();
  expectTypeOf<MqttMessage['payload']>().toEqualTypeOf<Uint8Array>();
  proxy.publish({ ...request, payload: Buffer.from('') });
  // @ts-expect-error -- a value is encoded first
  proxy.publish({ ...request, payload: { celsius: 20 } });
});

test('the unions of errors are exhaustive by tag', () => {
  expectTypeOf<PublishError['_tag']>().toEqualTypeOf<
    | 'MissingEnvironment'
    | 'SocketPathTooLong'
    | 'SocketUnavailable'
    | 'TokenRefused'
    | 'NativeUnavailable'
    | 'ProxyClosed'
    | 'ProtocolViolated'
    | 'TimedOut'
    | 'ConnectionLost'
    | 'TooManyPublishes'
    | 'Unauthorized'
    | 'InvalidRequest'
    | 'ServiceFault'
    | 'UnsupportedOperation'
  >();
  expectTypeOf<Exclude<SubscribeError, ConnectError>['_tag']>().toEqualTypeOf<
    'Interrupted' | 'Silent' | 'Unauthorized' | 'InvalidRequest' | 'ServiceFault' | 'UnsupportedOperation'
  >();
  expectTypeOf<Extract<SubscribeError, { kind: 'gap' }>['_tag']>().toEqualTypeOf<'Interrupted' | 'Silent'>();
  expectTypeOf<Extract<PublishError, { kind: 'gap' }>>().toBeNever();
});
