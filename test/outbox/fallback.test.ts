import { concat, interval, map, merge, mergeMap, NEVER, range, take, takeUntil, timer, type Observable } from 'rxjs';
import type { Either } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { Ledger, publishTo } from '../../src/flow/index.js';
import { forwardFrom, openOutbox, type Outbox, storeIn } from '../../src/outbox/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { fallbackTo } from '../../src/sinks/index.js';
import { MemoryNucleus, type FaultName } from '../../src/testing/index.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';

const HOUR = 3_600_000;

const request = (n: number) => ({ topicName: 'meters/7', payload: `${n}`, qos: QOS.AT_LEAST_ONCE });

interface Seen {
  readonly published: readonly number[];
  readonly stored: readonly number[];
  readonly lefts: readonly string[];
  readonly arrived: readonly number[];
}

/** A component in virtual time that publishes, and stores what it cannot publish; a forwarder sends that. */
const metered = (
  source$: Observable<number>,
  faults: Readonly<Record<number, FaultName>>,
  until: number,
  options: {
    readonly profile?: 'classic' | 'lite';
    readonly forwards?: boolean;
    readonly publish?: Parameters<typeof publishTo<number>>[2];
  } = {},
): Seen => {
  const time = new VirtualTime();
  const [published, stored]: [number[], number[]] = [[], []];
  const lefts: string[] = [];
  const arrived: number[] = [];
  time.run(({ flush }) => {
    const nucleus = new MemoryNucleus({ scheduler: time, profile: options.profile ?? 'lite' });
    const proxy: MqttProxy = nucleus.connect();
    const outbox: Outbox = openOutbox({ path: ':memory:', mark: message => message });
    const outcomes$ = source$.pipe(
      publishTo(proxy, request, { ...options.publish, ledger: new Ledger() }),
      fallbackTo(storeIn(outbox, request, { ledger: new Ledger() })),
    );
    const note = (outcome: Either<{ readonly _tag: string }, { readonly by: string; readonly value: number }>): void => {
      if (outcome._tag === 'Left') lefts.push(outcome.left._tag);
      else (outcome.right.by === 'outbox' ? stored : published).push(outcome.right.value);
    };
    const running = outcomes$.subscribe(note);
    if (options.forwards === true) running.add(forwardFrom(outbox, proxy).subscribe());
    for (const [at, fault] of Object.entries(faults)) time.schedule(() => nucleus.inflict(fault), Number(at));
    time.schedule(() => {
      arrived.push(...nucleus.arrived.map(({ payload }) => Number(Buffer.from(payload).toString())));
      running.unsubscribe();
      void proxy.close();
    }, until);
    time.maxFrames = until + 1;
    flush();
  });
  return { published, stored, lefts, arrived };
};

const sorted = (numbers: readonly number[]): readonly number[] => [...numbers].sort((a, b) => a - b);
const all = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

describe('publishTo with fallbackTo(storeIn)', () => {
  it('stores 3 600 of the 3 600 readings of an hour offline on Greengrass Lite, none published and none dropped', () => {
    const { published, stored, lefts } = metered(interval(1_000).pipe(take(3_600)), { 0: 'offline' }, HOUR + 60_000);
    expect({ published, lefts, stored: stored.length }).toEqual({ published: [], lefts: [], stored: 3_600 });
    expect(stored).toEqual(all(3_600));
  });

  it('empties its buffer into the outbox once it has been offline for two seconds, and publishes again as soon as it can', () => {
    const readings$ = merge(interval(1_000).pipe(takeUntil(timer(60_000))), timer(10_500).pipe(mergeMap(() => range(1_000, 500))));
    const { published, stored, lefts } = metered(readings$, { 10_000: 'offline', 30_000: 'online' }, 120_000);
    expect(lefts).toEqual([]);
    expect(sorted([...published, ...stored])).toEqual([...all(59), ...Array.from({ length: 500 }, (_, i) => 1_000 + i)]);
    expect(stored).toHaveLength(500 + 20);
    expect(published.slice(-5)).toEqual([54, 55, 56, 57, 58]);
  });

  it('stores nothing while the queue of Greengrass Lite is full for a moment', () => {
    const { published, stored, lefts } = metered(
      timer(1_000).pipe(mergeMap(() => range(0, 200))),
      { 900: 'withhold pubacks', 2_000: 'release pubacks' },
      60_000,
    );
    expect({ stored, lefts }).toEqual({ stored: [], lefts: [] });
    expect(sorted(published)).toEqual(all(200));
  });

  it('stores what the buffer drops, whichever policy does, and tells of no loss', () => {
    for (const onFull of ['dropOldest', 'dropNewest'] as const) {
      const { published, stored, lefts } = metered(
        concat(range(0, 100), NEVER),
        { 0: 'withhold publish', 5_000: 'release publish' },
        60_000,
        { publish: { inFlight: 4, buffer: { messages: 10, onFull } } },
      );
      expect(lefts).toEqual([]);
      expect(stored).toHaveLength(86);
      expect(sorted([...published, ...stored])).toEqual(all(100));
      expect(stored.includes(99)).toBe(onFull === 'dropNewest');
    }
  });

  it('stores the value of a terminal failure and all others inside, before it passes', () => {
    const { published, stored, lefts } = metered(
      timer(1).pipe(mergeMap(() => range(0, 50))),
      { 0: 'withhold publish', 1_000: 'restart nucleus' },
      60_000,
      {
        profile: 'classic',
        publish: { inFlight: 4 },
      },
    );
    expect(published).toEqual([]);
    expect(sorted(stored)).toEqual(all(50));
    expect(lefts).toEqual(['TokenRefused']);
  });

  it('with a forwarder, all has arrived in the end', () => {
    const { arrived, lefts } = metered(
      interval(1_000).pipe(
        map(n => n),
        take(600),
      ),
      { 60_000: 'offline', 300_000: 'online' },
      900_000,
      {
        forwards: true,
      },
    );
    expect(lefts).toEqual([]);
    expect(new Set(arrived).size).toBe(600);
  });
});
