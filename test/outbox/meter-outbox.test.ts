import { join } from 'node:path';
import { delayWhen, filter, lastValueFrom, of, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../src/flow/ledger.js';
import type { MeterLike, MetricObserver } from '../../src/flow/open-telemetry.js';
import { forwardFrom, meterOutbox, openOutbox, storeIn } from '../../src/outbox/index.js';
import { QOS } from '../../src/shared/qos.js';
import { ownFolder } from './stores.js';
import { inMemory, lasting, Port, storing, virtually } from './virtual.js';

/** A meter, and what its reader would collect now, by the ends of the names. */
const collecting = () => {
  const callbacks = new Map<string, (observer: MetricObserver) => void>();
  const metric = (name: string) => ({
    addCallback: (callback: (observer: MetricObserver) => void) => void callbacks.set(name, callback),
    removeCallback: () => void callbacks.delete(name),
  });
  const meter: MeterLike = { createObservableCounter: metric, createObservableUpDownCounter: metric };
  const collect = (path: string): Record<string, number> => {
    const values: Record<string, number> = {};
    for (const [name, callback] of callbacks)
      callback({
        observe: (value, attributes) => {
          expect(attributes).toEqual({ 'greengrass_rx.outbox.path': path });
          values[name.replace('greengrass_rx.outbox.', '')] = value;
        },
      });
    return values;
  };
  return { meter, collect, callbacks };
};

const addedUp = (seen: Record<string, number>): number =>
  ['forwarded', 'expired', 'dropped', 'set_aside', 'damaged', 'inside.messages'].reduce((sum, name) => sum + (seen[name] ?? 0), 0);

describe('meterOutbox', () => {
  it('reports what waits and what became of the rest, which adds up, until it is ended', () => {
    const { meter, collect, callbacks } = collecting();
    const outbox = inMemory();
    const stop = meterOutbox(meter, outbox);
    virtually(() => {
      const port = new Port();
      port.answer = payload => (payload.startsWith('odd') ? lasting : undefined);
      return [forwardFrom(outbox, port).subscribe(), storing(outbox, ['a:1', 'a:odd'])];
    });
    virtually(() => [storing(outbox, ['a:waits'])]);
    const seen = collect(':memory:');
    expect(seen).toMatchObject({
      stored: 3,
      forwarded: 1,
      expired: 0,
      dropped: 0,
      set_aside: 1,
      damaged: 0,
      'inside.messages': 1,
      'inside.size': 6,
    });
    expect(seen['stored']).toBe(addedUp(seen));
    expect(seen['inside.age']).toBeGreaterThanOrEqual(0);
    stop();
    expect(callbacks.size).toBe(0);
  });

  it('goes on counting in the next process where the one before left off, as the ledger does', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    for (const process of [1, 2]) {
      const ledger = new Ledger();
      const { meter, collect } = collecting();
      await using outbox = openOutbox({ path, ledger, commit: { within: 0 } });
      const stop = meterOutbox(meter, outbox);
      await lastValueFrom(of(1, 2).pipe(storeIn(outbox, n => ({ topicName: 'a', payload: `${n}`, qos: QOS.AT_LEAST_ONCE }))));
      if (process === 2)
        await lastValueFrom(
          forwardFrom(outbox, new Port(), { messagesPerSecond: 1_000 }).pipe(
            take(3),
            delayWhen(() => outbox.depth$.pipe(filter(({ counts }) => counts.forwarded === 3))),
          ),
        );
      const seen = collect(path);
      const [account] = ledger.snapshot().outboxes;
      expect(seen).toMatchObject({ stored: 2 * process, forwarded: process === 2 ? 3 : 0 });
      expect(seen['stored']).toBe(addedUp(seen));
      expect(account).toMatchObject({ path, stored: seen['stored'], forwarded: seen['forwarded'] });
      expect(account?.inside.messages).toBe(seen['inside.messages']);
      stop();
    }
  });
});
