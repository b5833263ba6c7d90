import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { publishTo } from '../../src/flow/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { fixed } from '../../src/schedule/index.js';
import { QOS } from '../../src/shared/qos.js';
import { accepting, type RawConnection } from '../kit/nucleus/raw-server.js';
import {
  arrived,
  asks,
  connectTo,
  failed,
  obliging,
  published,
  PUBLISH,
  SUBSCRIBE,
  subscribed,
  topicOf,
  topicsOf,
} from '../kit/nucleus/scripted-nucleus.js';
import { record } from '../kit/streams/recorded.js';
import { watched } from '../kit/streams/watched.js';

const to = (topicName: string): { topicName: string; qos: typeof QOS.AT_LEAST_ONCE; payload: string } => ({
  topicName,
  qos: QOS.AT_LEAST_ONCE,
  payload: '',
});
const GAP = { left: { _tag: 'Interrupted', kind: 'gap', cause: { _tag: 'Unauthorized' } } };
const LITE = { profile: 'lite' } as const;

/** Waits for an answer that comes behind all that was sent before. */
const fence = (proxy: MqttProxy): Promise<unknown> => proxy.publish(to('fence'))();

/** A Lite that refuses subscribes for as long as its policies are away. */
function policiesAway(): { away: boolean; script: (connection: RawConnection) => void } {
  const policies = {
    away: true,
    script: accepting(({ operation, streamId }, connection) => {
      if (operation === PUBLISH) connection.send(published(streamId));
      else if (operation === SUBSCRIBE) connection.send(policies.away ? failed(streamId, 'UnauthorizedError', 'no') : subscribed(streamId));
    }),
  };
  return policies;
}

describe('a subscription that Greengrass Lite calls unauthorized', () => {
  it('while it starts is asked for every second, tells one gap, and goes on when it is allowed', async () => {
    const policies = policiesAway();
    const { proxy, server, time } = await connectTo(policies.script, LITE);
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    expect(await messages.take(1)).toMatchObject([GAP]);
    const connection = await server.connection();
    for (let second = 1; second <= 3; second++) {
      time.advance(999);
      await fence(proxy);
      expect(topicsOf(connection, SUBSCRIBE)).toHaveLength(second);
      if (second === 3) policies.away = false;
      time.advance(1);
      await fence(proxy);
    }
    await statuses.take(3);
    const { streamId } = await connection.message(
      message => asks(SUBSCRIBE)(message) && connection.received.filter(asks(SUBSCRIBE)).indexOf(message) === 3,
    );
    connection.send(arrived(streamId, 'a', 'x'));
    expect(await messages.take(2)).toMatchObject([GAP, { right: { topicName: 'a' } }]);
    expect(statuses.values).toMatchObject([
      { status: 'subscribing' },
      { status: 'interrupted' },
      { status: 'active', resumedAfter: 3_000 },
    ]);
  });

  it('though it had been allowed is asked for again likewise, each time for its own 30 s, and then it is final', async () => {
    const policies = policiesAway();
    const { proxy, server, time } = await connectTo(policies.script, LITE);
    policies.away = false;
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    const connection = await server.connection();
    for (const spell of [1, 2]) {
      policies.away = true;
      const { streamId } = connection.received.filter(asks(SUBSCRIBE)).at(-1) ?? { streamId: 0 };
      connection.send(failed(streamId, 'UnauthorizedError', 'no'));
      await messages.take(spell);
      for (let second = 1; second <= 29; second++) {
        time.advance(1_000);
        await fence(proxy);
      }
      expect(messages.values).toHaveLength(spell);
      if (spell === 1) policies.away = false;
      time.advance(1_000);
      await fence(proxy);
    }
    expect(await messages.all()).toMatchObject([GAP, GAP, { left: { _tag: 'Unauthorized', kind: 'terminal', retryable: false } }]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'interrupted', 'active', 'interrupted', 'ended']);
    time.advance(10_000);
    expect(time.timers).toBe(0);
  });

  it('has its 30 s anew with each connection: an outage is none of them', async () => {
    const policies = policiesAway();
    const { proxy, server, states, time } = await connectTo(policies.script, { ...LITE, reconnect: fixed(60_000) });
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    expect(await messages.take(1)).toMatchObject([GAP]);
    time.advance(20_000);
    await fence(proxy);
    const interrupted = record(proxy.state$).first(({ status }) => status === 'interrupted');
    (await server.connection(0)).kill();
    await interrupted;
    time.advance(60_000);
    await states.first(({ status }) => status === 'connected');
    const connection = await server.connection(1);
    await connection.message(asks(SUBSCRIBE, 'a'));
    await fence(proxy);
    expect(messages.values).toHaveLength(1);
    policies.away = false;
    time.advance(1_000);
    await statuses.first(({ status }) => status === 'active');
    expect(topicsOf(connection, SUBSCRIBE)).toEqual(['a', 'a']);
  });

  it('may be unsubscribed by whoever hears of it, and is not asked for again', async () => {
    const { proxy, server, time } = await connectTo(policiesAway().script, LITE);
    const messages = record(proxy.subscribe(to('a')), () => {
      messages.subscription.unsubscribe();
    });
    await messages.take(1);
    expect(time.timers).toBe(0);
    await fence(proxy);
    expect(topicsOf(await server.connection(), SUBSCRIBE)).toEqual(['a']);
  });

  it.each([
    ['is final at once on a classic nucleus', { profile: 'classic' }],
    ['is final at once with no patience', { profile: 'lite', refusalPatience: 0 }],
  ] as const)('%s', async (_, options) => {
    const { proxy } = await connectTo(policiesAway().script, options);
    expect(await record(proxy.subscribe(to('a'))).all()).toMatchObject([{ left: { _tag: 'Unauthorized', kind: 'terminal' } }]);
  });
});

describe('a publish that Greengrass Lite calls unauthorized', () => {
  const refusing = (topics: ReadonlySet<string>): ((connection: RawConnection) => void) =>
    accepting((message, connection) => {
      if (message.operation !== PUBLISH) return;
      connection.send(topics.has(topicOf(message)) ? failed(message.streamId, 'UnauthorizedError', 'no') : published(message.streamId));
    });
  const UNAUTHORIZED = { left: { _tag: 'Unauthorized', retryable: false } };

  it('may pass where it had been taken before, or in the first 30 s of a connection', async () => {
    const refused = new Set(['never']);
    const { proxy, time } = await connectTo(refusing(refused), LITE);
    expect(await proxy.publish(to('allowed'))()).toMatchObject({ _tag: 'Right' });
    expect(await proxy.publish(to('never'))()).toMatchObject({
      left: { _tag: 'Unauthorized', retryable: true, message: expect.stringMatching(/that passes/) as string },
    });
    time.advance(30_000);
    expect(await proxy.publish(to('never'))()).toMatchObject(UNAUTHORIZED);
    refused.add('allowed');
    expect(await proxy.publish(to('allowed'))()).toMatchObject({ left: { retryable: true } });
  });

  it('is final on a classic nucleus, and with no patience', async () => {
    for (const options of [{ profile: 'classic' }, { profile: 'lite', refusalPatience: 0 }] as const) {
      const { proxy } = await connectTo(refusing(new Set(['never'])), options);
      expect(await proxy.publish(to('never'))()).toMatchObject(UNAUTHORIZED);
    }
  });

  it('is known to have been taken for the 256 topics that were taken last', async () => {
    const refused = new Set<string>();
    const { proxy, time } = await connectTo(refusing(refused), LITE);
    const topics = Array.from({ length: 257 }, (_, index) => String(index));
    for (const topic of topics) await proxy.publish(to(topic))();
    await proxy.publish(to('1'))();
    await proxy.publish(to('one more'))();
    time.advance(30_000);
    for (const topic of topics) refused.add(topic);
    for (const [topic, retryable] of Object.entries({ 0: false, 1: true, 2: false, 3: true, 256: true })) {
      expect(await proxy.publish(to(topic))(), topic).toMatchObject({ left: { retryable } });
    }
  });

  it('and may take in a moment is tried again by publishTo, also without a retry', async () => {
    const refused = new Set(['a']);
    const { proxy, server, time } = await connectTo(refusing(refused), LITE);
    const outcomes = record(of('a').pipe(publishTo(proxy, to, { scheduler: time })));
    await (await server.connection()).message(asks(PUBLISH));
    await fence(proxy);
    refused.delete('a');
    time.advance(2_000);
    expect(await outcomes.all()).toMatchObject([{ right: { value: 'a', attempts: 2 } }]);
  });
});

describe('a nucleus that is full', () => {
  /** Cuts connections without reading from them while there is no room. */
  const full = (nucleus: { room: boolean }): ((connection: RawConnection) => void) => {
    return connection => {
      if (nucleus.room) obliging(connection);
      else {
        connection.pause();
        connection.kill();
      }
    };
  };

  it.each(['socket', 'crt'] as const)('is no refused token: %s says so and asks again until there is room', async transport => {
    const nucleus = { room: false };
    const cut = full(nucleus);
    let connections = 0;
    // To aws-crt a nucleus that is full looks like one that refuses the token, and is shown as such: one that closes at once may abort the
    // process. Each fourth connection is the look with the other transport.
    const script = (connection: RawConnection): void => {
      if (transport === 'crt' && !nucleus.room && connections++ % 4 < 3) connection.onMessage = connection.end;
      else cut(connection);
    };
    const { proxy, states, time } = await connectTo(script, { ...LITE, transport });
    const ready = proxy.ready()();
    for (let seen = 0; seen < 2;) {
      const known = states.values.length;
      await states.take(known + 1).catch(() => undefined);
      const last = states.values.at(-1);
      if (last?.status !== 'interrupted') continue;
      if (last.error._tag === 'SocketUnavailable') {
        expect(last).toMatchObject({ error: { reason: 'full', retryable: true }, retryIn: 1_000 });
        seen++;
      }
      if (seen === 2) nucleus.room = true;
      time.advance(last.retryIn);
    }
    expect(await ready).toMatchObject({ _tag: 'Right' });
  });

  it('and has room when the other transport looks is connected to with its own', async () => {
    let connections = 0;
    const { proxy, states, time } = await connectTo(
      connection => {
        if (connections++ < 3) connection.onMessage = connection.end;
        else obliging(connection);
      },
      { ...LITE, transport: 'crt' },
    );
    const ready = proxy.ready()();
    for (let refused = 1; refused <= 4; refused++) {
      const told = await states.first(state => state.status === 'interrupted' && states.values.indexOf(state) >= 2 * refused);
      if (told.status === 'interrupted') time.advance(told.retryIn);
    }
    expect(await ready).toMatchObject({ _tag: 'Right' });
    expect(connections).toBe(5);
  });

  it('for longer than the patience is told, and a later call asks anew', async () => {
    const nucleus = { room: false };
    const { proxy, time, reaches } = await connectTo(full(nucleus), { ...LITE, refusalPatience: 1_000 });
    const ready = proxy.ready()();
    await reaches('interrupted');
    time.advance(1_000);
    expect(await ready).toMatchObject({ left: { _tag: 'SocketUnavailable', reason: 'full', kind: 'terminal' } });
    expect(time.timers).toBe(0);
    nucleus.room = true;
    expect(await proxy.publish(to('a'))()).toMatchObject({ _tag: 'Right' });
  });
});
