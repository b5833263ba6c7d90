import type { CloudMessage } from '../../local/nucleus.js';
import type { FaultName, FaultWithDetails } from '../../local/faults/fault-table.js';

/** A fault by the words of the test kit's diagrams: the same in a test and in `dev --chaos`. */
export type ChaosFault = FaultName | FaultWithDetails;

/** When a step is taken. Times are milliseconds. */
export type ChaosTime =
  /** Since the script began. */
  | { readonly at: number }
  /** Since the step before. */
  | { readonly after: number }
  /** Over and over, from the beginning of the script on. */
  | { readonly every: number }
  /** When this has happened, after the step before. */
  | { readonly on: ChaosOccasion; readonly component: string | undefined };

export const CHAOS_OCCASIONS = [
  'connected',
  'disconnected',
  'subscribed',
  'unsubscribed',
  'published',
  'delivered',
  'failed',
  'localSubscribed',
  'localPublished',
  'localDelivered',
  'configurationChanged',
  'stateReported',
] as const;
export type ChaosOccasion = (typeof CHAOS_OCCASIONS)[number];

/** What a step does: a fault, a message as from the cloud, or the end: the component is told to stop, as by a deployment. */
export type ChaosAction = { readonly fault: ChaosFault } | { readonly publish: CloudMessage } | { readonly stop: true };

/** One step of a script of faults. */
export interface ChaosStep {
  readonly when: ChaosTime;
  readonly action: ChaosAction;
}

/** What a step does to the nucleus or the component, in words, for the log. */
export function describeFault(action: Exclude<ChaosAction, { readonly publish: unknown }>): string {
  if ('stop' in action) return 'stop';
  if (typeof action.fault === 'string') return action.fault;
  return Object.entries(action.fault)
    .map(([name, value]) => `${name}: ${typeof value === 'number' ? String(value) : JSON.stringify(value)}`)
    .join(', ');
}
