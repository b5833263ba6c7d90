import { concat, NEVER, of, range, Subject, Subscription, takeUntil, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Ledger, publishTo } from '../../src/flow/index.js';
import { connect } from '../../src/client/connect.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { QOS } from '../../src/shared/qos.js';
import { asText, fakeProxy } from '../kit/nucleus/fake-proxy.js';
import { watched } from '../kit/time/virtual.js';
import { COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { collected } from '../kit/streams/collected.js';

const proxyOf = (nucleus: LocalNucleus, component = COMPONENT): MqttProxy =>
  connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(component) });
const toTopic = (value: number) => ({ topicName: 'test/out', payload: String(value), qos: QOS.AT_LEAST_ONCE });

/** Resolves when the subscription has got that many messages. */
const receive = async (proxy: MqttProxy, count: number): Promise<{ readonly all: Promise<string[]> }> => {
  const got: string[] = [];
  let resolveAll: (got: string[]) => void;
  const all = new Promise<string[]>(resolve => (resolveAll = resolve));
  await new Promise<void>(resolve => {
    proxy
      .subscribe({ topicName: 'test/out', qos: QOS.AT_LEAST_ONCE, onStatus: ({ status }) => status === 'active' && resolve() })
      .subscribe(message => {
        if (message._tag === 'Right') got.push(Buffer.from(message.right.payload).toString());
        if (got.length === count) resolveAll(got);
      });
  });
  return { all };
};

describe('publishTo while the proxy drains', () => {
  it('holds the drain from its subscription to its end, however it ends', () => {
    const holds: string[] = [];
    const proxy = {
      ...fakeProxy(() => ({ after: 5 })),
      holdDrain: () => {
        holds.push('hold');
        return () => holds.push('release');
      },
    };
    const outcomes$ = range(1, 2).pipe(publishTo(proxy, asText, { inFlight: 1 }));
    const note = (): string => String(holds.push('outcome'));
    expect(holds).toEqual([]);
    watched(() => outcomes$, note);
    expect(holds).toEqual(['hold', 'outcome', 'outcome', 'release']);
    holds.length = 0;
    watched(() => outcomes$, note, 1);
    expect(holds).toEqual(['hold', 'release']);
  });

  it.each(PROFILES)('gets everything it has taken in out to the %s nucleus before the drain ends', async profile => {
    await using nucleus = await start(profile);
    await using proxy = proxyOf(nucleus);
    await using other = proxyOf(nucleus, OTHER);
    const { all } = await receive(other, 50);
    const source = new Subject<number>();
    const ledger = new Ledger();
    const outcomes = collected(source.pipe(takeUntil(proxy.draining$), publishTo(proxy, toTopic, { inFlight: 2, ledger })));
    await proxy.ready()();
    for (let n = 1; n <= 50; n++) source.next(n);
    const report = await proxy.drain(300_000)();
    expect(report).toEqual({ accepted: 50, failed: 0, unfinished: 0, stagesUnfinished: 0 });
    expect(await outcomes).toHaveLength(50);
    expect((await all).map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(ledger.snapshot().stages[0]).toMatchObject({
      received: { messages: 50 },
      emitted: { messages: 50 },
      discarded: { messages: 0 },
    });
  });

  it('accounts at the deadline for what was not published: by the nucleus unanswered, and in the stage', async () => {
    await using nucleus = await start('classic');
    await using proxy = proxyOf(nucleus);
    await proxy.ready()();
    const source = new Subject<number>();
    const ledger = new Ledger();
    const outcomes: unknown[] = [];
    source
      .pipe(takeUntil(proxy.draining$), publishTo(proxy, toTopic, { inFlight: 2, ledger }))
      .subscribe(outcome => outcomes.push(outcome));
    using _withheld = nucleus.faults.withholdReply({ operation: 'publish' });
    for (let n = 1; n <= 10; n++) source.next(n);
    expect(await proxy.drain(50)()).toEqual({ accepted: 0, failed: 0, unfinished: 2, stagesUnfinished: 1 });
    expect(outcomes).toEqual([]);
    expect(ledger.snapshot().stages[0]).toMatchObject({ received: { messages: 10 }, buffered: { messages: 10 } });
    await proxy.close();
    const refused = Array.from({ length: 7 }, () => ({
      left: { _tag: 'ConnectionLost', outcome: 'refused', cause: { _tag: 'ProxyClosed' } },
    }));
    expect(outcomes).toMatchObject([
      { left: { _tag: 'ConnectionLost', outcome: 'unknown' } },
      { left: { _tag: 'ConnectionLost', outcome: 'unknown' } },
      ...refused,
      { left: { _tag: 'ProxyClosed', outcome: 'refused' } },
    ]);
    expect(ledger.snapshot().stages[0]).toMatchObject({
      active: 0,
      buffered: { messages: 0 },
      failed: { messages: 10 },
      discarded: { messages: 0 },
    });
  });

  it('is reported as unfinished when its source does not end', async () => {
    await using nucleus = await start('classic');
    await using proxy = proxyOf(nucleus);
    const endless$: Observable<number> = concat(of(1), NEVER);
    let subscription = Subscription.EMPTY;
    await new Promise(resolve => (subscription = endless$.pipe(publishTo(proxy, toTopic)).subscribe(resolve)));
    expect(await proxy.drain(50)()).toMatchObject({ unfinished: 0, stagesUnfinished: 1 });
    subscription.unsubscribe();
    expect(await proxy.drain(50)()).toMatchObject({ stagesUnfinished: 0 });
  });
});
