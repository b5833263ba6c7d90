import { rename } from 'node:fs/promises';
import * as t from 'io-ts';
import { map, mergeMap, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Nucleus } from '../../src/client/connect.js';
import { MessageType } from '../../src/ipc/wire/rpc-message.js';
import type { PublishRequest, SubscribeRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { fixed, limited } from '../../src/schedule/index.js';
import { type MarbleKit, marbles } from '../../src/testing/index.js';
import { accepting, isTerminate, type RawConnection } from '../kit/nucleus/raw-server.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { record } from '../kit/streams/recorded.js';
import {
  arrived,
  asks,
  connectTo,
  obliging,
  published,
  PUBLISH,
  saidBy,
  SUBSCRIBE,
  subscribed,
  topicsOf,
} from '../kit/nucleus/scripted-nucleus.js';
import { watched } from '../kit/streams/watched.js';

const to = (topicName: string): SubscribeRequest & PublishRequest => ({ topicName, qos: QOS.AT_LEAST_ONCE, payload: '' });
const ACCEPTED = { _tag: 'Right', right: { by: 'spooler' } };
const INTERRUPTED = { left: { _tag: 'Interrupted', kind: 'gap', topicName: 'a' } };

/** Answers subscribes; publishes never. */
const subscribing = accepting(({ operation, streamId }, connection) => {
  if (operation === SUBSCRIBE) connection.send(subscribed(streamId));
});

describe('a connection that breaks', () => {
  it('is made again, and its subscription goes on as the same stream with a gap of known length', async () => {
    const { proxy, server, time, states, reaches } = await connectTo();
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    const first = await server.connection(0);
    await first.message(asks(SUBSCRIBE));
    first.send(arrived(1, 'a', 'before'));
    await messages.take(1);
    first.kill();
    expect(await reaches('interrupted')).toMatchObject({ retryIn: 1_000, error: { _tag: 'ConnectionLost' } });
    expect(messages.values.slice(1)).toMatchObject([{ left: { ...INTERRUPTED.left, cause: { _tag: 'ConnectionLost' } } }]);
    time.advance(1_000);
    const second = await server.connection(1);
    await second.message(asks(SUBSCRIBE, 'a'));
    second.send(arrived(1, 'a', 'after'));
    expect(await messages.take(3)).toMatchObject([
      { right: { payload: Buffer.from('before') } },
      INTERRUPTED,
      { right: { payload: Buffer.from('after') } },
    ]);
    expect(statuses.values).toMatchObject([
      { status: 'subscribing' },
      { status: 'active', resumedAfter: undefined },
      { status: 'interrupted', error: { _tag: 'Interrupted' } },
      { status: 'active', resumedAfter: 1_000 },
    ]);
    expect(states.values.map(({ status }) => status)).toEqual([
      'idle',
      'connecting',
      'connected',
      'interrupted',
      'connecting',
      'connected',
    ]);
  });

  // A pipe cannot be taken out of its place.
  it.skipIf(IS_WINDOWS)('tells one gap, however many tries it takes to end it', async () => {
    const { proxy, server, time, states, reaches } = await connectTo();
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    await rename(server.path, `${server.path}.away`);
    (await server.connection(0)).kill();
    for (let attempt = 1; attempt <= 3; attempt++) {
      await reaches('interrupted');
      time.advance(1_000);
      await states.first(state => state.status === 'connecting' && state.attempt === attempt);
    }
    await reaches('interrupted');
    await rename(`${server.path}.away`, server.path);
    time.advance(1_000);
    const active = await statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
    expect(active).toEqual({ status: 'active', resumedAfter: 4_000 });
    expect(messages.values).toMatchObject([INTERRUPTED]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'interrupted', 'active']);
  });

  it('has nothing more to tell a subscription that ended when another one heard of it', async () => {
    const { proxy, server } = await connectTo();
    const ofOther = watched(to('b'));
    const messages = record(proxy.subscribe(to('a')), message => {
      if (message._tag === 'Left') other.subscription.unsubscribe();
    });
    const other = record(proxy.subscribe(ofOther.request));
    await ofOther.statuses.take(2);
    (await server.connection()).kill();
    await messages.take(1);
    expect(ofOther.statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'ended']);
  });

  it('has no gap to tell of a subscription that was not active yet, which is asked for again', async () => {
    const { proxy, server, time, reaches } = await connectTo(accepting());
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    const first = await server.connection(0);
    await first.message(asks(SUBSCRIBE));
    first.kill();
    await reaches('interrupted');
    time.advance(1_000);
    const second = await server.connection(1);
    await second.message(asks(SUBSCRIBE));
    second.send(subscribed(1), arrived(1, 'a'));
    expect(await messages.take(1)).toMatchObject([{ _tag: 'Right' }]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'interrupted', 'active']);
    expect(statuses.values.at(-1)).toMatchObject({ resumedAfter: undefined });
  });

  it('is asked on the next connection only for subscriptions that are still wanted', async () => {
    const { proxy, server, time, reaches } = await connectTo();
    const gone = watched(to('gone'));
    const { subscription } = record(proxy.subscribe(gone.request));
    const stays = watched(to('stays'));
    record(proxy.subscribe(stays.request));
    await Promise.all([gone.statuses.take(2), stays.statuses.take(2)]);
    (await server.connection(0)).kill();
    await reaches('interrupted');
    subscription.unsubscribe();
    time.advance(1_000);
    await stays.statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
    expect(topicsOf(await server.connection(1), SUBSCRIBE)).toEqual(['stays']);
  });

  it('fails the publishes that were under way, since nobody knows their fate; those that waited are sent by the next', async () => {
    const { proxy, server, time, reaches } = await connectTo(subscribing, { inFlight: 2 });
    await proxy.ready()();
    const publishes = ['1', '2', '3', '4'].map(topic => record(proxy.publish$(to(topic))));
    const first = await server.connection(0);
    await first.message(asks(PUBLISH, '2'));
    first.kill();
    await reaches('interrupted');
    const lost = { left: { _tag: 'ConnectionLost', kind: 'message', sent: true, retryable: true } };
    expect(publishes.map(({ values }) => values)).toMatchObject([[lost], [lost], [], []]);
    const late = record(proxy.publish$(to('5')));
    time.advance(1_000);
    const second = await server.connection(1);
    await second.message(asks(PUBLISH, '4'));
    second.send(published(1), published(2));
    await second.message(asks(PUBLISH, '5'));
    second.send(published(3));
    expect([await publishes[2]?.all(), await publishes[3]?.all(), await late.all()]).toEqual([[ACCEPTED], [ACCEPTED], [ACCEPTED]]);
  });

  it('has its subscriptions restored before publishes that waited are sent', async () => {
    let held: (() => void) | undefined;
    const { proxy, server, time, reaches } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation === PUBLISH) connection.send(published(streamId));
        else if (topicsOf(connection, SUBSCRIBE).at(-1) === 'slow') held = () => connection.send(subscribed(streamId));
        else if (operation === SUBSCRIBE) connection.send(subscribed(streamId));
      }),
    );
    const slow = record(proxy.subscribe(to('slow')));
    record(proxy.subscribe(to('quick')));
    await proxy.ready()();
    (await server.connection(0)).kill();
    await reaches('interrupted');
    const publish = record(proxy.publish$(to('waits')));
    time.advance(1_000);
    const second = await server.connection(1);
    await second.message(asks(SUBSCRIBE, 'quick'));
    const during = record(proxy.publish$(to('during')));
    // The withheld answer holds the publishes back: one more exchange shows that they are not on their way.
    const other = record(proxy.subscribe(to('fence')));
    await second.message(asks(SUBSCRIBE, 'fence'));
    expect(topicsOf(second, PUBLISH)).toEqual([]);
    held?.();
    expect([await publish.all(), await during.all()]).toEqual([[ACCEPTED], [ACCEPTED]]);
    expect(saidBy(second)).toEqual(['subscribe slow', 'subscribe quick', 'subscribe fence', 'publish waits', 'publish during']);
    for (const { subscription } of [slow, other]) subscription.unsubscribe();
  });

  it('lets publishes wait for a subscription that is not answered no longer than 5 s', async () => {
    const { proxy, server, time } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation === PUBLISH) connection.send(published(streamId));
      }),
    );
    const withheld = record(proxy.subscribe(to('a')));
    const publish = record(proxy.publish$(to('waits')));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE));
    time.advance(4_999);
    expect(saidBy(connection)).toEqual(['subscribe a']);
    time.advance(1);
    expect(await publish.all()).toEqual([ACCEPTED]);
    expect(withheld.values).toEqual([]);
  });

  it('lets publishes go when the subscription they wait for is given up', async () => {
    const { proxy, server } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation === PUBLISH) connection.send(published(streamId));
      }),
    );
    const withheld = record(proxy.subscribe(to('a')));
    const publish = record(proxy.publish$(to('waits')));
    await (await server.connection()).message(asks(SUBSCRIBE));
    withheld.subscription.unsubscribe();
    expect(await publish.all()).toEqual([ACCEPTED]);
    expect(saidBy(await server.connection())).toEqual(['subscribe a', 'end 1', 'publish waits']);
  });

  it('leaves publishes that wait their own time', async () => {
    const { proxy, server, time, reaches } = await connectTo(obliging, { publishTimeout: 600 });
    await proxy.ready()();
    (await server.connection()).kill();
    await reaches('interrupted');
    const publish = record(proxy.publish$(to('t')));
    time.advance(600);
    expect(await publish.all()).toMatchObject([{ left: { _tag: 'TimedOut', sent: false } }]);
  });

  it('is closed and made again when a corrupt frame comes', async () => {
    const { proxy, server, time, reaches } = await connectTo();
    await proxy.ready()();
    const first = await server.connection(0);
    first.sendBytes(Buffer.from('no event stream, this'));
    expect(await reaches('interrupted')).toMatchObject({ error: { _tag: 'ProtocolViolated' } });
    await first.closed;
    time.advance(1_000);
    await reaches('connected');
  });
});

describe('the schedule of reconnecting', () => {
  it('begins at most 100 ms after the break, at random, by default', async () => {
    const { proxy, server, reaches } = await connectTo(obliging, { reconnect: undefined });
    await proxy.ready()();
    (await server.connection()).kill();
    const state = await reaches('interrupted');
    expect(state.status === 'interrupted' && state.retryIn).toBeLessThanOrEqual(100);
  });

  // A named pipe goes with its server, so nothing is left at its place that would refuse.
  it.skipIf(IS_WINDOWS)('that gives up ends everything, and a later call begins anew', async () => {
    const { proxy, server, time, reaches } = await connectTo(obliging, { reconnect: limited(1)(fixed(100)) });
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    await rename(server.path, `${server.path}.away`);
    (await server.connection(0)).kill();
    await reaches('interrupted');
    const waiting = record(proxy.publish$(to('t')));
    time.advance(100);
    const unavailable = { _tag: 'SocketUnavailable', reason: 'missing' };
    expect(await messages.all()).toMatchObject([INTERRUPTED, { left: unavailable }]);
    expect(await waiting.all()).toMatchObject([{ left: unavailable }]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'interrupted', 'ended']);
    await expect(reaches('connected')).rejects.toThrow('SocketUnavailable');
    expect(time.timers).toBe(0);
    await rename(`${server.path}.away`, server.path);
    expect(await proxy.publish(to('t'))()).toEqual(ACCEPTED);
  });

  it('is not used before there was a connection', async () => {
    const { proxy, states, time } = await connectTo(connection => {
      connection.onMessage = ({ type }) => {
        if (type === MessageType.Connect) connection.sendBytes(Buffer.from('no event stream, this'));
      };
    });
    expect(await proxy.ready()()).toMatchObject({ _tag: 'Left' });
    expect(states.values.map(({ status }) => status)).toEqual(['idle', 'connecting', 'failed']);
    expect(time.timers).toBe(0);
  });
});

it('ends a subscription on the connection it is on, not on the one before', async () => {
  const { proxy, server, time, reaches } = await connectTo();
  const { request, statuses } = watched(to('a'));
  const { subscription } = record(proxy.subscribe(request));
  record(proxy.subscribe(to('other')));
  await statuses.take(2);
  (await server.connection(0)).kill();
  await reaches('interrupted');
  time.advance(1_000);
  await statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
  subscription.unsubscribe();
  const second: RawConnection = await server.connection(1);
  await second.message(isTerminate(1));
  expect(saidBy(second)).toEqual(['subscribe a', 'subscribe other', 'end 1']);
});

/** While the device boots without the cloud, a classic nucleus answers no subscription to it: for days, if need be. */
describe('what waits for subscriptions of a new connection to be answered', () => {
  const kit = (test: (kit: MarbleKit, services: Nucleus) => void): (() => void) =>
    marbles(
      kit => {
        const { nucleus, run } = kit;
        nucleus.faults('w', { w: 'withhold subscribe' });
        run(nucleus.services.mqtt.subscribe({ topicName: 'a', qos: QOS.AT_LEAST_ONCE }), '-^');
        test(kit, nucleus.services);
      },
      { until: 10_000 },
    );

  it(
    'is a publish to the cloud, for five seconds: what it provokes is not to be missed',
    kit(({ expectPublished, cold }, { mqtt }) => {
      cold('-a|')
        .pipe(mergeMap(() => mqtt.publish$(to('out'))))
        .subscribe();
      expectPublished('out').toBeMarble('5001ms a', { a: '' });
    }),
  );

  it(
    'is no publish to a local topic, which waits for local subscriptions alone',
    kit(({ expectPublishedLocally, cold }, { local }) => {
      cold('-a|')
        .pipe(mergeMap(() => local.publish$({ topic: 'out', payload: 'x' })))
        .subscribe();
      expectPublishedLocally('out').toBeMarble('-a', { a: 'x' });
    }),
  );

  it(
    'is no question for a configuration, and no report or answer to the nucleus: those provoke no message',
    kit(({ nucleus, expectStream, run }, { configuration, lifecycle }) => {
      nucleus.configure({ config: { limit: 5 } });
      expectStream(configuration.value$(t.type({ limit: t.number }), { keyPath: ['config'] }), '-^-!').toBeMarble('-c', {
        c: { limit: 5 },
      });
      run(lifecycle.updates$, '-^');
      nucleus.updates('--u');
      const answered = (): unknown => nucleus.events.find(({ kind }) => kind === 'updateAnswered')?.at;
      expectStream(timer(100).pipe(map(answered))).toBeMarble('100ms (a|)', { a: 2 });
    }),
  );
});
