import { range, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { forwardFrom, type ForwardPort, openOutbox, type OutboxOptions, storeIn } from '../../src/outbox/index.js';
import type { MqttProxy, PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { metersOf, world } from './memory-world.js';
import { inMemory, Port } from './virtual.js';

const SAMPLED: OutboxOptions = { deleteWhen: { confirmed: { sample: 0.25, topicName: 'seen/7' } } };
const FORWARD = { messagesPerSecond: 1_000, confirmWithin: 10_000, unseen: 1_000 };

const samplesOf = (nucleus: MemoryNucleus): readonly number[] =>
  nucleus.published.filter(({ topicName }) => topicName === 'seen/7').map(({ at }) => at);
const textsOf = (nucleus: MemoryNucleus): readonly string[] => metersOf(nucleus.published).map(({ text }) => text);

describe('confirmed by samples', () => {
  it('has one for so many messages, and one for what is left half the time later, and deletes what was sent before each that comes back', () => {
    const kept: number[] = [];
    let told: readonly string[] = [];
    const nucleus = world(
      30_000,
      ({ outbox, store, at, forward, told: all }) => {
        told = all;
        outbox.depth$.subscribe(({ messages }) => kept.push(messages));
        store(10);
        forward(FORWARD);
        at(4_000, () => kept.push(-1));
      },
      SAMPLED,
    );
    expect(textsOf(nucleus)).toHaveLength(10);
    expect(samplesOf(nucleus)).toHaveLength(3);
    // The third, for two messages, after half of ten seconds.
    expect(samplesOf(nucleus).at(-1)).toBeGreaterThanOrEqual(5_000);
    expect(kept[kept.indexOf(-1) - 1]).toBe(2);
    expect(kept.at(-1)).toBe(0);
    expect(told).toEqual(Array.from({ length: 10 }, () => 'forwarded'));
  });

  it('sends all again that was sent before one that does not come back, marked, and goes on', () => {
    let told: readonly string[] = [];
    const nucleus = world(
      60_000,
      ({ nucleus, store, at, forward, told: all }) => {
        told = all;
        store(3);
        forward(FORWARD);
        // Between the messages and their sample; the nucleus does not say so, and loses what it has.
        at(2_000, () => nucleus.inflict('lose subscriptions'));
        at(14_000, () => nucleus.inflict('find subscriptions'));
      },
      SAMPLED,
    );
    expect(textsOf(nucleus)).toEqual(['1', '2', '3', '1rx2', '2rx2', '3rx2']);
    expect(told).toEqual(['forwarded', 'forwarded', 'forwarded']);
  });

  it('sends again what was sent before the connection broke, of which a later sample says nothing', () => {
    const nucleus = world(
      60_000,
      ({ nucleus, store, at, forward }) => {
        store(3);
        forward(FORWARD);
        at(2_000, () => nucleus.inflict('drop connection'));
      },
      SAMPLED,
    );
    expect(textsOf(nucleus)).toEqual(['1', '2', '3', '1rx2', '2rx2', '3rx2']);
  });

  it('leaves no timer behind where who hears of a message leaves while another sample is out', () => {
    const time = new VirtualTime();
    const ofForwarder = new VirtualTime();
    const proxy = new MemoryNucleus({ scheduler: time, profile: 'classic' }).connect();
    const outbox = openOutbox({ path: ':memory:', topics: ['meters/+'], commit: { within: 0 }, scheduler: time, ...SAMPLED });
    const stored$ = range(10).pipe(storeIn(outbox, n => ({ topicName: `meters/${n}`, payload: '', qos: QOS.AT_LEAST_ONCE })));
    const storing = stored$.subscribe();
    let told = 0;
    forwardFrom(outbox, proxy, { ...FORWARD, scheduler: ofForwarder })
      .pipe(take(1))
      .subscribe(() => told++);
    for (let n = 0; n < 3_000 && told === 0; n++) {
      time.advance(1);
      ofForwarder.advance(1);
    }
    expect([told, ofForwarder.timers]).toEqual([1, 0]);
    storing.unsubscribe();
    void proxy.close();
  });

  it('sends a sample at once where no more may be sent until something is seen', () => {
    const nucleus = world(
      3_000,
      ({ store, forward }) => {
        store(9);
        forward({ ...FORWARD, unseen: 3 });
      },
      SAMPLED,
    );
    expect(textsOf(nucleus)).toHaveLength(9);
    // The last three wait for half of ten seconds.
    expect(samplesOf(nucleus)).toHaveLength(2);
  });

  it('sends another where one is refused', () => {
    const nucleus = world(
      60_000,
      ({ nucleus, store, at, forward }) => {
        store(3);
        forward(FORWARD);
        at(4_990, () => nucleus.inflict('spool full'));
        at(6_500, () => nucleus.inflict('spool free'));
      },
      SAMPLED,
    );
    expect(textsOf(nucleus)).toEqual(['1', '2', '3']);
    expect(samplesOf(nucleus).length).toBeGreaterThan(0);
  });

  it.each([
    [{ sample: 0, topicName: 'a' }, 'deleteWhen.confirmed.sample must be a share from above 0 to 1'],
    [{ sample: 2, topicName: 'a' }, 'deleteWhen.confirmed.sample must be a share from above 0 to 1'],
    [{ sample: 0.1, topicName: 'a/+' }, 'deleteWhen.confirmed.topicName: '],
    [{ sample: 0.1, topicName: '$aws/rules/a' }, 'nobody can subscribe to'],
  ])('is refused with %j', (confirmed, says) => {
    expect(() => openOutbox({ path: ':memory:', deleteWhen: { confirmed } })).toThrow(says);
  });

  it('needs a proxy that subscribes', () => {
    expect(() => forwardFrom(inMemory(SAMPLED), new Port())).toThrow('needs a proxy that subscribes');
  });
});

describe('where nothing comes back any more', () => {
  it.each([SAMPLED, { deleteWhen: 'confirmed' } as const])('subscribes anew, once, and loses and sets aside nothing: %j', options => {
    let told: readonly string[] = [];
    let left: number | undefined;
    const nucleus = world(
      300_000,
      ({ nucleus, outbox, store, at, forward, told: all }) => {
        told = all;
        outbox.depth$.subscribe(({ messages }) => (left = messages));
        forward(FORWARD);
        // As on Greengrass Lite when its MQTT daemon starts again: what there is of subscriptions gets nothing, new ones do.
        at(1_000, () => nucleus.inflict('lose subscriptions'));
        for (let n = 0; n < 50; n++) at(2_000 + n * 1_000, () => store(1));
      },
      options,
    );
    expect(left).toBe(0);
    expect(told.filter(what => what !== 'forwarded')).toEqual([]);
    expect(nucleus.published.length).toBeLessThan(120);
  });
});

describe('a message that is not seen back', () => {
  const CONFIRMED: OutboxOptions = { deleteWhen: 'confirmed' };
  /** The proxy, but what this says of a message does not come back: it goes elsewhere. */
  const losing = (proxy: MqttProxy, isLost: (message: PublishRequest) => boolean): ForwardPort => ({
    state$: proxy.state$,
    cloud$: proxy.cloud$,
    subscribe: proxy.subscribe.bind(proxy),
    publish$: request => proxy.publish$(isLost(request) ? { ...request, topicName: 'elsewhere' } : request),
  });

  it('is set aside when it was sent five times, and others came back', () => {
    const told: string[] = [];
    const nucleus = world(
      300_000,
      ({ proxy, outbox, store }) => {
        store(3);
        const port = losing(proxy, ({ topicName }) => topicName === 'meters/1');
        forwardFrom(outbox, port, { ...FORWARD, random: () => 0.5 }).subscribe(outcome =>
          told.push(outcome._tag === 'Right' ? 'forwarded' : outcome.left.message),
        );
      },
      CONFIRMED,
    );
    expect(told).toEqual(['forwarded', 'forwarded', expect.stringContaining('It was sent 5 times and not seen back on its topic.')]);
    expect(nucleus.published).toHaveLength(3 + 4);
  });

  it.each([SAMPLED, CONFIRMED])('stays though it was refused many times before: %j', options => {
    let told: readonly string[] = [];
    const nucleus = world(
      1_000_000,
      ({ nucleus, store, at, forward, told: all }) => {
        told = all;
        forward(FORWARD);
        at(1_000, () => nucleus.inflict('spool full'));
        at(2_000, () => store(3));
        at(400_000, () => {
          nucleus.inflict('lose subscriptions');
          nucleus.inflict('spool free');
        });
      },
      options,
    );
    expect(told).toEqual(['forwarded', 'forwarded', 'forwarded']);
    expect(nucleus.published.length).toBeGreaterThan(3);
  });

  it.each([SAMPLED, CONFIRMED])('stays where the connection broke each time before it could come back: %j', options => {
    const told: string[] = [];
    const nucleus = world(
      200_000,
      ({ nucleus, proxy, outbox, store, at }) => {
        let isLost = true;
        const port = losing(proxy, () => isLost);
        store(3);
        forwardFrom(outbox, port, { ...FORWARD, random: () => 0.5 }).subscribe(({ _tag }) => told.push(_tag));
        for (let n = 1; n <= 20; n++) at(n * 5_000, () => nucleus.inflict('drop connection'));
        at(100_000, () => {
          isLost = false;
        });
      },
      options,
    );
    expect(told).toEqual(['Right', 'Right', 'Right']);
    expect(nucleus.published.length).toBeGreaterThan(3 * 5);
  });
});
