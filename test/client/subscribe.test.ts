import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { json } from '../../src/codec/index.js';
import type { RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import type { ConnectionState, SubscribeRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { fixed, limited, resetAfter } from '../../src/schedule/index.js';
import { topicTemplate } from '../../src/topic/index.js';
import { accepting, isRequest, isTerminate, type RawConnection } from '../kit/nucleus/raw-server.js';
import { record } from '../kit/streams/recorded.js';
import {
  arrived,
  asks,
  connectTo,
  ended,
  failed,
  published,
  PUBLISH,
  saidBy,
  SUBSCRIBE,
  subscribed,
  topicsOf,
  type Scripted,
} from '../kit/nucleus/scripted-nucleus.js';
import { watched } from '../kit/streams/watched.js';

const to = (topicName: string): SubscribeRequest => ({ topicName, qos: QOS.AT_LEAST_ONCE });

const event = (streamId: number, message: object): RpcMessageInit => ({ ...arrived(streamId, ''), payload: JSON.stringify({ message }) });

describe('local checks', () => {
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['no topic', { qos: '1' }, /must be a string/],
    ['an empty filter', to(''), /is empty/],
    ['# before the end', to('a/#/b'), /# before its end/],
    ['+ within a level', to('a+/b'), /only part of the level/],
    ['a filter of 257 bytes', to('a'.repeat(257)), /257 bytes/],
    ['a filter with eight slashes', to('1/2/3/4/5/6/7/8/#'), /8 slashes/],
    ['NUL in the filter', to('a\0'), /U\+0000/],
    ['QoS 2', { ...to('a'), qos: 2 }, /no QoS 2/],
    ['a silence of no length', { ...to('a'), silence: { maximum: 0 } }, /silence.maximum must be/],
    ['a canary with a wildcard', { ...to('a/#'), silence: { maximum: 1, canaryTopicName: 'a/+' } }, /^silence.canaryTopicName: /],
    ['a canary that would not come back', { ...to('a/#'), silence: { maximum: 1, canaryTopicName: 'b' } }, /never come back/],
  ];

  it.each(wrong)('refuse %s, without connecting', async (_, request, message) => {
    const { proxy, states } = await connectTo();
    expect(await record(proxy.subscribe(request as SubscribeRequest)).all()).toMatchObject([
      // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- an asymmetric matcher
      { left: { _tag: 'InvalidRequest', kind: 'terminal', foundBy: 'client', message: expect.stringMatching(message) } },
    ]);
    expect(states.values).toEqual([{ status: 'idle' }]);
  });
});

describe('a subscription', () => {
  it('asks with topic and qos, and brings every message as it came', async () => {
    const { proxy, server } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation !== SUBSCRIBE) return;
        connection.send(
          subscribed(streamId),
          arrived(streamId, 'a/1', 'one'),
          event(streamId, { topicName: 'a/2' }),
          event(streamId, {
            topicName: 'a/3',
            payload: 'AAH/',
            retain: true,
            userProperties: [
              { key: 'k', value: 'v' },
              { key: 'k', value: 'w' },
            ],
            messageExpiryIntervalSeconds: 60,
            correlationData: '/w==',
            responseTopic: 'answers',
            payloadFormat: '1',
            contentType: 'text/plain',
          }),
        );
      }),
    );
    const messages = record(proxy.subscribe({ topicName: 'a/#', qos: QOS.AT_MOST_ONCE }));
    expect(await messages.take(3)).toEqual([
      { _tag: 'Right', right: { topicName: 'a/1', payload: Buffer.from('one') } },
      { _tag: 'Right', right: { topicName: 'a/2', payload: new Uint8Array(0) } },
      {
        _tag: 'Right',
        right: {
          topicName: 'a/3',
          payload: Buffer.from([0, 1, 255]),
          retain: true,
          userProperties: [
            { key: 'k', value: 'v' },
            { key: 'k', value: 'w' },
          ],
          messageExpiryIntervalSeconds: 60,
          correlationData: Buffer.from([255]),
          responseTopic: 'answers',
          payloadFormat: '1',
          contentType: 'text/plain',
        },
      },
    ]);
    expect((await server.connection()).received.at(1)?.payload).toBe('{"topicName":"a/#","qos":"0"}');
  });

  it('to a template asks for its filter, and gives what does not fit it as a failure that carries the message', async () => {
    const { proxy, server } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        // The classic nucleus ignores a trailing slash where it routes.
        if (operation === SUBSCRIBE)
          connection.send(subscribed(streamId), arrived(streamId, 'a/1/b', 'one'), arrived(streamId, 'a/1/b/', 'two'));
      }),
    );
    const messages = record(proxy.subscribe({ topicName: topicTemplate('a/{n}/b'), qos: QOS.AT_MOST_ONCE }));
    expect(await messages.take(2)).toEqual([
      { _tag: 'Right', right: { topicName: 'a/1/b', payload: Buffer.from('one'), params: { n: '1' } } },
      // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- an asymmetric matcher
      { _tag: 'Left', left: expect.objectContaining({ _tag: 'DecodeFailed', problems: ['topicName: expected a/+/b, got "a/1/b/"'] }) },
    ]);
    expect((await server.connection()).received.at(1)?.payload).toBe('{"topicName":"a/+/b","qos":"0"}');
  });

  it('is ended at the nucleus when it is unsubscribed, once, and tells so last', async () => {
    const { proxy, server } = await connectTo();
    const { request, statuses } = watched(to('a'));
    const { subscription } = record(proxy.subscribe(request));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    expect(await proxy.publish({ ...to('fence'), payload: '' })()).toMatchObject({ _tag: 'Right' });
    subscription.unsubscribe();
    subscription.unsubscribe();
    await connection.message(isTerminate(1));
    connection.send(arrived(1, 'a', 'late'));
    await proxy.publish({ ...to('after'), payload: '' })();
    expect(saidBy(connection)).toEqual(['subscribe a', 'publish fence', 'end 1', 'publish after']);
    expect(statuses.values).toEqual([{ status: 'subscribing' }, { status: 'active', resumedAfter: undefined }, { status: 'ended' }]);
  });

  it('unsubscribed before there is a connection is never asked for', async () => {
    const { proxy, server } = await connectTo();
    const { request, statuses } = watched(to('gone'));
    record(proxy.subscribe(request)).subscription.unsubscribe();
    record(proxy.subscribe(to('stays')));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE, 'stays'));
    expect(topicsOf(connection, SUBSCRIBE)).toEqual(['stays']);
    expect(statuses.values).toEqual([{ status: 'subscribing' }, { status: 'ended' }]);
  });

  it('unsubscribed before its reply is ended at the nucleus', async () => {
    const { proxy, server } = await connectTo(accepting());
    const { subscription } = record(proxy.subscribe(to('a')));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    subscription.unsubscribe();
    await connection.message(isTerminate(1));
  });

  it('is each subscriber’s own', async () => {
    const { proxy, server } = await connectTo();
    const messages$ = proxy.subscribe(to('a'));
    const [one, two] = [record(messages$), record(messages$)];
    const connection = await server.connection();
    await connection.message(({ streamId }) => streamId === 2);
    connection.send(arrived(1, 'a', 'to one'), arrived(2, 'a', 'to two'));
    expect(await one.take(1)).toMatchObject([{ right: { payload: Buffer.from('to one') } }]);
    expect(await two.take(1)).toMatchObject([{ right: { payload: Buffer.from('to two') } }]);
  });

  it('made while the state is told is asked for once', async () => {
    const { proxy, server, states } = await connectTo();
    const topics: Record<string, string> = { connecting: 'early', connected: 'late' };
    record(proxy.state$, ({ status }: ConnectionState) => {
      const topicName = topics[status];
      if (topicName !== undefined) record(proxy.subscribe(to(topicName)));
    });
    await proxy.ready()();
    await proxy.publish({ ...to('fence'), payload: '' })();
    expect(topicsOf(await server.connection(), SUBSCRIBE).sort()).toEqual(['early', 'late']);
    expect(states.values.at(-1)).toMatchObject({ status: 'connected' });
  });

  it.each([
    ['UnauthorizedError', { _tag: 'Unauthorized', kind: 'terminal', topicName: 'a', operation: SUBSCRIBE, retryable: false }],
    ['ServiceError', { _tag: 'ServiceFault', kind: 'terminal', reason: 'Unclassified' }],
  ])('refused with %s ends with that, and with it alone', async (code, error) => {
    const { proxy, server, time } = await connectTo(accepting(({ streamId }, connection) => connection.send(failed(streamId, code, 'no'))));
    const { request, statuses } = watched(to('a'));
    expect(await record(proxy.subscribe(request)).all()).toMatchObject([{ _tag: 'Left', left: error }]);
    expect(statuses.values).toEqual([{ status: 'subscribing' }, { status: 'ended' }]);
    expect(saidBy(await server.connection())).toEqual(['subscribe a']);
    expect(time.timers).toBe(0);
  });

  it('without an answer times out, and the nucleus is told', async () => {
    const { proxy, server, time } = await connectTo(accepting());
    const messages = record(proxy.subscribe(to('a')));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    time.advance(119_999);
    expect(messages.values).toEqual([]);
    time.advance(1);
    expect(await messages.all()).toMatchObject([
      { left: { _tag: 'TimedOut', kind: 'terminal', operation: SUBSCRIBE, timeout: 120_000, sent: true } },
    ]);
    await connection.message(isTerminate(1));
    expect(time.timers).toBe(0);
  });

  it.each<[string, (scripted: Scripted, connection: RawConnection) => void, object[]]>([
    [
      'the time for it is over',
      ({ time }) => {
        time.advance(120_000);
      },
      [],
    ],
    [
      'the nucleus refuses',
      (_, connection) => {
        connection.send(failed(1, 'ServiceError', 'x'));
      },
      [{ left: { _tag: 'Interrupted', cause: { _tag: 'ServiceFault' } } }],
    ],
    [
      'the connection ends',
      (_, connection) => {
        connection.kill();
      },
      [{ left: { _tag: 'Interrupted' } }],
    ],
    [
      'the client gives the connection up',
      ({ time }) => {
        time.advance(10_000);
      },
      [{ left: { _tag: 'Interrupted', cause: { _tag: 'TimedOut' } } }],
    ],
  ])('has messages whose reply never comes when %s', async (how, end, gaps) => {
    const scripted = await connectTo(accepting(), { inFlight: 200 });
    const { proxy, server } = scripted;
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    // So many characters without an answer that the client gives the connection up.
    const unanswered = how === 'the client gives the connection up' ? 130 : 0;
    for (let i = 0; i < unanswered; i++) record(proxy.publish$({ ...to('p'), payload: 'x'.repeat(100_000) }));
    connection.send(arrived(1, 'a', '1'), arrived(1, 'a', '2'));
    // A second subscription is the fence behind what has been sent.
    const fence = watched(to('fence'));
    const fenced = record(proxy.subscribe(fence.request));
    connection.send(subscribed((await connection.message(asks(SUBSCRIBE, 'fence'))).streamId));
    await fence.statuses.take(2);
    fenced.subscription.unsubscribe();
    expect(messages.values).toEqual([]);
    end(scripted, connection);
    expect(await messages.take(2 + gaps.length)).toMatchObject([
      { right: { payload: Buffer.from('1') } },
      { right: { payload: Buffer.from('2') } },
      ...gaps,
    ]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', ...gaps.map(() => 'interrupted')]);
  });

  it('whose reply is none ends with what is wrong with it', async () => {
    const { proxy } = await connectTo(
      accepting(({ streamId }, connection) => connection.send({ ...subscribed(streamId), modelType: `${PUBLISH}Response` })),
    );
    expect(await record(proxy.subscribe(to('a'))).all()).toMatchObject([
      {
        left: {
          _tag: 'ProtocolViolated',
          kind: 'terminal',
          detail: `a message of the type ${PUBLISH}Response came on the stream of ${SUBSCRIBE}`,
        },
      },
    ]);
  });

  it('that gets what is no event is asked for again, and tells the gap', async () => {
    const { proxy, server } = await connectTo();
    const messages = record(proxy.subscribe(to('a')));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    connection.send({ ...arrived(1, 'a'), modelType: 'aws.greengrass#SubscriptionResponseMessage' });
    expect(await messages.take(1)).toMatchObject([{ left: { _tag: 'Interrupted', cause: { _tag: 'ProtocolViolated' } } }]);
  });

  it('has messages that came before the reply', async () => {
    const { proxy, server } = await connectTo(accepting());
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    const connection = await server.connection();
    const { streamId } = await connection.message(isRequest);
    connection.send(arrived(streamId, 'a', '1'), subscribed(streamId), arrived(streamId, 'a', '2'));
    expect(await messages.take(2)).toMatchObject([{ right: { payload: Buffer.from('1') } }, { right: { payload: Buffer.from('2') } }]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active']);
  });
});

describe('decoding', () => {
  const Reading = json(t.type({ celsius: t.number }));

  it('gives the value beside the message; what cannot be decoded passes by with the message as it came', async () => {
    const payloads = ['{"celsius":20}', '{"celsius":"warm"}', 'no JSON', '{"celsius":21}'];
    const { proxy } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation === SUBSCRIBE) connection.send(subscribed(streamId), ...payloads.map(payload => arrived(streamId, 'a', payload)));
      }),
    );
    const readings = record(proxy.subscribe({ ...to('a'), codec: Reading }));
    expect(await readings.take(4)).toMatchObject([
      { right: { topicName: 'a', value: { celsius: 20 }, payload: Buffer.from('{"celsius":20}') } },
      {
        left: {
          _tag: 'DecodeFailed',
          kind: 'message',
          topicName: 'a',
          problems: ['celsius: expected number, got "warm"'],
          original: { topicName: 'a', payload: Buffer.from('{"celsius":"warm"}') },
        },
      },
      { left: { _tag: 'DecodeFailed', original: { payload: Buffer.from('no JSON') } } },
      { right: { value: { celsius: 21 } } },
    ]);
  });
});

it('has the decoded value, whatever else the nucleus sends by that name', async () => {
  const message = { topicName: 'a', payload: Buffer.from('1').toString('base64'), value: 'not checked' };
  const { proxy } = await connectTo(
    accepting(({ streamId }, connection) => connection.send(subscribed(streamId), event(streamId, message))),
  );
  expect(await record(proxy.subscribe({ ...to('a'), codec: json(t.number) })).take(1)).toMatchObject([{ right: { value: 1 } }]);
});

describe('a subscription that breaks while its connection does not', () => {
  const breaks: readonly (readonly [string, (streamId: number) => RpcMessageInit, object])[] = [
    ['is ended by the nucleus', ended, { _tag: 'ConnectionLost' }],
    ['fails with what may pass', streamId => failed(streamId, 'ServiceError', 'of tomorrow'), { _tag: 'ServiceFault' }],
    ['brings an event that is none', streamId => event(streamId, { topicName: 1 }), { _tag: 'ProtocolViolated' }],
  ];

  it.each(breaks)('and %s is asked for again, and tells the gap', async (_, broken, cause) => {
    const { proxy, server, time, states } = await connectTo();
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    connection.send(arrived(1, 'a', '1'), broken(1));
    expect(await messages.take(2)).toMatchObject([
      { _tag: 'Right' },
      { left: { _tag: 'Interrupted', kind: 'gap', topicName: 'a', cause } },
    ]);
    time.advance(999);
    await proxy.publish({ ...to('fence'), payload: '' })();
    expect(topicsOf(connection, SUBSCRIBE)).toEqual(['a']);
    time.advance(1);
    const { streamId } = await connection.message(message => asks(SUBSCRIBE)(message) && message.streamId > 1);
    connection.send(arrived(streamId, 'a', '2'));
    await messages.take(3);
    expect(statuses.values).toMatchObject([
      { status: 'subscribing' },
      { status: 'active', resumedAfter: undefined },
      { status: 'interrupted', error: { _tag: 'Interrupted' } },
      { status: 'active', resumedAfter: 1_000 },
    ]);
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'connected']);
  });

  it('ends where asking again cannot help', async () => {
    const { proxy, server } = await connectTo();
    const messages = record(proxy.subscribe(to('a')));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    connection.send(arrived(1, 'a', '1'), failed(1, 'UnauthorizedError', 'no'));
    expect(await messages.all()).toMatchObject([{ _tag: 'Right' }, { left: { _tag: 'Unauthorized', kind: 'terminal' } }]);
  });

  it('ends where the schedule gives up, and tells one gap before', async () => {
    const { proxy, server, time } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation === PUBLISH) connection.send(published(streamId));
        else connection.send(...(streamId === 1 ? [subscribed(1), arrived(1, 'a'), ended(1)] : [failed(streamId, 'ServiceError', 'x')]));
      }),
      { reconnect: limited(2)(fixed(100)), publishTimeout: Infinity },
    );
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    await messages.take(2);
    const connection = await server.connection();
    for (let again = 2; again <= 3; again++) {
      time.advance(100);
      await connection.message(({ streamId }) => streamId === again);
      if (again === 2) await proxy.publish({ ...to('fence'), payload: '' })();
    }
    expect(await messages.all()).toMatchObject([
      { _tag: 'Right' },
      { left: { _tag: 'Interrupted' } },
      { left: { _tag: 'ServiceFault', kind: 'terminal' } },
    ]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'interrupted', 'ended']);
    expect(time.timers).toBe(0);
  });

  it('has its whole schedule again once it was active for long enough', async () => {
    const reconnect = resetAfter(10_000)(limited(1)(fixed(100)));
    const { proxy, server, time } = await connectTo(
      accepting(({ streamId }, connection) => connection.send(subscribed(streamId), arrived(streamId, 'a', String(streamId)))),
      { reconnect },
    );
    const messages = record(proxy.subscribe(to('a')));
    await messages.take(1);
    const connection = await server.connection();
    for (const streamId of [1, 2, 3]) {
      time.advance(10_000);
      connection.send(ended(streamId));
      await messages.take(2 * streamId);
      time.advance(100);
      await messages.take(2 * streamId + 1);
    }
    expect(messages.values.map(({ _tag }) => _tag)).toEqual(['Right', 'Left', 'Right', 'Left', 'Right', 'Left', 'Right']);
  });

  it('may be unsubscribed by whoever hears of the gap, and is not asked for again', async () => {
    const { proxy, server, time } = await connectTo();
    const messages = record(proxy.subscribe(to('a')), message => {
      if (message._tag === 'Left') messages.subscription.unsubscribe();
    });
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    connection.send(arrived(1, 'a'), ended(1));
    await messages.take(2);
    expect(time.timers).toBe(0);
  });
});
