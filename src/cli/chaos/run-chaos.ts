import { asyncScheduler, concat, concatMap, defer, EMPTY, filter, from, merge, mergeMap, Observable, take } from 'rxjs';
import type { FaultName } from '../../local/faults/fault-table.js';
import type { FaultWithDetails } from '../../local/faults/worded-faults.js';
import type { NucleusEvent } from '../../local/nucleus-event.js';
import type { CloudMessage, LocalNucleus } from '../../local/nucleus.js';
import { every, steadyNow, waiting } from '../../schedule/clock.js';
import { topicMatches } from '../../topic/topic-matches.js';

/**
 * Takes the steps of a script: those with `every` over and over from now on, the others one after the other. Emits each before it is
 * taken, `stop` for who runs the component; unsubscribing ends the script, and leaves the nucleus as it is.
 */
export function runChaos(nucleus: LocalNucleus, steps: readonly ChaosStep[]): Observable<ChaosAction> {
  return defer(() => {
    const now = steadyNow(asyncScheduler);
    const begun = now();
    const taken = (action: ChaosAction): Observable<ChaosAction> =>
      new Observable(subscriber => {
        subscriber.next(action);
        if ('stop' in action) return subscriber.complete();
        if ('publish' in action) {
          nucleus.publish(action.publish);
          return subscriber.complete();
        }
        const done = nucleus.faults.inflict(action.fault);
        done.then(
          () => subscriber.complete(),
          (error: unknown) => subscriber.error(error),
        );
      });
    const repeated$ = from(steps).pipe(
      mergeMap(({ when, action }) => ('every' in when ? every(when.every, asyncScheduler).pipe(concatMap(() => taken(action))) : EMPTY)),
    );
    const inOrder = steps
      .filter(({ when }) => !('every' in when))
      .map(({ when, action }) => defer(() => due(when, () => now() - begun, nucleus)).pipe(concatMap(() => taken(action))));
    return merge(concat(...inOrder), repeated$);
  });
}

/** Emits once, when a step is due. */
function due(when: ChaosTime, passed: () => number, nucleus: LocalNucleus): Observable<unknown> {
  if ('at' in when) return waiting(Math.max(0, when.at - passed()), asyncScheduler);
  if ('after' in when) return waiting(when.after, asyncScheduler);
  if ('every' in when) return EMPTY;
  const events$ = new Observable<NucleusEvent>(subscriber => nucleus.observe(event => subscriber.next(event)));
  return events$.pipe(
    filter(event => event.kind === when.on && (when.component === undefined || isOf(event, when.component))),
    take(1),
  );
}

function isOf(event: NucleusEvent, component: string): boolean {
  if (event.kind === 'delivered' || event.kind === 'localDelivered') return event.components.includes(component);
  return 'component' in event && event.component === component;
}

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
type ChaosOccasion = (typeof CHAOS_OCCASIONS)[number];

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

/** What is subscribed to at a nucleus, as its events tell. */
export class SubscribedFilters {
  /** By connection and stream: a connection that ends takes its streams along. */
  readonly #filters = new Map<number, Map<number, string>>();

  readonly observe = (event: NucleusEvent): void => {
    if (event.kind === 'subscribed') {
      const streams = this.#filters.get(event.connection) ?? new Map<number, string>();
      this.#filters.set(event.connection, streams.set(event.streamId, event.filter));
    } else if (event.kind === 'unsubscribed') this.#filters.get(event.connection)?.delete(event.streamId);
    else if (event.kind === 'disconnected') this.#filters.delete(event.connection);
  };

  /** Whether a message on this topic would go to anybody. */
  hear(topicName: string): boolean {
    return [...this.#filters.values()].some(streams => [...streams.values()].some(filter => topicMatches(filter, topicName)));
  }
}
