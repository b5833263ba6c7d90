import fc from 'fast-check';
import { asyncScheduler, interval, merge, mergeMap, type Observable, of, range, take, tap, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { publishTo } from '../../src/flow/index.js';
import { encodeRpcMessage, MessageType } from '../../src/ipc/wire/rpc-message.js';
import { PublishToIoTCoreRequest } from '../../src/ipc/wire/shapes.js';
import { encodePublish } from '../../src/client/mqtt-request.js';
import type { MqttProxy, PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { accepting, isTerminate, type RawConnection } from '../kit/nucleus/raw-server.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { record, type Recorded } from '../kit/streams/recorded.js';
import { asks, connectTo, ended, failed, published, PUBLISH, saidBy, topicsOf } from '../kit/nucleus/scripted-nucleus.js';

const to = (topicName: string, payload: string | Uint8Array = ''): PublishRequest => ({ topicName, payload, qos: QOS.AT_LEAST_ONCE });
const ACCEPTED = { _tag: 'Right', right: { by: 'spooler' } };

/** Publishes in turn to topics 0, 1, … and records each. */
function publishMany(proxy: MqttProxy, count: number, from = 0): Recorded<unknown>[] {
  return Array.from({ length: count }, (_, index) => record(proxy.publish$(to(String(from + index)))));
}

describe('encoding', () => {
  const member = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> => arbitrary;
  const request = fc.record(
    {
      topicName: fc.string({ unit: 'binary' }),
      payload: fc.uint8Array(),
      qos: fc.constantFrom(QOS.AT_MOST_ONCE, QOS.AT_LEAST_ONCE),
      retain: fc.boolean(),
      userProperties: fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 3 }),
      messageExpiryIntervalSeconds: fc.nat(),
      correlationData: fc.uint8Array(),
      responseTopic: member(fc.string()),
      payloadFormat: fc.constantFrom('0' as const, '1' as const),
      contentType: fc.string(),
    },
    { requiredKeys: ['topicName', 'payload', 'qos'] },
  );

  it('writes what the shape of the request writes', () => {
    fc.assert(
      fc.property(request, value => {
        expect(JSON.parse(encodePublish(value))).toEqual(PublishToIoTCoreRequest.encode(value as PublishToIoTCoreRequest));
      }),
    );
  });

  it('writes a text payload as UTF-8, and only the memory a view shows', () => {
    expect(encodePublish(to('t', 'hi'))).toBe('{"topicName":"t","qos":"1","payload":"aGk="}');
    expect(encodePublish(to('t', '°'))).toBe('{"topicName":"t","qos":"1","payload":"wrA="}');
    expect(encodePublish(to('t', Uint8Array.from([1, 2, 3, 4]).subarray(1, 3)))).toBe('{"topicName":"t","qos":"1","payload":"AgM="}');
  });
});

/** Bytes of the frame a publish travels in. */
const frameLength = (request: PublishRequest): number =>
  encodeRpcMessage({ type: MessageType.ApplicationMessage, flags: 0, streamId: 1, operation: PUBLISH, payload: encodePublish(request) })
    .length;

describe('local checks', () => {
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['no topic', { ...to(''), topicName: undefined }, /must be a string/],
    ['an empty topic', to(''), /is empty/],
    ['a + in the topic', to('a/+/b'), /wildcard/],
    ['a # in the topic', to('a/#'), /wildcard/],
    ['a topic of 257 bytes', to('é'.repeat(128) + 'a'), /257 bytes/],
    ['a topic with eight slashes', to('1/2/3/4/5/6/7/8/9'), /8 slashes/],
    ['NUL in the topic', to('a\0b'), /U\+0000/],
    ['half a surrogate pair', to('a\ud800'), /surrogate/],
    ['QoS 2', { ...to('t'), qos: '2' }, /no QoS 2/],
    ['no qos', { topicName: 't', payload: '' }, /qos must be/],
    ['a payload that is a value', { ...to('t'), payload: { celsius: 20 } }, /Encode the value/],
    ['no payload', { topicName: 't', qos: '1' }, /payload must be/],
    ['a payload of 128 KiB and one byte', to('t', new Uint8Array(128 * 1024 + 1)), /131073 bytes/],
    ['a text of too many bytes', to('t', '€'.repeat(43_691)), /131073 bytes/],
    ['a negative expiry', { ...to('t'), messageExpiryIntervalSeconds: -1 }, /from 0 to 4294967295/],
    ['a fraction of a second', { ...to('t'), messageExpiryIntervalSeconds: 1.5 }, /whole number/],
    ['user properties that are an object', { ...to('t'), userProperties: { room: 'a' } }, /^userProperties must be an array/],
    ['a user property that is no text', { ...to('t'), userProperties: [{ key: 'room', value: 1 }] }, /^userProperties must be an array/],
    ['correlation data that is text', { ...to('t'), correlationData: 'a' }, /^correlationData must be a Uint8Array/],
    ['a response topic that is no text', { ...to('t'), responseTopic: 1 }, /^responseTopic must be a string, not 1/],
    ['a wildcard in the response topic', { ...to('t'), responseTopic: 'a/#' }, /^responseTopic: /],
  ];

  it.each(wrong)('refuse %s, without connecting', async (_, request, message) => {
    const { proxy, states } = await connectTo();
    expect(await proxy.publish(request as PublishRequest)()).toMatchObject({
      _tag: 'Left',
      left: {
        _tag: 'InvalidRequest',
        kind: 'message',
        foundBy: 'client',
        retryable: false,
        // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- an asymmetric matcher
        message: expect.stringMatching(message),
      },
    });
    expect(states.values).toEqual([{ status: 'idle' }]);
  });

  it('leave the connection intact, and the nucleus hears nothing of what they refuse', async () => {
    const { proxy, server } = await connectTo();
    await proxy.ready()();
    for (const [, request] of wrong) await proxy.publish(request as PublishRequest)();
    expect(await proxy.publish(to('good'))()).toEqual(ACCEPTED);
    expect(saidBy(await server.connection())).toEqual(['publish good']);
  });

  it('let pass what is just in order', async () => {
    const { proxy, server } = await connectTo();
    const fine = [
      to('é'.repeat(128)),
      to('1/2/3/4/5/6/7/8'),
      to('$aws/rules/rule/1/2/3/4/5/6/7/8'),
      to('t', new Uint8Array(128 * 1024)),
      { ...to('t'), messageExpiryIntervalSeconds: 4_294_967_295, responseTopic: 'answers' },
    ];
    for (const request of fine) expect(await proxy.publish(request)()).toEqual(ACCEPTED);
    expect(saidBy(await server.connection())).toHaveLength(fine.length);
  });

  it('know the frame of Greengrass Lite to the byte, and the rest goes on', async () => {
    const { proxy, server } = await connectTo(undefined, { profile: 'lite' });
    // Observed on Lite 2.6.0: a frame of 10,012 bytes is taken, and one more byte costs the connection.
    const largest = { ...to('test/a', new Uint8Array(7_338)), contentType: 'c'.repeat(51) };
    const larger = { ...largest, contentType: `${largest.contentType}.` };
    expect([frameLength(largest), frameLength(larger)]).toEqual([10_012, 10_013]);
    const outcomes = await Promise.all([
      proxy.publish(largest)(),
      proxy.publish(larger)(),
      proxy.publish(to('test/a', 'é'.repeat(5_000)))(),
      proxy.publish(to('test/b'))(),
    ]);
    const tooLarge = { left: { _tag: 'InvalidRequest', foundBy: 'client', kind: 'message' } };
    expect(outcomes).toMatchObject([{ right: { by: 'mqtt-socket' } }, tooLarge, tooLarge, { right: { by: 'mqtt-socket' } }]);
    expect(topicsOf(await server.connection(), PUBLISH)).toEqual(['test/a', 'test/b']);
  });
});

describe('an answer', () => {
  it.each([
    ['UnauthorizedError', 'Not Authorized', { _tag: 'Unauthorized', kind: 'message', topicName: 't', operation: PUBLISH }],
    ['InvalidArgumentsError', 'Payload is required', { _tag: 'InvalidRequest', kind: 'message', foundBy: 'nucleus' }],
    [
      'ServiceError',
      'Publish to topic t failed: Message spool is full. Message could not be added.',
      { _tag: 'ServiceFault', reason: 'SpoolFull', retryable: true, serverCode: 'ServiceError' },
    ],
    ['ServiceError', 'of tomorrow', { _tag: 'ServiceFault', reason: 'Unclassified', serverText: 'of tomorrow' }],
  ])('of %s "%s" is a typed error', async (code, text, error) => {
    const { proxy } = await connectTo(accepting(({ streamId }, connection) => connection.send(failed(streamId, code, text))));
    expect(await proxy.publish(to('t'))()).toMatchObject({ _tag: 'Left', left: error });
  });

  it('comes to each subscriber of publish$, which publishes for each', async () => {
    const { proxy, server } = await connectTo();
    const publish$ = proxy.publish$(to('t'));
    expect(await record(publish$).all()).toEqual([ACCEPTED]);
    expect(await record(publish$).all()).toEqual([ACCEPTED]);
    expect(saidBy(await server.connection())).toEqual(['publish t', 'publish t']);
  });
});

describe('publishes in flight', () => {
  it.each([
    ['classic', undefined, 64],
    ['lite', undefined, 8],
    ['classic', 3, 3],
  ] as const)('at once, to a %s nucleus with the option %j, are %i: never more, and always so many', async (profile, inFlight, width) => {
    let open: number[] = [];
    let most = 0;
    // Answers only when so many are in flight, all at once and last first; what is left at the end by itself.
    const total = width * 5;
    let seen = 0;
    const { proxy } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation !== PUBLISH) return;
        open.push(streamId);
        seen++;
        most = Math.max(most, open.length);
        if (open.length < width && seen < total) return;
        const answers = open.reverse().map(published);
        open = [];
        connection.send(...answers);
      }),
      { profile, inFlight },
    );
    const outcomes = await Promise.all(publishMany(proxy, total).map(publish => publish.all()));
    expect(outcomes.flat().filter(outcome => (outcome as typeof ACCEPTED)._tag === 'Right')).toHaveLength(total);
    expect(most).toBe(width);
  });

  it('make room with each answer, in the order they came', async () => {
    const { proxy, server } = await connectTo(accepting(), { inFlight: 2 });
    publishMany(proxy, 4);
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, '1'));
    connection.send(published(2));
    await connection.message(asks(PUBLISH, '2'));
    connection.send(published(1));
    await connection.message(asks(PUBLISH, '3'));
    expect(topicsOf(connection, PUBLISH)).toEqual(['0', '1', '2', '3']);
  });
});

describe('too many publishes', () => {
  it('fail at once and are not sent, with a connection', async () => {
    const { proxy, server } = await connectTo(accepting(), { inFlight: 2, publishBuffer: 3 });
    await proxy.ready()();
    const taken = publishMany(proxy, 5);
    expect(await proxy.publish(to('too many'))()).toMatchObject({ left: { _tag: 'TooManyPublishes', waiting: 3, retryable: true } });
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, '1'));
    connection.send(published(1), published(2));
    await connection.message(asks(PUBLISH, '3'));
    connection.send(published(3), published(4));
    await connection.message(asks(PUBLISH, '4'));
    connection.send(published(5));
    for (const publish of taken) expect(await publish.all()).toEqual([ACCEPTED]);
    expect(topicsOf(connection, PUBLISH)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('are bounded in size too: 32 Mi characters', async () => {
    const { proxy } = await connectTo(() => undefined);
    const publish = (payload: Uint8Array): Recorded<unknown> => record(proxy.publish$(to('t', payload)));
    const large = new Uint8Array(96 * 1024);
    const fit = Math.floor((32 * 1024 * 1024) / encodePublish(to('t', large)).length) + 1;
    const waiting = Array.from({ length: fit }, () => publish(large));
    expect(publish(new Uint8Array(0)).values).toMatchObject([{ left: { _tag: 'TooManyPublishes', waiting: fit } }]);
    waiting[0]?.subscription.unsubscribe();
    expect(publish(new Uint8Array(0)).values).toEqual([]);
  });

  it('fail without a connection, 1,000 by default', async () => {
    const { proxy } = await connectTo(() => undefined);
    publishMany(proxy, 1_000);
    expect(await proxy.publish(to('t'))()).toMatchObject({ left: { _tag: 'TooManyPublishes', waiting: 1_000 } });
  });
});

it('is not accepted where the nucleus ends the request without an answer: its fate is unknown', async () => {
  const { proxy } = await connectTo(accepting(({ streamId }, connection) => connection.send(ended(streamId))));
  expect(await proxy.publish(to('t'))()).toMatchObject({
    left: { _tag: 'ConnectionLost', kind: 'message', sent: true, cause: new Error('The nucleus ended the request without an answer.') },
  });
});

describe('a timeout', () => {
  it('says whether the publish had been sent, ends its stream and gives its place away', async () => {
    const { proxy, server, time } = await connectTo(accepting(), { inFlight: 2 });
    await proxy.ready()();
    const publishes = publishMany(proxy, 3);
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, '1'));
    time.advance(5_000);
    const later = publishMany(proxy, 1, 3)[0];
    time.advance(4_999);
    expect(publishes.flatMap(({ values }) => values)).toEqual([]);
    time.advance(1);
    const timedOut = (sent: boolean): object => ({
      left: { _tag: 'TimedOut', kind: 'message', operation: PUBLISH, timeout: 10_000, sent, retryable: true },
    });
    expect(publishes.map(({ values }) => values)).toMatchObject([[timedOut(true)], [timedOut(true)], [timedOut(false)]]);
    await connection.message(isTerminate(1));
    await connection.message(isTerminate(2));
    const { streamId } = await connection.message(asks(PUBLISH, '3'));
    // A late answer is nobody's.
    connection.send(published(1), published(streamId));
    expect(await later?.all()).toEqual([ACCEPTED]);
    expect(topicsOf(connection, PUBLISH)).toEqual(['0', '1', '3']);
  });

  it('counts from the call, each on its own, with one timer for all', async () => {
    const { proxy, time } = await connectTo(accepting(), { publishTimeout: 1_000 });
    await proxy.ready()();
    const early = publishMany(proxy, 200);
    time.advance(600);
    const late = publishMany(proxy, 200, 200);
    expect(time.timers).toBe(1);
    time.advance(400);
    expect(early.every(({ values }) => values.length === 1)).toBe(true);
    expect(late.every(({ values }) => values.length === 0)).toBe(true);
    expect(time.timers).toBe(1);
    time.advance(600);
    expect(late.every(({ values }) => values.length === 1)).toBe(true);
    expect(time.timers).toBe(0);
  });

  it('comes while there is no connection too', async () => {
    const { proxy, time } = await connectTo(() => undefined, { publishTimeout: 1_000 });
    const publish = record(proxy.publish$(to('t')));
    time.advance(1_000);
    expect(await publish.all()).toMatchObject([{ left: { _tag: 'TimedOut', sent: false } }]);
  });
});

it('times out in time though the time of day is set back meanwhile', async () => {
  const { proxy, server } = await connectTo(accepting(), { scheduler: asyncScheduler, publishTimeout: 300 });
  // Connected, it sends a publish at once, however long the time that it has takes to pass.
  await proxy.ready()();
  const early = record(proxy.publish$(to('early')));
  await (await server.connection()).message(asks(PUBLISH, 'early'));
  const late = record(proxy.publish$(to('late')));
  const timeOfDay = Date.now;
  const moved = vi.spyOn(Date, 'now').mockImplementation(() => timeOfDay() - 3_600_000);
  onTestFinished(() => {
    moved.mockRestore();
  });
  expect(await early.take(1)).toMatchObject([{ left: { _tag: 'TimedOut' } }]);
  expect(await late.take(1)).toMatchObject([{ left: { _tag: 'TimedOut' } }]);
});

it.each([
  ['is no JSON', { payload: 'OK' }, 'the reply to aws.greengrass#PublishToIoTCore is no JSON object'],
  [
    'is of another operation',
    { modelType: 'aws.greengrass#SubscribeToIoTCoreResponse' },
    'a message of the type aws.greengrass#SubscribeToIoTCoreResponse came on the stream of aws.greengrass#PublishToIoTCore',
  ],
])('is not accepted by a reply that %s: its effect is unknown, and the next publish has its turn', async (_, wrong, detail) => {
  const { proxy } = await connectTo(
    accepting((message, connection) => {
      if (message.operation !== PUBLISH) return;
      connection.send({ ...published(message.streamId), ...(message.streamId === 1 ? wrong : undefined) });
    }),
    { inFlight: 1 },
  );
  const outcomes = record(of('1', '2').pipe(publishTo(proxy, topic => to(topic))));
  expect(await outcomes.all()).toMatchObject([
    { left: { _tag: 'ProtocolViolated', kind: 'message', retryable: true, value: '1', outcome: 'unknown', detail } },
    { right: { value: '2' } },
  ]);
  expect(await proxy.drain(1)()).toMatchObject({ accepted: 0, failed: 0, unfinished: 0 });
});

it('gives the connection up when 16 Mi characters had no answer, which a nucleus that reads no more leaves in memory', async () => {
  const { proxy, time, states, server, reaches } = await connectTo(
    accepting(({ streamId, payload }, connection) => {
      if (payload.includes('answer')) connection.send(published(streamId));
    }),
    { inFlight: 64 },
  );
  await proxy.ready()();
  const payload = new Uint8Array(96 * 1024);
  const characters = encodePublish(to('0', payload)).length;
  const unanswered = async (count: number): Promise<void> => {
    const publishes = Array.from({ length: count }, () => record(proxy.publish$(to('0', payload))));
    time.advance(10_000);
    await Promise.all(publishes.map(publish => publish.take(1)));
  };
  const enough = Math.floor((16 * 1024 * 1024) / characters) + 1;
  await unanswered(64);
  // One answer, and it counts from there.
  expect(await proxy.publish(to('answer'))()).toEqual(ACCEPTED);
  await unanswered(64);
  await unanswered(enough - 65);
  expect(states.values.at(-1)?.status).toBe('connected');
  await unanswered(1);
  expect(await reaches('interrupted')).toMatchObject({ error: { _tag: 'TimedOut', kind: 'terminal', operation: PUBLISH } });
  await (
    await server.connection()
  ).closed;
  time.advance(1_000);
  await reaches('connected');
});

it('through publishTo that is never sent is refused, not of unknown fate', async () => {
  const { proxy, time } = await connectTo(() => undefined, { connectTimeout: 60_000 });
  const outcomes = record(of('a', 'b').pipe(publishTo(proxy, topicName => to(topicName), { scheduler: time })));
  time.advance(10_000);
  const refused = { left: { _tag: 'TimedOut', sent: false, outcome: 'refused' } };
  expect(await outcomes.all()).toMatchObject([refused, refused]);
});

describe('unsubscribing', () => {
  it('from a publish that waits keeps it from being sent', async () => {
    const { proxy, server } = await connectTo(accepting(), { inFlight: 1 });
    await proxy.ready()();
    const [first, second, third] = publishMany(proxy, 3);
    second?.subscription.unsubscribe();
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, '0'));
    connection.send(published(1));
    expect(await first?.all()).toEqual([ACCEPTED]);
    await connection.message(asks(PUBLISH, '2'));
    connection.send(published(2));
    expect(await third?.all()).toEqual([ACCEPTED]);
    expect(topicsOf(connection, PUBLISH)).toEqual(['0', '2']);
  });

  it('from one that has been sent gives up the wait: its place stays taken until the answer', async () => {
    const { proxy, server } = await connectTo(accepting(), { inFlight: 1 });
    await proxy.ready()();
    const [first, second] = publishMany(proxy, 2);
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, '0'));
    first?.subscription.unsubscribe();
    expect(saidBy(connection)).toEqual(['publish 0']);
    connection.send(published(1));
    await connection.message(asks(PUBLISH, '1'));
    connection.send(published(2));
    expect(await second?.all()).toEqual([ACCEPTED]);
    expect(first?.values).toEqual([]);
    expect(saidBy(connection)).toEqual(['publish 0', 'publish 1']);
  });
});

it('publishes in the order of the calls', async () => {
  const { proxy, server } = await connectTo();
  const topics = Array.from({ length: 300 }, (_, index) => String(index));
  await Promise.all(topics.map(topic => proxy.publish(to(topic))()));
  expect(topicsOf(await server.connection(), PUBLISH)).toEqual(topics);
});

it('lets whoever hears of a failure publish again, and fails only what was there', async () => {
  let speaks = (connection: RawConnection): void => connection.sendBytes(Buffer.from('no event stream, this'));
  const { proxy, server } = await connectTo(connection => {
    connection.onMessage = () => {
      speaks(connection);
    };
  });
  const again: Recorded<unknown>[] = [];
  const first = record(proxy.publish$(to('first')), () => {
    speaks = () => undefined;
    // The last one there was is given up while the failures are told.
    others.at(-1)?.subscription.unsubscribe();
    again.push(...publishMany(proxy, 2));
  });
  const others = publishMany(proxy, 3);
  const violated = { left: { _tag: 'ProtocolViolated', kind: 'message' } };
  expect(await first.all()).toMatchObject([violated]);
  expect(others.map(({ values }) => values)).toMatchObject([[violated], [violated], []]);
  await (await server.connection(1)).message(() => true);
  expect(again.map(({ values }) => values)).toEqual([[], []]);
});

it('several stages and direct publishes share what may be in flight fairly', async () => {
  const scheduler = new VirtualTimeScheduler();
  const nucleus = new MemoryNucleus({ scheduler, latency: { publish: 10 } });
  const proxy = nucleus.connect({ inFlight: 4 });
  // A stage knows from its beginning how many the nucleus takes.
  void proxy.ready()();
  scheduler.flush();
  const flood = (topicName: string): Observable<unknown> => range(200).pipe(publishTo(proxy, n => to(topicName, String(n)), { scheduler }));
  const waits: number[] = [];
  const direct$ = interval(10, scheduler).pipe(
    take(50),
    mergeMap(n => {
      const asked = scheduler.now();
      return proxy.publish$(to('direct', String(n))).pipe(tap(() => waits.push(scheduler.now() - asked)));
    }),
  );
  const outcomes = record(merge(flood('one'), flood('other'), direct$));
  scheduler.flush();
  expect(outcomes.values).toHaveLength(450);

  // While both have something to send neither stage is ahead of the other by more than what it may have under way.
  let [ahead, most] = [0, 0];
  for (const { topicName } of nucleus.published.slice(0, 400)) {
    ahead += topicName === 'one' ? 1 : topicName === 'other' ? -1 : 0;
    most = Math.max(most, Math.abs(ahead));
  }
  expect(most).toBe(4);
  // Ahead of a direct publish is what the stages have handed over, four each: two rounds of ten milliseconds before its own.
  expect(waits).toHaveLength(50);
  expect(Math.max(...waits)).toBeLessThanOrEqual(30);
  const closed = proxy.close();
  scheduler.flush();
  await closed;
});
