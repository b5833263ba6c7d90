/**
 * A measure that is loaded when it is run. Each runs in a child process of its own, and the libraries that its neighbours need would be
 * there as memory of what is measured: a broker's client and a bundler are 15 MB.
 */
function loaded<J, R>(load: () => Promise<(job: J) => R | Promise<R>>): (job: J) => Promise<R> {
  return job => load().then(measure => measure(job));
}

/** All that can be measured. Jobs and results go from process to process, so they are plain data. */
export const MEASURES = {
  subscribe: loaded(async () => (await import('./subscribe.js')).measureSubscribe),
  publish: loaded(async () => (await import('./publish.js')).measurePublish),
  allocation: loaded(async () => (await import('./allocation.js')).measureAllocation),
  nucleus: loaded(async () => (await import('./nucleus.js')).measureNucleus),
  roundTrip: loaded(async () => (await import('./round-trip.js')).measureRoundTrip),
  scaling: loaded(async () => (await import('./scaling.js')).measureScaling),
  slowStage: loaded(async () => (await import('./slow-stage.js')).measureSlowStage),
  stageCost: loaded(async () => (await import('./stage-cost.js')).measureStageCost),
  tracing: loaded(async () => (await import('./tracing.js')).measureTracing),
  change: loaded(async () => (await import('./change.js')).measureChange),
  windows: loaded(async () => (await import('./windows.js')).measureWindows),
  batching: loaded(async () => (await import('./batching.js')).measureBatching),
  routing: loaded(async () => (await import('./routing.js')).measureRouting),
  backlog: loaded(async () => (await import('./backlog.js')).measureBacklog),
  floodLatency: loaded(async () => (await import('./flood-latency.js')).measureFloodLatency),
  lines: loaded(async () => (await import('./lines.js')).measureLines),
  outboxStoring: loaded(async () => (await import('./outbox.js')).measureOutboxStoring),
  bareSqlite: loaded(async () => (await import('./outbox.js')).measureBareSqlite),
  fillOutbox: loaded(async () => (await import('./outbox.js')).fillOutbox),
  outboxLife: loaded(async () => (await import('./outbox.js')).measureOutboxLife),
  litePace: loaded(async () => (await import('./lite-pace.js')).measureLitePace),
  pipeline: loaded(async () => (await import('./pipeline.js')).measurePipeline),
  pipelineTurns: loaded(async () => (await import('./pipeline-turns.js')).measurePipelineTurns),
  start: loaded(async () => (await import('./start.js')).measureStart),
};

export type MeasureName = keyof typeof MEASURES;
export type JobOf<M extends MeasureName> = Parameters<(typeof MEASURES)[M]>[0];
export type ResultOf<M extends MeasureName> = Awaited<ReturnType<(typeof MEASURES)[M]>>;
