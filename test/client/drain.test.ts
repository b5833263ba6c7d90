import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { PublishRequest, SubscribeRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { accepting, isTerminate } from '../kit/nucleus/raw-server.js';
import { record } from '../kit/streams/recorded.js';
import { asks, connectTo, failed, published, PUBLISH, SUBSCRIBE, subscribed } from '../kit/nucleus/scripted-nucleus.js';
import { watched } from '../kit/streams/watched.js';

const to = (topicName: string): SubscribeRequest & PublishRequest => ({ topicName, qos: QOS.AT_LEAST_ONCE, payload: '' });
const subscribing = accepting(({ operation, streamId }, connection) => {
  if (operation === SUBSCRIBE) connection.send(subscribed(streamId));
});

describe('drain', () => {
  it('of an idle proxy is over at once and connects nothing', async () => {
    const { proxy, time, states } = await connectTo();
    expect(await proxy.drain(1_000)()).toEqual({ accepted: 0, failed: 0, unfinished: 0, stagesUnfinished: 0 });
    expect(states.values).toEqual([{ status: 'idle' }]);
    expect(time.timers).toBe(0);
  });

  it('waits for the answers of all publishes and counts what became of them', async () => {
    const { proxy, server } = await connectTo(accepting(), { inFlight: 2 });
    const before = record(proxy.publish$(to('before')));
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, 'before'));
    connection.send(failed(1, 'UnauthorizedError', 'no'));
    await before.all();
    for (const topic of ['1', '2', '3']) record(proxy.publish$(to(topic)));
    await connection.message(asks(PUBLISH, '2'));
    let over = false;
    const drain = proxy
      .drain(60_000)()
      .then(report => {
        over = true;
        return report;
      });
    connection.send(published(2), failed(3, 'UnauthorizedError', 'no'));
    await connection.message(asks(PUBLISH, '3'));
    expect(over).toBe(false);
    connection.send(published(4));
    // The publish that failed before the drain is not of it.
    expect(await drain).toEqual({ accepted: 2, failed: 1, unfinished: 0, stagesUnfinished: 0 });
  });

  it('ends at the deadline and tells what was left', async () => {
    const { proxy, server, time } = await connectTo(accepting());
    for (const topic of ['1', '2']) record(proxy.publish$(to(topic)));
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, '2'));
    const letGo = proxy.holdDrain();
    const drain = proxy.drain(5_000)();
    time.advance(5_000);
    expect(await drain).toEqual({ accepted: 0, failed: 0, unfinished: 2, stagesUnfinished: 1 });
    letGo();
  });

  it('completes subscriptions at once, ends them at the nucleus, and begins none', async () => {
    const { proxy, server } = await connectTo(subscribing);
    const { request, statuses } = watched(to('a'));
    const messages = record(proxy.subscribe(request));
    await statuses.take(2);
    await proxy.drain(1_000)();
    expect(await messages.all()).toEqual([]);
    expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'ended']);
    expect(await record(proxy.subscribe(to('b'))).all()).toEqual([]);
    const connection = await server.connection();
    await connection.message(isTerminate(1));
    expect(connection.received.filter(asks(SUBSCRIBE))).toHaveLength(1);
  });

  it('waits for what holds it, and a publish made meanwhile counts', async () => {
    const { proxy } = await connectTo();
    const letGo = proxy.holdDrain();
    const drain = proxy.drain(60_000)();
    expect(await proxy.publish(to('late'))()).toMatchObject({ _tag: 'Right' });
    letGo();
    letGo();
    expect(await drain).toEqual({ accepted: 1, failed: 0, unfinished: 0, stagesUnfinished: 0 });
  });

  it('is not over between the last answer and the publish that this answer leads to, while a stage holds it', async () => {
    const { proxy } = await connectTo();
    const letGo = proxy.holdDrain();
    record(proxy.publish$(to('1')), () => {
      record(proxy.publish$(to('2')), () => letGo());
    });
    expect(await proxy.drain(60_000)()).toMatchObject({ accepted: 2, unfinished: 0, stagesUnfinished: 0 });
  });

  it('gives up a wait and no publish of a caller that has gone', async () => {
    const { proxy, server } = await connectTo(accepting());
    record(proxy.publish$(to('1'))).subscription.unsubscribe();
    const sent = record(proxy.publish$(to('2')));
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, '2'));
    sent.subscription.unsubscribe();
    const drain = proxy.drain(60_000)();
    connection.send(published(1));
    expect(await drain).toEqual({ accepted: 1, failed: 0, unfinished: 0, stagesUnfinished: 0 });
  });

  it('is over when the proxy is closed, with the publishes that were left as failed', async () => {
    const { proxy, server, time } = await connectTo(accepting());
    record(proxy.publish$(to('1')));
    await (await server.connection()).message(asks(PUBLISH, '1'));
    const drain = proxy.drain(60_000)();
    await proxy.close();
    expect(await drain).toEqual({ accepted: 0, failed: 1, unfinished: 0, stagesUnfinished: 0 });
    expect(time.timers).toBe(0);
  });

  it('may be asked for twice, and each reports for itself', async () => {
    const { proxy, server } = await connectTo(accepting());
    record(proxy.publish$(to('1')));
    const connection = await server.connection();
    await connection.message(asks(PUBLISH, '1'));
    const [first, second] = [proxy.drain(60_000)(), proxy.drain(60_000)()];
    connection.send(published(1));
    const report = { accepted: 1, failed: 0, unfinished: 0, stagesUnfinished: 0 };
    expect([await first, await second]).toEqual([report, report]);
  });
});

describe('draining$', () => {
  it('emits when draining begins, and at once to whoever comes later', async () => {
    const { proxy } = await connectTo();
    const early = record(proxy.draining$);
    expect(early.values).toEqual([]);
    await proxy.drain(1)();
    expect(await early.all()).toHaveLength(1);
    expect(await record(proxy.draining$).all()).toHaveLength(1);
  });

  it('lets a source of another kind end, so that its stage can', async () => {
    const { proxy } = await connectTo();
    const order: string[] = [];
    const letGo = proxy.holdDrain();
    proxy.draining$.subscribe({
      next: () => of('stage').subscribe(name => order.push(name)),
      complete: () => {
        order.push('complete');
        letGo();
      },
    });
    expect(await proxy.drain(60_000)()).toMatchObject({ stagesUnfinished: 0 });
    expect(order).toEqual(['stage', 'complete']);
  });
});
