import { allocation } from './allocation.js';
import { backlog } from './backlog.js';
import { batching } from './batching.js';
import { change } from './change.js';
import type { Experiment } from './experiment.js';
import { floodLatency } from './flood-latency.js';
import { lines } from './lines.js';
import { litePace } from './lite-pace.js';
import { localPublishing, localRoundTrip, localSubscribing } from './local.js';
import { nucleus } from './nucleus.js';
import { outbox } from './outbox.js';
import { pipeline } from './pipeline.js';
import { publishing } from './publish.js';
import { roundTrip } from './round-trip.js';
import { routing } from './routing.js';
import type { Scale } from './scale.js';
import { scaling } from './scaling.js';
import { slowStage } from './slow-stage.js';
import { starting } from './start.js';
import { stageCost } from './stage-cost.js';
import { subscribing } from './subscribe.js';
import { tracing } from './tracing.js';
import { windows } from './windows.js';

/** All experiments, in the order of the table. */
export const experiments = (scale: Scale): readonly Experiment[] => [
  subscribing(scale),
  publishing(scale),
  allocation(scale),
  roundTrip(scale),
  localSubscribing(scale),
  localPublishing(scale),
  localRoundTrip(scale),
  slowStage(scale),
  floodLatency(scale),
  stageCost(scale),
  tracing(scale),
  change(scale),
  windows(scale),
  batching(scale),
  routing(scale),
  backlog(scale),
  scaling(scale),
  lines(scale),
  nucleus(scale),
  litePace(scale),
  outbox(scale),
  ...pipeline(scale),
  starting(scale),
];
