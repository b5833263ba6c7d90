import { costOf, countAnew, Device, told, type BrokerKind, type ProgramClient } from './programs.js';
import { type ReadingsJob, sendReadings } from './readings.js';

export interface PipelineJob extends ReadingsJob {
  readonly client: ProgramClient;
  readonly broker: BrokerKind;
  readonly socketPath: string;
}

export interface PipelineResult {
  /** Processor time of the component for a reading. */
  readonly cpuMicroseconds: number;
  readonly peakMegabytes: number;
  /** Readings that have come out again, in the counts of the results or as bad ones, to those sent. */
  readonly accounted: number;
  readonly perSecond: number;
}

/** A component that makes summaries of readings, with all there is of a device around it. */
export async function measurePipeline(job: PipelineJob): Promise<PipelineResult> {
  await using device = await Device.start(job.broker);
  const program = device.run(await device.prepare('pipeline', job.client), String(job.qos));
  await told(program, 'ready');
  const { sent, counted, seconds } = await sendReadings(device.mqttUrl, job, () => countAnew(program));
  const cost = await costOf(program);
  return {
    cpuMicroseconds: cost.cpuMicroseconds / job.readings,
    peakMegabytes: cost.peakMegabytes,
    accounted: (counted + cost.bad) / sent,
    perSecond: sent / seconds,
  };
}
