import { measureAllocation } from './allocation.js';
import { measureBacklog } from './backlog.js';
import { measureBatching } from './batching.js';
import { measureChange } from './change.js';
import { measureFloodLatency } from './flood-latency.js';
import { measureLines } from './lines.js';
import { measureNucleus } from './nucleus.js';
import { fillOutbox, measureBareSqlite, measureOutboxLife, measureOutboxStoring } from './outbox.js';
import { measurePipeline } from './pipeline.js';
import { measurePublish } from './publish.js';
import { measureRoundTrip } from './round-trip.js';
import { measureRouting } from './routing.js';
import { measureScaling } from './scaling.js';
import { measureSlowStage } from './slow-stage.js';
import { measureStageCost } from './stage-cost.js';
import { measureStart } from './start.js';
import { measureSubscribe } from './subscribe.js';
import { measureWindows } from './windows.js';

/** All that can be measured. Each runs in a child process of its own, so its job and its result are plain data. */
export const MEASURES = {
  subscribe: measureSubscribe,
  publish: measurePublish,
  allocation: measureAllocation,
  nucleus: measureNucleus,
  roundTrip: measureRoundTrip,
  scaling: measureScaling,
  slowStage: measureSlowStage,
  stageCost: measureStageCost,
  change: measureChange,
  windows: measureWindows,
  batching: measureBatching,
  routing: measureRouting,
  backlog: measureBacklog,
  floodLatency: measureFloodLatency,
  lines: measureLines,
  outboxStoring: measureOutboxStoring,
  bareSqlite: measureBareSqlite,
  fillOutbox,
  outboxLife: measureOutboxLife,
  pipeline: measurePipeline,
  start: measureStart,
};

export type MeasureName = keyof typeof MEASURES;
export type JobOf<M extends MeasureName> = Parameters<(typeof MEASURES)[M]>[0];
export type ResultOf<M extends MeasureName> = Awaited<ReturnType<(typeof MEASURES)[M]>>;
