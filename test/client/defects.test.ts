import { lastValueFrom, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { SubscribeRequest, SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { shareSubscriptions } from '../../src/client/share-subscriptions.js';
import type { Schedule } from '../../src/schedule/index.js';
import { QOS } from '../../src/shared/qos.js';
import { accepting } from '../kit/nucleus/raw-server.js';
import { record } from '../kit/streams/recorded.js';
import { watched } from '../kit/streams/watched.js';
import { arrived, asks, connectTo, SUBSCRIBE, subscribed } from '../kit/nucleus/scripted-nucleus.js';

const defect = new Error('a mistake of the program');
const to = (topicName: string): SubscribeRequest => ({ topicName, qos: QOS.AT_LEAST_ONCE });
const failure = (stream$: Observable<unknown>): Promise<unknown> =>
  lastValueFrom(stream$, { defaultValue: 'nothing' }).then(
    () => 'completed',
    (error: unknown) => error,
  );
const throwsAt =
  (at: SubscriptionStatus['status']) =>
  ({ status }: SubscriptionStatus): void => {
    if (status === at) throw defect;
  };
const broken: Schedule = {
  delay: () => {
    throw defect;
  },
  resetAfter: undefined,
};

/** Answers subscribes; publishes never. */
const silentOnPublishes = accepting(({ operation, streamId }, connection) => {
  if (operation === SUBSCRIBE) connection.send(subscribed(streamId));
});

describe('what a function of the program throws', () => {
  it.each(['subscribing', 'active', 'interrupted'] as const)(
    'in onStatus, told "%s", is the error of its stream, and the others go on',
    async status => {
      const { proxy, server, time } = await connectTo();
      const other = record(proxy.subscribe(to('b')));
      const failed = failure(proxy.subscribe({ ...to('a'), onStatus: throwsAt(status) }));
      const first = await server.connection(0);
      await first.message(asks(SUBSCRIBE, 'b'));
      if (status === 'interrupted') {
        await first.message(asks(SUBSCRIBE, 'a'));
        const reached = record(proxy.state$).first(state => state.status === 'interrupted');
        first.kill();
        await reached;
        time.advance(1_000);
      }
      expect(await failed).toBe(defect);
      const connection = await server.connection(status === 'interrupted' ? 1 : 0);
      const { streamId } = await connection.message(asks(SUBSCRIBE, 'b'));
      connection.send(arrived(streamId, 'b', 'still there'));
      await other.first(element => element._tag === 'Right');
    },
  );

  it('in the onStatus of one who shares a subscription is the error of that one alone', async () => {
    const { proxy, server } = await connectTo();
    const shared = shareSubscriptions(proxy);
    const other = record(shared.subscribe(to('a')));
    const failed = failure(shared.subscribe({ ...to('a'), onStatus: throwsAt('active') }));
    const connection = await server.connection();
    const { streamId } = await connection.message(asks(SUBSCRIBE, 'a'));
    expect(await failed).toBe(defect);
    connection.send(arrived(streamId, 'a', 'still there'));
    await other.take(1);
    expect(other.values).toMatchObject([{ right: { payload: Buffer.from('still there') } }]);
  });

  it('in the reconnect schedule is the error of subscriptions and publishes, and the proxy has failed', async () => {
    const { proxy, server, states } = await connectTo(silentOnPublishes, { reconnect: broken });
    const failed = failure(proxy.subscribe(to('a')));
    const connection = await server.connection();
    await connection.message(asks(SUBSCRIBE, 'a'));
    await proxy.ready()();
    const waiting = failure(proxy.publish$({ ...to('c'), payload: '' }));
    connection.kill();
    expect(await failed).toBe(defect);
    expect(await waiting).toBe(defect);
    expect((await states.first(state => state.status === 'failed')).status).toBe('failed');
  });

  it('in that schedule, asked when a subscription alone broke, is the error of that one', async () => {
    const { proxy, server, time } = await connectTo(undefined, { reconnect: broken });
    const quiet = { ...to('a'), silence: { maximum: 60_000 } };
    const { request, statuses } = watched(quiet);
    const failed = failure(proxy.subscribe(request));
    await server.connection();
    await statuses.first(({ status }) => status === 'active');
    time.advance(60_000);
    expect(await failed).toBe(defect);
    expect(await proxy.ready()()).toMatchObject({ _tag: 'Right' });
  });
});
