import { isRight, type Either } from 'fp-ts/lib/Either.js';
import { range } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { text } from '../../src/codec/index.js';
import type { SubscribeError } from '../../src/errors/errors.js';
import { publishTo } from '../../src/flow/index.js';
import type { MqttMessage, MqttProxy, PublishRequest, SubscribeRequest, SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { topicTemplate } from '../../src/topic/index.js';
import { record, type Recorded } from '../kit/streams/recorded.js';
import { watched } from '../kit/streams/watched.js';
import type { BreakingPoint, Subject, SubjectKind } from './subject.js';

type Messages = Recorded<Either<SubscribeError, MqttMessage>>;

const to = (topicName: string, payload: string | Uint8Array = ''): PublishRequest & SubscribeRequest => ({
  topicName,
  payload,
  qos: QOS.AT_LEAST_ONCE,
});
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Subscribes, and resolves when the nucleus has said yes. */
async function subscribe(
  proxy: MqttProxy,
  topicName: string,
): Promise<{ readonly messages: Messages; readonly statuses: Recorded<SubscriptionStatus> }> {
  const { request, statuses } = watched(to(topicName));
  const messages = record(proxy.subscribe(request));
  await statuses.first(({ status }) => status === 'active');
  return { messages, statuses };
}

/** The messages among what came, each as topic and text. */
const texts = ({ values }: Messages): string[] =>
  values.filter(isRight).map(({ right }) => `${right.topicName} ${Buffer.from(right.payload).toString()}`);

/** What every `MqttProxy` does, whatever is behind it. */
export function contractSuite({ name, profile, start }: SubjectKind): void {
  const taken = { _tag: 'Right', right: { by: profile === 'classic' ? 'spooler' : 'mqtt-socket' } };

  async function begin(): Promise<Subject> {
    const subject = await start();
    onTestFinished(subject.stop);
    return subject;
  }

  describe(name, () => {
    it('tells which nucleus it found', async () => {
      const { proxy } = await begin();
      expect(await proxy.ready()()).toMatchObject({ right: { profile } });
    });

    it('brings what others publish, byte for byte', async () => {
      const { proxy, outside } = await begin();
      const { messages } = await subscribe(proxy, 'test/in');
      for (const payload of ['text °C', '', EVERY_BYTE, new Uint8Array(4_000).fill(255)]) await outside.publish('test/in', payload);
      const arrived = (await messages.take(4)).filter(isRight).map(({ right }) => right);
      expect(arrived.map(({ topicName }) => topicName)).toEqual(Array.from({ length: 4 }, () => 'test/in'));
      expect(arrived.map(({ payload }) => Buffer.from(payload).toString('hex'))).toEqual([
        Buffer.from('text °C').toString('hex'),
        '',
        Buffer.from(EVERY_BYTE).toString('hex'),
        'ff'.repeat(4_000),
      ]);
    });

    it('publishes to others, byte for byte', async () => {
      const { proxy, outside } = await begin();
      const messages = await outside.subscribe('test/out/#');
      expect(await proxy.publish(to('test/out/text', 'text °C'))()).toEqual(taken);
      expect(await proxy.publish(to('test/out/empty'))()).toEqual(taken);
      expect(await proxy.publish({ ...to('test/out/bytes', EVERY_BYTE), qos: QOS.AT_MOST_ONCE })()).toEqual(taken);
      expect(await messages.take(3)).toEqual([
        { topicName: 'test/out/text', payload: Buffer.from('text °C') },
        { topicName: 'test/out/empty', payload: Buffer.alloc(0) },
        { topicName: 'test/out/bytes', payload: Buffer.from(EVERY_BYTE) },
      ]);
    });

    it('brings back its own', async () => {
      const { proxy } = await begin();
      const { messages } = await subscribe(proxy, 'test/own');
      expect(await proxy.publish(to('test/own', 'hello'))()).toEqual(taken);
      await messages.take(1);
      expect(texts(messages)).toEqual(['test/own hello']);
    });

    it('lets wildcards match as MQTT does, each to its own subscription', async () => {
      const { proxy, outside } = await begin();
      const { messages: level } = await subscribe(proxy, 'test/one/+/end');
      const { messages: rest } = await subscribe(proxy, 'test/rest/#');
      const topics = ['test/one/a/end', 'test/one/a/b/end', 'test/one/end', 'test/rest/a', 'test/other', 'test/rest/a/b', 'test/one//end'];
      for (const topic of topics) await outside.publish(topic, 'x');
      await Promise.all([level.take(2), rest.take(2)]);
      await outside.publish('test/rest/last', 'x');
      await rest.take(3);
      expect(texts(level)).toEqual(['test/one/a/end x', 'test/one//end x']);
      expect(texts(rest)).toEqual(['test/rest/a x', 'test/rest/a/b x', 'test/rest/last x']);
    });

    it('reads the topics of a template, and the values of a codec beside them', async () => {
      const { proxy, outside } = await begin();
      const template = topicTemplate('test/{line}/{path...}');
      const { request, statuses } = watched({ topicName: template, qos: QOS.AT_LEAST_ONCE, codec: text });
      const { request: bound, statuses: boundStatuses } = watched({ topicName: template.with({ line: 'b' }), qos: QOS.AT_LEAST_ONCE });
      const messages = record(proxy.subscribe(request));
      const ofB = record(proxy.subscribe(bound));
      for (const each of [statuses, boundStatuses]) await each.first(({ status }) => status === 'active');
      await outside.publish('test/a/temperature', '21 °C');
      await outside.publish(template.build({ line: 'b', path: ['x', 'y'] }), Uint8Array.of(255));
      const payload = (bytes: Uint8Array): object => ({ payload: Buffer.from(bytes) });
      expect(await messages.take(2)).toMatchObject([
        { right: { topicName: 'test/a/temperature', params: { line: 'a', path: ['temperature'] }, value: '21 °C' } },
        { left: { _tag: 'DecodeFailed', original: { topicName: 'test/b/x/y', ...payload(Uint8Array.of(255)) } } },
      ]);
      expect(await ofB.take(1)).toMatchObject([{ right: { topicName: 'test/b/x/y', params: { path: ['x', 'y'] } } }]);
    });

    it('keeps the order of messages on a topic', async () => {
      const { proxy } = await begin();
      const { messages } = await subscribe(proxy, 'test/order');
      const count = 200;
      for (let index = 0; index < count; index++) record(proxy.publish$(to('test/order', String(index))));
      await messages.take(count);
      expect(texts(messages)).toEqual(Array.from({ length: count }, (_, index) => `test/order ${index}`));
    });

    if (profile === 'classic') {
      it('carries 100 KB both ways', async () => {
        const { proxy, outside } = await begin();
        const large = Buffer.alloc(100 * 1024, 'large ');
        const { messages } = await subscribe(proxy, 'test/in');
        const outbound = await outside.subscribe('test/out');
        await outside.publish('test/in', large);
        expect(await proxy.publish(to('test/out', large))()).toEqual(taken);
        const [message] = await messages.take(1);
        expect(message !== undefined && isRight(message) && large.equals(message.right.payload)).toBe(true);
        expect(large.equals((await outbound.take(1))[0]?.payload ?? Buffer.alloc(0))).toBe(true);
      });

      it('carries the members of MQTT 5 between components', async () => {
        const { proxy } = await begin();
        const { messages } = await subscribe(proxy, 'test/members');
        const members = {
          userProperties: [
            { key: 'k', value: 'v' },
            { key: 'k', value: 'w' },
          ],
          messageExpiryIntervalSeconds: 60,
          correlationData: Uint8Array.from([0, 255]),
          responseTopic: 'test/answers',
          payloadFormat: '1',
        } as const;
        expect(await proxy.publish({ ...to('test/members', 'x'), ...members, contentType: 'lost on the way' })()).toEqual(taken);
        expect(await messages.take(1)).toEqual([
          {
            _tag: 'Right',
            right: {
              topicName: 'test/members',
              payload: Buffer.from('x'),
              ...members,
              correlationData: Buffer.from([0, 255]),
              retain: false,
            },
          },
        ]);
      });
    }

    it('refuses what is too large for the nucleus by itself, and stays connected', async () => {
      const { proxy, outside, seen } = await begin();
      const { messages } = await subscribe(proxy, 'test/in');
      const size = profile === 'classic' ? 128 * 1024 + 1 : 10_000;
      expect(await proxy.publish(to('test/out', new Uint8Array(size)))()).toMatchObject({
        left: { _tag: 'InvalidRequest', foundBy: 'client', kind: 'message' },
      });
      await outside.publish('test/in', 'still there');
      await messages.take(1);
      expect(await proxy.publish(to('test/out', 'small'))()).toEqual(taken);
      expect(seen().disconnections).toBe(0);
    });

    it('refuses malformed requests by itself, and stays connected', async () => {
      const { proxy, seen } = await begin();
      await proxy.ready()();
      const invalid = { left: { _tag: 'InvalidRequest', foundBy: 'client' } };
      for (const topic of ['', 'test/+', 'test/#', 'test/\0', 'test/1/2/3/4/5/6/7/8', 'test/'.padEnd(257, 'x')]) {
        expect(await proxy.publish(to(topic))()).toMatchObject(invalid);
      }
      for (const filter of ['', 'test/#/x', 'test/x+', 'test/'.padEnd(257, 'x')]) {
        expect(await record(proxy.subscribe(to(filter))).all()).toMatchObject([invalid]);
      }
      expect(await proxy.publish(to('test/fine'))()).toEqual(taken);
      expect(seen().disconnections).toBe(0);
    });

    it('says what the component may not do, and stays connected', async () => {
      const { proxy, seen } = await begin();
      const unauthorized = { _tag: 'Unauthorized', topicName: 'other/topic', retryable: false };
      expect(await proxy.publish(to('other/topic'))()).toMatchObject({
        left: { ...unauthorized, kind: 'message', operation: 'aws.greengrass#PublishToIoTCore' },
      });
      expect(await record(proxy.subscribe(to('other/topic'))).all()).toMatchObject([
        { left: { ...unauthorized, kind: 'terminal', operation: 'aws.greengrass#SubscribeToIoTCore' } },
      ]);
      expect(await proxy.publish(to('test/fine'))()).toEqual(taken);
      expect(seen().disconnections).toBe(0);
    });

    it('has a message that comes before the answer to subscribe', async () => {
      const { proxy, faults } = await begin();
      faults.messageBeforeReply('test/early', 'early');
      const { messages } = await subscribe(proxy, 'test/early');
      await proxy.publish(to('test/early', 'later'))();
      await messages.take(2);
      expect(texts(messages)).toEqual(['test/early early', 'test/early later']);
    });

    it('serves 50 subscriptions at once, each with its own messages', async () => {
      const { proxy, outside, open, settled } = await begin();
      const indexes = Array.from({ length: 50 }, (_, index) => String(index));
      const subscriptions = await Promise.all(indexes.map(index => subscribe(proxy, `test/many/${index}`)));
      expect(open().subscriptions).toBe(50);
      for (const index of indexes) await outside.publish(`test/many/${index}`, index);
      await Promise.all(subscriptions.map(({ messages }) => messages.take(1)));
      // A second round, after which a message that went astray would have come.
      for (const index of indexes) await outside.publish(`test/many/${index}`, 'again');
      await Promise.all(subscriptions.map(({ messages }) => messages.take(2)));
      expect(subscriptions.map(({ messages }) => texts(messages))).toEqual(
        indexes.map(index => [`test/many/${index} ${index}`, `test/many/${index} again`]),
      );
      for (const { messages } of subscriptions) messages.subscription.unsubscribe();
      await settled(() => open().subscriptions === 0);
    });

    it('ends a subscription at the nucleus when it is unsubscribed, and the others go on', async () => {
      const { proxy, outside, open, settled } = await begin();
      const { messages: gone } = await subscribe(proxy, 'test/gone');
      const { messages: stays } = await subscribe(proxy, 'test/stays');
      gone.subscription.unsubscribe();
      await settled(() => open().subscriptions === 1);
      await outside.publish('test/gone', 'x');
      await outside.publish('test/stays', 'x');
      await stays.take(1);
      expect(gone.values).toEqual([]);
    });

    it('has 10,000 publishes acknowledged, as many in flight as the nucleus takes', async () => {
      // The leak detector formats a stack for every promise, and aws-crt makes a dozen for each publish: ten times the test's own time.
      // eslint-disable-next-line @typescript-eslint/unbound-method -- it is put back, not called
      const { prepareStackTrace } = Error;
      Error.prepareStackTrace = () => '';
      onTestFinished(() => {
        Error.prepareStackTrace = prepareStackTrace;
      });
      const { proxy, seen } = await begin();
      const count = 10_000;
      const outcomes$ = range(count).pipe(
        publishTo(proxy, index => to('test/flood', String(index)), {
          inFlight: profile === 'classic' ? 64 : undefined,
          buffer: { messages: count, onFull: 'fail' },
        }),
      );
      const outcomes = await record(outcomes$).all();
      expect(outcomes.filter(outcome => !isRight(outcome))).toEqual([]);
      expect(new Set(outcomes.filter(isRight).map(({ right }) => right.value)).size).toBe(count);
      expect(seen().publishes).toBe(count);
    });

    it('closes with everything pending, and leaves nothing at the nucleus', async () => {
      const { proxy, faults, open, settled } = await begin();
      const { messages } = await subscribe(proxy, 'test/in');
      const letGo = faults.withhold('publish');
      const publishes = ['1', '2', '3'].map(topic => record(proxy.publish$(to(`test/${topic}`))));
      await proxy.close();
      expect(await messages.all()).toEqual([]);
      for (const publish of publishes) expect(await publish.all()).toHaveLength(1);
      await settled(() => open().connections === 0 && open().subscriptions === 0);
      letGo();
    });

    describe('a connection that breaks', () => {
      const points: readonly BreakingPoint[] = [
        'before the connection is accepted',
        'instead of the answer to a publish',
        'within the answer to a publish',
        'instead of the answer to a subscribe',
        'within the answer to a subscribe',
      ];

      /** Shows that, whatever was broken, everything works now over one connection, and that what is closed leaves nothing behind. */
      async function worksAgain({ proxy, outside, open, settled }: Subject, messages: Messages): Promise<void> {
        await outside.publish('test/in', 'after');
        await messages.first(message => isRight(message) && Buffer.from(message.right.payload).toString() === 'after');
        expect(await proxy.publish(to('test/after'))()).toEqual(taken);
        await settled(() => open().connections === 1);
        messages.subscription.unsubscribe();
        await settled(() => open().subscriptions === 0);
        await proxy.close();
        await settled(() => open().connections === 0);
      }

      it.each(points.slice(1, 3))('%s fails that one as of unknown fate, and everything else goes on', async point => {
        const subject = await begin();
        const { messages, statuses } = await subscribe(subject.proxy, 'test/in');
        subject.faults.breakOnceAt(point);
        expect(await subject.proxy.publish(to('test/out'))()).toMatchObject({
          left: { _tag: 'ConnectionLost', kind: 'message', sent: true, retryable: true },
        });
        await statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
        expect(messages.values).toMatchObject([{ left: { _tag: 'Interrupted', kind: 'gap' } }]);
        await worksAgain(subject, messages);
      });

      it.each([points[0], ...points.slice(3)].filter(point => point !== undefined))(
        '%s is made again, and the subscription is asked for anew without a gap',
        async point => {
          const subject = await begin();
          if (point !== 'before the connection is accepted') await subject.proxy.ready()();
          subject.faults.breakOnceAt(point);
          const { messages } = await subscribe(subject.proxy, 'test/in');
          expect(subject.seen().disconnections).toBe(1);
          expect(messages.values).toEqual([]);
          await worksAgain(subject, messages);
        },
      );

      it('while nothing is under way is restored, and tells the gap', async () => {
        const subject = await begin();
        const { messages, statuses } = await subscribe(subject.proxy, 'test/in');
        subject.faults.breakNow();
        await statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
        expect(messages.values).toMatchObject([{ left: { _tag: 'Interrupted' } }]);
        expect(statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'active', 'interrupted', 'active']);
        await worksAgain(subject, messages);
      });

      it('within a message is restored, and what had come whole is there', async () => {
        const subject = await begin();
        const { messages, statuses } = await subscribe(subject.proxy, 'test/in');
        await subject.outside.publish('test/in', 'whole');
        await messages.take(1);
        subject.faults.breakWithinNext();
        await subject.outside.publish('test/in', 'cut');
        await statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
        expect(texts(messages)).toEqual(['test/in whole']);
        await worksAgain(subject, messages);
      });

      it('with publishes under way and others waiting settles the first and keeps the rest', async () => {
        const subject = await begin();
        const { proxy, faults } = subject;
        const { messages, statuses } = await subscribe(proxy, 'test/in');
        const ready = await proxy.ready()();
        const inFlight = isRight(ready) ? ready.right.inFlight : 0;
        const letGo = faults.withhold('publish');
        const publishes = Array.from({ length: inFlight + 5 }, (_, index) => record(proxy.publish$(to(`test/${index}`))));
        const { statuses: sent } = await subscribe(proxy, 'test/fence');
        expect(sent.values.at(-1)).toMatchObject({ status: 'active' });
        faults.breakNow();
        letGo();
        await statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
        const outcomes = await Promise.all(publishes.map(publish => publish.all()));
        expect(outcomes.slice(0, inFlight)).toMatchObject(
          Array.from({ length: inFlight }, () => [{ left: { _tag: 'ConnectionLost', sent: true } }]),
        );
        expect(outcomes.slice(inFlight)).toEqual(Array.from({ length: 5 }, () => [taken]));
        messages.subscription.unsubscribe();
      });

      it('while a subscription is being ended does not bring it back', async () => {
        const subject = await begin();
        const { proxy, faults, open, settled } = subject;
        const { messages: gone } = await subscribe(proxy, 'test/gone');
        const { messages, statuses } = await subscribe(proxy, 'test/in');
        gone.subscription.unsubscribe();
        faults.breakNow();
        await statuses.first(status => status.status === 'active' && status.resumedAfter !== undefined);
        await settled(() => open().connections === 1 && open().subscriptions === 1);
        await worksAgain(subject, messages);
      });

      it('again and again loses nothing that was accepted, and no subscription', async () => {
        const subject = await begin();
        const { proxy, faults } = subject;
        const { messages, statuses } = await subscribe(proxy, 'test/in');
        for (let round = 1; round <= 10; round++) {
          const publishes = Array.from({ length: 20 }, () => record(proxy.publish$(to('test/out'))));
          faults.breakNow();
          await Promise.all(publishes.map(publish => publish.all()));
          await statuses.take(2 * (round + 1));
        }
        expect(statuses.values.filter(({ status }) => status === 'active')).toHaveLength(11);
        expect(messages.values).toHaveLength(10);
        await worksAgain(subject, messages);
      });
    });
  });
}
