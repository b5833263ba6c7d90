import type { StageAccount } from './account.js';
import { type Ledger, ledger as ledgerOfAll } from './ledger.js';

/** The attributes of an OpenTelemetry data point. */
export type MetricAttributes = Record<string, string>;

/** The part of `@opentelemetry/api`'s `ObservableResult` that is used. */
export interface MetricObserver {
  /** Tells the present value. */
  observe(value: number, attributes?: MetricAttributes): void;
}

/** The part of `@opentelemetry/api`'s `Observable` instrument that is used. */
export interface ObservableMetric {
  /** Lets `callback` be called at each collection. */
  addCallback(callback: (observer: MetricObserver) => void): void;
  /** Stops that. */
  removeCallback(callback: (observer: MetricObserver) => void): void;
}

/** The part of `@opentelemetry/api`'s `Meter` that is used; a meter of that package is one. */
export interface MeterLike {
  /** A sum that only grows. */
  createObservableCounter(name: string, options?: { description?: string; unit?: string }): ObservableMetric;
  /** A sum that grows and shrinks. */
  createObservableUpDownCounter(name: string, options?: { description?: string; unit?: string }): ObservableMetric;
}

const STAGE = 'greengrass_rx.stage.name';

type Read = (account: StageAccount) => number;

/** Counters: their names, and how each reads its number from an account. */
const COUNTERS: readonly (readonly [name: string, unit: string, description: string, read: Read])[] = [
  ['greengrass_rx.stage.received.messages', '{message}', 'Values that went into a stage.', account => account.received.messages],
  ['greengrass_rx.stage.received.size', 'By', 'Bytes that went into a stage.', account => account.received.bytes],
  ['greengrass_rx.stage.emitted.messages', '{message}', 'Values whose work was done.', account => account.emitted.messages],
  ['greengrass_rx.stage.dropped.messages', '{message}', 'Values dropped because a buffer was full.', account => account.dropped.messages],
  ['greengrass_rx.stage.dropped.size', 'By', 'Bytes dropped because a buffer was full.', account => account.dropped.bytes],
  ['greengrass_rx.stage.failed.messages', '{message}', 'Values whose work ended in a Left.', account => account.failed.messages],
  ['greengrass_rx.stage.discarded.messages', '{message}', 'Values inside a stage when it ended.', account => account.discarded.messages],
];

const GAUGES: typeof COUNTERS = [
  ['greengrass_rx.stage.buffered.messages', '{message}', 'Values inside a stage now.', account => account.buffered.messages],
  ['greengrass_rx.stage.buffered.size', 'By', 'Bytes inside a stage now.', account => account.buffered.bytes],
];

/**
 * Reports a ledger through an OpenTelemetry meter, whenever the meter's reader asks: what publishing stages sent as
 * `messaging.client.sent.messages` of the semantic conventions for messaging clients (failures with `error.type`), and every account
 * as `greengrass_rx.stage.*`, told apart by `greengrass_rx.stage.name`.
 *
 * @returns ends the reporting.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
 *
 * @example
 * ```ts
 * import { meterStages } from 'greengrass-rx';
 * import type { MeterLike } from 'greengrass-rx/flow';
 *
 * // import { metrics } from '@opentelemetry/api';
 * // const meter = metrics.getMeter('my-component');
 * const printed = (name: string) => ({ addCallback: () => console.log(name), removeCallback: () => undefined });
 * const meter: MeterLike = { createObservableCounter: printed, createObservableUpDownCounter: printed };
 * const stop = meterStages(meter);
 * stop();
 * ```
 */
export function meterStages(meter: MeterLike, ledger: Ledger = ledgerOfAll): () => void {
  const observed: (readonly [ObservableMetric, (observer: MetricObserver) => void])[] = [];
  const observe = (metric: ObservableMetric, callback: (observer: MetricObserver) => void): void => {
    metric.addCallback(callback);
    observed.push([metric, callback]);
  };
  const eachStage =
    (read: Read) =>
    (observer: MetricObserver): void => {
      for (const account of ledger.snapshot().stages) observer.observe(read(account), { [STAGE]: account.name });
    };
  for (const [name, unit, description, read] of COUNTERS)
    observe(meter.createObservableCounter(name, { unit, description }), eachStage(read));
  for (const [name, unit, description, read] of GAUGES)
    observe(meter.createObservableUpDownCounter(name, { unit, description }), eachStage(read));
  const sent = meter.createObservableCounter('messaging.client.sent.messages', {
    unit: '{message}',
    description: 'Number of messages the component attempted to send.',
  });
  observe(sent, observer => {
    for (const { kind, name, emitted, failed } of ledger.snapshot().stages) {
      if (kind !== 'publishTo') continue;
      const attributes = { 'messaging.system': 'mqtt', 'messaging.operation.name': 'publish', [STAGE]: name };
      observer.observe(emitted.messages, attributes);
      observer.observe(failed.messages, { ...attributes, 'error.type': '_OTHER' });
    }
  });
  return () => {
    for (const [metric, callback] of observed) metric.removeCallback(callback);
  };
}
