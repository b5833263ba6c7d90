import { right, type Either } from 'fp-ts/lib/Either.js';
import { map, repeat } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SubscribeError } from '../../src/errors/errors.js';
import { connect } from '../../src/client/connect.js';
import type { MqttMessage, MqttProxy, SubscribeRequest, SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { portWith, shareSubscriptions } from '../../src/client/share-subscriptions.js';
import { QOS } from '../../src/shared/qos.js';
import { marbles } from '../../src/testing/index.js';
import { topicTemplate } from '../../src/topic/index.js';

const message = (topicName: string): MqttMessage => ({ topicName, payload: new Uint8Array(0) });
const at = (topicName: string): SubscribeRequest => ({ topicName, qos: QOS.AT_LEAST_ONCE });

let base: MqttProxy;

beforeEach(() => {
  base = connect({ socketPath: 'never-connected', authToken: 'none' });
});

afterEach(async () => {
  await base.close();
});

/** A proxy whose subscriptions are a marble diagram: what is under test is who shares them. */
function proxyOf(subscribe: (request: SubscribeRequest) => ReturnType<MqttProxy['subscribe']>): MqttProxy {
  return portWith(base, { subscribe: subscribe as MqttProxy['subscribe'] });
}

const topicOf = map((element: { _tag: string; right?: MqttMessage }) => element.right?.topicName ?? 'left');

describe('shareSubscriptions', () => {
  it('gives all who ask for the same topic one subscription at the nucleus', () => {
    marbles(({ hot, expectStream, expectSubscriptions }) => {
      const upstream = hot('-a-b-c|', { a: right(message('a')), b: right(message('b')), c: right(message('c')) });
      const proxy = shareSubscriptions(proxyOf(() => upstream));
      expectStream(proxy.subscribe(at('t')).pipe(topicOf), '^---!').toBeMarble('-a-b');
      expectStream(proxy.subscribe(at('t')).pipe(topicOf), '--^').toBeMarble('---b-c|');
      expectSubscriptions(upstream).toBe('^-----!');
    })();
  });

  it('gives a template and its filter the same, and each subscriber the params of its own', () => {
    marbles(({ hot, expectStream, expectSubscriptions }) => {
      const asked: unknown[] = [];
      const upstream = hot('-a-|', { a: right(message('plant/7')) });
      const proxy = shareSubscriptions(
        proxyOf(({ topicName }) => {
          asked.push(topicName);
          return upstream;
        }),
      );
      const line$ = proxy.subscribe({ topicName: topicTemplate('plant/{line}'), qos: QOS.AT_LEAST_ONCE });
      expectStream(line$).toBeMarble('-a-|', { a: right({ ...message('plant/7'), params: { line: '7' } }) });
      expectStream(proxy.subscribe(at('plant/+'))).toBeMarble('-a-|', { a: right(message('plant/7')) });
      expectSubscriptions(upstream).toBe('^--!');
      line$.subscribe();
      expect(asked).toEqual(['plant/+']);
    })();
  });

  it('is still shared when it ends and whoever hears of it subscribes again', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const upstream = cold('-a|', { a: right(message('a')) });
      const proxy = shareSubscriptions(proxyOf(() => upstream));
      expectStream(proxy.subscribe(at('t')).pipe(topicOf, repeat(2))).toBeMarble('-a-a|');
      expectStream(proxy.subscribe(at('t')).pipe(topicOf), '---^').toBeMarble('---a|');
      expectSubscriptions(upstream).toBe('^-!', '--^-!');
    })();
  });

  it('asks the nucleus separately for another topic and for another QoS', () => {
    const asked: string[] = [];
    const proxy = shareSubscriptions(
      proxyOf(({ topicName, qos }) => {
        asked.push(`${topicName} ${qos}`);
        return base.subscribe({ topicName: '', qos });
      }),
    );
    proxy.subscribe(at('a')).subscribe();
    proxy.subscribe(at('b')).subscribe();
    proxy.subscribe({ topicName: 'a', qos: QOS.AT_MOST_ONCE }).subscribe();
    expect(asked).toEqual(['a 1', 'b 1', 'a 0']);
  });

  it('keeps the subscription for the idle time after its last subscriber', () => {
    marbles(({ hot, expectStream, expectSubscriptions }) => {
      const upstream = hot('-a-------b-', { a: right(message('a')), b: right(message('b')) });
      const proxy = shareSubscriptions(
        proxyOf(() => upstream),
        { idle: 4 },
      );
      expectStream(proxy.subscribe(at('t')).pipe(topicOf), '^-!').toBeMarble('-a');
      expectStream(proxy.subscribe(at('t')).pipe(topicOf), '----^-!').toBeMarble('');
      expectStream(proxy.subscribe(at('t')).pipe(topicOf), '-----------^!').toBeMarble('');
      expectSubscriptions(upstream).toBe('^---------!', '-----------^----!');
    })();
  });

  it('gives a later subscriber the latest message of each topic first, of as many topics as it may keep', () => {
    marbles(({ hot, expectStream }) => {
      const upstream = hot('-abca----|', { a: right(message('a')), b: right(message('b')), c: right(message('c')) });
      const proxy = shareSubscriptions(
        proxyOf(() => upstream),
        { replayTopics: 2 },
      );
      expectStream(proxy.subscribe(at('t')).pipe(topicOf)).toBeMarble('-abca----|');
      expectStream(proxy.subscribe(at('t')).pipe(topicOf), '-----^').toBeMarble('-----(ca)|');
    })();
  });

  it('keeps a topic that was heard again longer than one that was not', () => {
    marbles(({ hot, expectStream }) => {
      const upstream = hot('-abac----|', { a: right(message('a')), b: right(message('b')), c: right(message('c')) });
      const proxy = shareSubscriptions(
        proxyOf(() => upstream),
        { replayTopics: 2 },
      );
      expectStream(proxy.subscribe(at('t')).pipe(topicOf)).toBeMarble('-abac----|');
      expectStream(proxy.subscribe(at('t')).pipe(topicOf), '-----^').toBeMarble('-----(ac)|');
    })();
  });

  it('tells a later subscriber the status there is, and its own end', () => {
    const statuses: SubscriptionStatus['status'][] = [];
    let tell: ((status: SubscriptionStatus) => void) | undefined;
    marbles(({ hot, expectStream }) => {
      const upstream = hot<Either<SubscribeError, MqttMessage>>('-----|');
      const proxy = shareSubscriptions(
        proxyOf(request => {
          tell = request.onStatus;
          return upstream;
        }),
      );
      expectStream(proxy.subscribe(at('t'))).toBeMarble('-----|');
      proxy.subscribe(at('t')).subscribe();
      tell?.({ status: 'active', resumedAfter: undefined });
      const late = proxy
        .subscribe({
          ...at('t'),
          onStatus: ({ status }) => {
            statuses.push(status);
          },
        })
        .subscribe();
      tell?.({ status: 'silent' });
      late.unsubscribe();
    })();
    expect(statuses).toEqual(['active', 'silent', 'ended']);
  });
});

it('a port with some members of another kind has all others of the first, which are called on it', async () => {
  class Port implements AsyncDisposable {
    readonly #name = 'the port';
    readonly own = 1;
    closed = false;
    get state(): string {
      return this.#name;
    }
    publish(topic: string): string {
      return `${this.#name} ${topic}`;
    }
    subscribe(): string {
      return this.#name;
    }
    async [Symbol.asyncDispose](): Promise<void> {
      this.closed = true;
      return Promise.resolve();
    }
  }
  const port = new Port();
  {
    await using other: Pick<Port, 'own' | 'state' | 'publish' | 'subscribe' | typeof Symbol.asyncDispose> = portWith(port, {
      subscribe: () => 'another',
    });
    expect([other.own, other.state, other.publish('a'), other.subscribe(), port.subscribe()]).toEqual([
      1,
      'the port',
      'the port a',
      'another',
      'the port',
    ]);
  }
  expect(port.closed).toBe(true);
});
