import { describe, expect, it } from 'vitest';
import { forwardFrom, type ForwardPort } from '../../src/outbox/index.js';
import type { MemoryNucleus } from '../../src/testing/index.js';
import { metersOf, world } from './memory-world.js';
import { atTime, inMemory, Port, storing, virtually } from './virtual.js';

/** The most in any second. */
const fastest = (times: readonly number[]): number =>
  Math.max(...times.map(from => times.filter(at => at >= from && at < from + 1_000).length));

describe('while nobody says whether the device is online', () => {
  it('sends no more than so many beyond the last canary that came back, and goes on when one does', () => {
    let whileOffline = 0;
    const nucleus = world(60_000, ({ nucleus, store, at, forward }) => {
      // From the beginning: a classic nucleus then refuses the subscription, too.
      nucleus.inflict('offline');
      store(500);
      forward({ canaryTopicName: 'canary/meter', unseen: 40, messagesPerSecond: 1_000 });
      at(30_000, () => {
        whileOffline = metersOf(nucleus.published).length;
        nucleus.inflict('online');
      });
    });
    expect(whileOffline).toBe(40);
    const published = metersOf(nucleus.published);
    expect(published).toHaveLength(500);
    expect(new Set(metersOf(nucleus.arrived).map(({ text }) => text)).size).toBe(500);
    expect(fastest(published.map(({ at }) => at))).toBeLessThanOrEqual(100);
  });

  it('takes for the backlog what waited for a canary, and for live what comes then', () => {
    const nucleus = world(60_000, ({ nucleus, store, at, forward }) => {
      forward({ canaryTopicName: 'canary/meter', unseen: 10 });
      at(2_000, () => nucleus.inflict('offline'));
      at(3_000, () => store(15));
      at(20_000, () => nucleus.inflict('online'));
      at(30_000, () => store(2));
    });
    const texts = metersOf(nucleus.published).map(({ text }) => text);
    // Ten were sent before anybody could know.
    expect(texts).toEqual([...Array.from({ length: 10 }, (_, i) => `${i + 1}`), '11r', '12r', '13r', '14r', '15r', '16', '17']);
  });

  it('sends few canaries through days offline, and another when the nucleus has lost them', () => {
    const day = 86_400_000;
    const canaries = (nucleus: MemoryNucleus): number => nucleus.published.filter(({ topicName }) => topicName === 'canary/meter').length;
    let before = 0;
    const nucleus = world(12 * day, ({ nucleus, store, at, forward }) => {
      forward({ canaryTopicName: 'canary/meter', unseen: 10 });
      at(100, () => nucleus.inflict('offline'));
      at(1_000, () => store(100));
      at(11 * day, () => {
        before = canaries(nucleus);
        nucleus.inflict('kill nucleus');
        nucleus.inflict('start nucleus');
        nucleus.inflict('online');
      });
    });
    expect(before).toBeGreaterThan(5);
    expect(before).toBeLessThan(300);
    expect(metersOf(nucleus.published)).toHaveLength(100);
  });

  it('needs no canary where messages come back themselves', () => {
    let whileOffline = 0;
    const nucleus = world(
      120_000,
      ({ nucleus, store, at, forward }) => {
        forward({ unseen: 30, confirmWithin: 60_000, messagesPerSecond: 1_000 });
        at(100, () => nucleus.inflict('offline'));
        at(1_000, () => store(200));
        at(20_000, () => {
          whileOffline = nucleus.published.length;
          nucleus.inflict('online');
        });
      },
      { deleteWhen: 'confirmed' },
    );
    expect(whileOffline).toBe(30);
    expect(nucleus.published).toHaveLength(200);
  });

  it('sends never more than 100 a second, whatever it was told', () => {
    const nucleus = world(30_000, ({ store, forward }) => {
      store(800);
      forward({ messagesPerSecond: 5_000, inFlight: 64 });
    });
    const times = metersOf(nucleus.published).map(({ at }) => at);
    expect(times).toHaveLength(800);
    expect(fastest(times)).toBeLessThanOrEqual(100);
  });

  it('waits for a device that starts offline, also where messages have to be confirmed', () => {
    let told: readonly string[] = [];
    const nucleus = world(
      120_000,
      ({ nucleus, store, at, forward, told: all }) => {
        nucleus.inflict('offline');
        store(3);
        forward({});
        at(50_000, () => nucleus.inflict('online'));
        told = all;
      },
      { deleteWhen: 'confirmed' },
    );
    expect(nucleus.published).toHaveLength(3);
    expect(told).toEqual(['forwarded', 'forwarded', 'forwarded']);
  });

  it('has what a proxy throws at a canary for its error, also at one that time sends', () => {
    const failures: unknown[] = [];
    let canaries = 0;
    world(60_000, ({ proxy, outbox, nucleus, store, at }) => {
      store(10);
      const { state$, cloud$ } = proxy;
      const throwing: ForwardPort = {
        state$,
        cloud$,
        subscribe: proxy.subscribe.bind(proxy),
        publish$: request => {
          if (request.topicName === 'canary/meter' && ++canaries > 1) throw new Error('a defect');
          return proxy.publish$(request);
        },
      };
      const options = { canaryTopicName: 'canary/meter', unseen: 4, random: () => 0.5 };
      forwardFrom(outbox, throwing, options).subscribe({ error: (error: unknown) => failures.push(error) });
      // After the subscription, and before the first canary comes back.
      at(1_000, () => nucleus.inflict('offline'));
      at(2_000, () => store(10));
    });
    expect(canaries).toBe(2);
    expect(failures).toEqual([new Error('a defect')]);
  });

  it('refuses a canary topic that is none, and a proxy that cannot see it come back', () => {
    const outbox = inMemory();
    expect(() => forwardFrom(outbox, new Port() as never, { canaryTopicName: 'a/+' })).toThrow('canaryTopicName: ');
    expect(() => forwardFrom(outbox, new Port(), { canaryTopicName: 'a' })).toThrow('canaryTopicName needs a proxy that subscribes.');
    expect(() => forwardFrom(outbox, new Port(), { unseen: 0 })).toThrow('unseen must be a number from 1 on, and is 0.');
  });
});

describe('what is live at a start', () => {
  const started = (connectsAt: number, storesBefore: boolean): readonly string[] => {
    const port = new Port(false);
    virtually(() => {
      const outbox = inMemory();
      const subscriptions: { unsubscribe: () => void }[] = [];
      if (storesBefore) subscriptions.push(storing(outbox, ['a:0']));
      atTime(10, () => subscriptions.push(forwardFrom(outbox, port, { messagesPerSecond: 1_000 }).subscribe()));
      atTime(20, () => subscriptions.push(storing(outbox, ['a:1', 'a:2'])));
      atTime(connectsAt, () => port.connect());
      return [{ unsubscribe: () => subscriptions.forEach(subscription => subscription.unsubscribe()) }];
    });
    return port.sent.map(line => line.split(' ')[1] ?? '');
  };

  it('is what is stored while the first connection is being made, if nothing waited', () => {
    expect(started(1_500, false)).toEqual(['1#1', '2#2']);
  });

  it('is nothing of that where something waited, or the connection took longer', () => {
    expect(started(1_500, true)).toEqual(['0#1r', '1#2r', '2#3r']);
    expect(started(2_500, false)).toEqual(['1#1r', '2#2r']);
  });
});
