import { asyncScheduler, concat, concatMap, defer, EMPTY, filter, from, merge, mergeMap, Observable, take } from 'rxjs';
import type { FaultName, FaultWithDetails } from '../../local/faults/fault-words.js';
import type { NucleusEvent } from '../../local/nucleus-event.js';
import type { CloudMessage, LocalNucleus } from '../../local/nucleus.js';
import type { NeighbourMessage } from '../../local/pubsub/neighbour.js';
import { every, steadyNow, waiting } from '../../schedule/clock.js';
import { classicLocalRoutes, topicMatches } from '../../topic/topic-matches.js';

/** Deploys the component with this over its configuration. */
type Configure = (merge: Readonly<Record<string, unknown>>) => Promise<unknown>;

/**
 * Takes the steps of a script: those with `every` over and over from now on, the others one after the other. Emits each before it is
 * taken; `stop` is only emitted, for whoever runs the component. Unsubscribing ends the script, and leaves the nucleus as it is.
 */
export function runChaos(nucleus: LocalNucleus, steps: readonly ChaosStep[], configure: Configure): Observable<ChaosAction> {
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
        if ('publishLocal' in action) {
          nucleus.publishLocal(action.publishLocal);
          return subscriber.complete();
        }
        const done = 'configure' in action ? configure(action.configure) : nucleus.faults.inflict(action.fault);
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

/**
 * What a step does: a fault; a message as from the cloud, or on a local topic as from another component; a deployment that merges this into
 * the component's configuration; or the end: the component is told to stop, as by a deployment.
 */
export type ChaosAction =
  | { readonly fault: ChaosFault }
  | { readonly publish: CloudMessage }
  | { readonly publishLocal: NeighbourMessage }
  | { readonly configure: Readonly<Record<string, unknown>> }
  | { readonly stop: true };

/** One step of a script of faults. */
export interface ChaosStep {
  readonly when: ChaosTime;
  readonly action: ChaosAction;
}

/** What a step does to the nucleus or the component, in words, for the log. */
export function describeFault(action: Extract<ChaosAction, { readonly fault: unknown } | { readonly stop: unknown }>): string {
  if ('stop' in action) return 'stop';
  if (typeof action.fault === 'string') return action.fault;
  return Object.entries(action.fault)
    .map(([name, value]) => `${name}: ${typeof value === 'number' ? String(value) : JSON.stringify(value)}`)
    .join(', ');
}

/** What is subscribed to at a nucleus, as its events tell. */
export class SubscribedFilters {
  /** By connection and stream: a connection that ends takes its streams along. */
  readonly #filters = new Map<number, Map<number, { readonly filter: string; readonly isLocal: boolean }>>();

  readonly observe = (event: NucleusEvent): void => {
    switch (event.kind) {
      case 'subscribed':
      case 'localSubscribed': {
        const streams = this.#filters.get(event.connection) ?? new Map<number, { filter: string; isLocal: boolean }>();
        streams.set(event.streamId, { filter: event.filter, isLocal: event.kind === 'localSubscribed' });
        this.#filters.set(event.connection, streams);
        return;
      }
      case 'unsubscribed':
      case 'localUnsubscribed':
        this.#filters.get(event.connection)?.delete(event.streamId);
        return;
      case 'disconnected':
        this.#filters.delete(event.connection);
        return;
      default:
    }
  };

  /** Whether a message of the cloud on this topic would go to anybody. */
  hear(topicName: string): boolean {
    return this.#some(({ filter, isLocal }) => !isLocal && topicMatches(filter, topicName));
  }

  /** Whether a message on this local topic would. */
  hearLocally(topic: string): boolean {
    return this.#some(({ filter, isLocal }) => isLocal && (classicLocalRoutes(filter, topic) || topicMatches(filter, topic)));
  }

  #some(hears: (subscription: { readonly filter: string; readonly isLocal: boolean }) => boolean): boolean {
    return [...this.#filters.values()].some(streams => [...streams.values()].some(hears));
  }
}
