import type { MeterLike } from '../flow/open-telemetry.js';
import type { Outbox, OutboxDepth } from './outbox.js';

type Metric = readonly [name: string, unit: string, description: string, read: (depth: OutboxDepth) => number];

/** What became of messages, over all processes that used the file: `stored` is the sum of the others and of what is inside. */
const COUNTERS: readonly Metric[] = [
  ['stored', '{message}', 'Messages that were stored.', ({ counts }) => counts.stored],
  ['forwarded', '{message}', 'Messages that were sent, and deleted.', ({ counts }) => counts.forwarded],
  ['expired', '{message}', 'Messages that were too old to be sent.', ({ counts }) => counts.expired],
  ['dropped', '{message}', 'Messages that gave way, since the outbox was full.', ({ counts }) => counts.dropped],
  ['set_aside', '{message}', 'Messages that will never be sent.', ({ counts }) => counts.setAside],
  ['damaged', '{message}', 'Messages that were lost to damage of the file.', ({ counts }) => counts.damaged],
];

const GAUGES: readonly Metric[] = [
  ['inside.messages', '{message}', 'Messages that wait to be sent.', ({ messages }) => messages],
  ['inside.size', 'By', 'Bytes of topics and payloads that wait.', ({ bytes }) => bytes],
  ['inside.age', 's', 'Age of the oldest message that waits.', ({ age }) => age / 1_000],
];

/**
 * Reports an outbox through an OpenTelemetry meter, whenever the meter's reader asks, as `greengrass_rx.outbox.*` with the file's path as
 * `greengrass_rx.outbox.path`: `stored`, `forwarded`, `expired`, `dropped`, `set_aside` and `damaged`, which go on over restarts, and what
 * is `inside` (`messages`, `size`, `age`). At any moment `stored = forwarded + expired + dropped + set_aside + damaged + inside.messages`.
 * Opens nothing: before the file is used, all are 0.
 *
 * @returns ends the reporting.
 *
 * @example
 * ```ts
 * import type { MeterLike } from 'greengrass-rx/flow';
 * import { meterOutbox, openOutbox } from 'greengrass-rx/outbox';
 *
 * // import { metrics } from '@opentelemetry/api';
 * // const meter = metrics.getMeter('my-component');
 * const printed = (name: string) => ({ addCallback: () => console.log(name), removeCallback: () => undefined });
 * const meter: MeterLike = { createObservableCounter: printed, createObservableUpDownCounter: printed };
 * const stop = meterOutbox(meter, openOutbox({ path: ':memory:' }));
 * stop();
 * ```
 */
export function meterOutbox(meter: MeterLike, outbox: Outbox): () => void {
  let latest: OutboxDepth | undefined;
  const watching = outbox.depth$.subscribe(depth => {
    latest = depth;
  });
  const attributes = { 'greengrass_rx.outbox.path': outbox.path };
  const observe =
    (create: 'createObservableCounter' | 'createObservableUpDownCounter') =>
    ([name, unit, description, read]: Metric): (() => void) => {
      const metric = meter[create](`greengrass_rx.outbox.${name}`, { unit, description });
      const callback: Parameters<typeof metric.addCallback>[0] = observer => {
        if (latest !== undefined) observer.observe(read(latest), attributes);
      };
      metric.addCallback(callback);
      return () => metric.removeCallback(callback);
    };
  const ends = [...COUNTERS.map(observe('createObservableCounter')), ...GAUGES.map(observe('createObservableUpDownCounter'))];
  return () => {
    watching.unsubscribe();
    for (const end of ends) end();
  };
}
