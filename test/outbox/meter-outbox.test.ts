import { describe, expect, it } from 'vitest';
import type { MeterLike, MetricObserver } from '../../src/flow/open-telemetry.js';
import { forwardFrom, meterOutbox } from '../../src/outbox/index.js';
import { inMemory, lasting, Port, storing, virtually } from './virtual.js';

describe('meterOutbox', () => {
  it('reports what waits and what became of the rest, which adds up, until it is ended', () => {
    const callbacks = new Map<string, (observer: MetricObserver) => void>();
    const metric = (name: string) => ({
      addCallback: (callback: (observer: MetricObserver) => void) => void callbacks.set(name, callback),
      removeCallback: () => void callbacks.delete(name),
    });
    const meter: MeterLike = { createObservableCounter: metric, createObservableUpDownCounter: metric };
    const collect = (): Record<string, number> => {
      const values: Record<string, number> = {};
      for (const [name, callback] of callbacks)
        callback({
          observe: (value, attributes) => {
            expect(attributes).toEqual({ 'greengrass_rx.outbox.path': ':memory:' });
            values[name.replace('greengrass_rx.outbox.', '')] = value;
          },
        });
      return values;
    };
    const outbox = inMemory();
    const stop = meterOutbox(meter, outbox);
    virtually(() => {
      const port = new Port();
      port.answer = payload => (payload.startsWith('odd') ? lasting : undefined);
      return [forwardFrom(outbox, port).subscribe(), storing(outbox, ['a:1', 'a:odd'])];
    });
    virtually(() => [storing(outbox, ['a:waits'])]);
    const seen = collect();
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
    expect(seen['stored']).toBe(
      ['forwarded', 'expired', 'dropped', 'set_aside', 'damaged', 'inside.messages'].reduce((sum, name) => sum + (seen[name] ?? 0), 0),
    );
    expect(seen['inside.age']).toBeGreaterThanOrEqual(0);
    stop();
    expect(callbacks.size).toBe(0);
  });
});
