import type { SubscribeRequest } from '../../src/ports/mqtt-proxy.js';
import { describe, expect, it } from 'vitest';
import { QOS } from '../../src/shared/qos.js';
import { fixed, limited } from '../../src/schedule/index.js';
import { accepting, isTerminate, type RawConnection, type RawServer } from '../kit/nucleus/raw-server.js';
import { record } from '../kit/streams/recorded.js';
import { arrived, asks, connectTo, failed, published, PUBLISH, SUBSCRIBE, subscribed, topicsOf } from '../kit/nucleus/scripted-nucleus.js';
import { watched } from '../kit/streams/watched.js';

const quiet = (canaryTopicName?: string): SubscribeRequest => ({
  topicName: 'a/#',
  qos: QOS.AT_LEAST_ONCE,
  silence: { maximum: 60_000, canaryTopicName },
});

/** The stream of the subscription that is the `index`th asked for, from 0. */
async function asked(server: RawServer, index: number): Promise<{ readonly connection: RawConnection; readonly streamId: number }> {
  const connection = await server.connection();
  const { streamId } = await connection.message(
    message => asks(SUBSCRIBE)(message) && connection.received.filter(asks(SUBSCRIBE)).indexOf(message) === index,
  );
  return { connection, streamId };
}

describe('a subscription that is silent', () => {
  it('for longer than it may be is made anew, and tells so', async () => {
    const { proxy, server, time } = await connectTo();
    const { request, statuses } = watched(quiet());
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    time.advance(59_999);
    expect(messages.values).toEqual([]);
    time.advance(1);
    expect(messages.values).toMatchObject([{ left: { _tag: 'Silent', kind: 'gap', topicName: 'a/#', maximum: 60_000 } }]);
    const { connection } = await asked(server, 0);
    await connection.message(isTerminate(1));
    time.advance(1_000);
    const { streamId } = await asked(server, 1);
    connection.send(arrived(streamId, 'a/b', 'alive'));
    await messages.take(2);
    expect(messages.values[1]).toMatchObject({ right: { topicName: 'a/b' } });
    expect(statuses.values).toMatchObject([
      { status: 'subscribing' },
      { status: 'active' },
      { status: 'silent' },
      { status: 'interrupted', error: { _tag: 'Silent' } },
      { status: 'active', resumedAfter: 1_000 },
    ]);
  });

  it('is noticed at most half as much later, counted from its last message', async () => {
    const { proxy, server, time } = await connectTo();
    const { request, statuses } = watched(quiet());
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    const { connection, streamId } = await asked(server, 0);
    for (let minute = 0; minute < 10; minute++) {
      time.advance(59_999);
      connection.send(arrived(streamId, 'a/b'));
      await messages.take(minute + 1);
    }
    expect(messages.values.every(({ _tag }) => _tag === 'Right')).toBe(true);
    time.advance(60_000);
    expect(messages.values).toHaveLength(10);
    time.advance(30_000);
    expect(messages.values.at(-1)).toMatchObject({ left: { _tag: 'Silent' } });
  });

  it('is not watched before it is active, nor after it is unsubscribed', async () => {
    const { proxy, server, time } = await connectTo(accepting());
    const { request, statuses } = watched(quiet());
    const messages = record(proxy.subscribe(request));
    const { connection, streamId } = await asked(server, 0);
    time.advance(100_000);
    expect(messages.values).toEqual([]);
    connection.send(subscribed(streamId));
    await statuses.take(2);
    expect(time.timers).toBe(1);
    messages.subscription.unsubscribe();
    expect(time.timers).toBe(0);
  });

  it('may be unsubscribed by whoever hears of it, and is not asked for again', async () => {
    const { proxy, time } = await connectTo();
    const statuses: string[] = [];
    const onStatus = ({ status }: { status: string }): void => {
      statuses.push(status);
      if (status === 'silent') messages.subscription.unsubscribe();
    };
    const messages = record(proxy.subscribe({ ...quiet(), onStatus }));
    await proxy.publish({ topicName: 'fence', payload: '', qos: QOS.AT_LEAST_ONCE })();
    time.advance(60_000);
    expect(statuses).toEqual(['subscribing', 'active', 'silent', 'ended']);
    expect(time.timers).toBe(0);
  });

  it('is asked for again every one to two seconds by default, however long the nucleus is away, and in each incident', async () => {
    let away = false;
    const { proxy, server, time } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation === PUBLISH) connection.send(published(streamId));
        else if (operation === SUBSCRIBE)
          connection.send(away ? failed(streamId, 'ServiceError', 'Failed to bind the subscription.') : subscribed(streamId));
      }),
      { reconnect: undefined, profile: 'lite' },
    );
    const { request, statuses } = watched(quiet());
    record(proxy.subscribe(request));
    const connection = await server.connection();
    const fence = (): Promise<unknown> => proxy.publish({ topicName: 'fence', payload: '', qos: QOS.AT_LEAST_ONCE })();
    await fence();
    for (let incident = 1; incident <= 2; incident++) {
      const told = statuses.values.length;
      const before = topicsOf(connection, SUBSCRIBE).length;
      away = true;
      time.advance(60_000);
      for (let seconds = 2; seconds <= 60; seconds += 2) {
        time.advance(1_000);
        await fence();
        time.advance(1_000);
        await fence();
        const asked = topicsOf(connection, SUBSCRIBE).length - before;
        expect(asked).toBeGreaterThanOrEqual(seconds / 2);
        expect(asked).toBeLessThanOrEqual(seconds);
      }
      away = false;
      time.advance(2_000);
      await fence();
      expect(statuses.values.slice(told).map(({ status }) => status)).toEqual(['silent', 'interrupted', 'active']);
    }
  });

  it('for good is ended when the schedule gives up', async () => {
    const { proxy, time } = await connectTo(undefined, { reconnect: limited(1)(fixed(0)) });
    const { request, statuses } = watched(quiet());
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    time.advance(60_000);
    time.advance(0);
    await statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
    time.advance(60_000);
    expect(await messages.all()).toMatchObject([
      { left: { _tag: 'Silent', kind: 'gap' } },
      { left: { _tag: 'ConnectionLost', kind: 'terminal', cause: { _tag: 'Silent' } } },
    ]);
  });
});

describe('a canary', () => {
  it('goes out after half the time, and if it comes back nobody sees it and all is well', async () => {
    const { proxy, server, time } = await connectTo(
      accepting(({ operation, streamId }, connection) => {
        if (operation === SUBSCRIBE) connection.send(subscribed(streamId));
        else if (operation === PUBLISH) connection.send(arrived(1, 'a/canary'), arrived(1, 'a/b', 'marker'), published(streamId));
      }),
    );
    const { request, statuses } = watched(quiet('a/canary'));
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    const { connection } = await asked(server, 0);
    for (let flight = 1; flight <= 5; flight++) {
      time.advance(30_000);
      expect(topicsOf(connection, PUBLISH).length).toBeLessThanOrEqual(flight);
      await messages.take(flight);
      expect(topicsOf(connection, PUBLISH)).toEqual(Array.from({ length: flight }, () => 'a/canary'));
      // It has been heard: the next look finds no silence, the one after that half of one.
      time.advance(30_000);
    }
    expect(messages.values.every(message => message._tag === 'Right' && message.right.topicName === 'a/b')).toBe(true);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active']);
  });

  it('that does not come back shows the silence', async () => {
    const { proxy, server, time } = await connectTo();
    const { request, statuses } = watched(quiet('a/canary'));
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    time.advance(30_000);
    const { connection } = await asked(server, 0);
    expect(await connection.message(asks(PUBLISH))).toMatchObject({ payload: '{"topicName":"a/canary","qos":"0","payload":""}' });
    time.advance(30_000);
    expect(messages.values).toMatchObject([{ left: { _tag: 'Silent' } }]);
  });

  it('is not sent while messages come', async () => {
    const { proxy, server, time } = await connectTo();
    const { request, statuses } = watched(quiet('a/canary'));
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    const { connection, streamId } = await asked(server, 0);
    for (let half = 1; half <= 6; half++) {
      connection.send(arrived(streamId, 'a/b'));
      await messages.take(half);
      time.advance(30_000);
    }
    await proxy.publish({ topicName: 'fence', payload: '', qos: QOS.AT_LEAST_ONCE })();
    expect(topicsOf(connection, PUBLISH)).toEqual(['fence']);
  });
});
