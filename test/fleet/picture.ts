import type { Diagram, DiagramNode } from '../../src/dry-run/index.js';
import { svgOf } from '../../src/dry-run/svg.js';
import type { FleetRun } from './simulated-fleet.js';

const format = new Intl.NumberFormat('en');

/** What a picture of a run needs to know of it. */
export interface Pictured extends Pick<FleetRun, 'kills' | 'outages' | 'messages' | 'bytes' | 'units' | 'records' | 'duplicates' | 'late'> {
  readonly cores: number;
  readonly readings: number;
  readonly gaps: number;
  readonly windows: number;
}

/** The way of a fleet's readings, from device to table, with the numbers of a run. */
export function pictureOf(run: Pictured): string {
  const number = (value: number): string => format.format(value);
  const node = (id: string, branch: string, role: DiagramNode['role'], ...lines: readonly string[]): DiagramNode => ({
    id,
    role,
    lines,
    branch,
    lost: false,
  });
  const [device, cloud, engine] = ['device', 'AWS', 'Flink'];
  const diagram: Diagram = {
    title: 'From device to table',
    branches: [device, cloud, engine],
    nodes: [
      node('readings', device, 'in', 'readings', `${number(run.cores)} × ${number(run.readings)}`),
      node('outbox', device, 'stage', 'storeIn, forwardFrom', `${number(run.kills)} kills`, `${number(run.outages)} outages`),
      node('topic', device, 'out', 'meters/+', `${number(run.messages)} messages`, `${number(run.units)} metered`),
      node('rule', cloud, 'stage', 'rule', 'device, topic, arrival'),
      node(
        'stream',
        cloud,
        'out',
        'Firehose, Kafka',
        `${number(run.records)} records`,
        `${number(run.duplicates)} twice, ${number(run.late)} late`,
      ),
      node('once', engine, 'stage', 'meters_once', 'the first of each id'),
      node('values', engine, 'stage', 'meters', 'batches taken apart'),
      node('minutes', engine, 'out', 'meters_per_minute', `${number(run.windows)} windows, exact`),
      node('gaps', engine, 'out', 'meters_gaps', `${number(run.gaps)} ranges, all told`),
    ],
    edges: [
      ['readings', 'outbox'],
      ['outbox', 'topic'],
      ['topic', 'rule'],
      ['rule', 'stream'],
      ['stream', 'once'],
      ['once', 'values'],
      ['values', 'minutes'],
      ['once', 'gaps'],
    ].map(([from = '', to = '']) => ({ from, to })),
  };
  return svgOf(diagram, 'down');
}
