import { asyncScheduler, concat, concatMap, defer, EMPTY, filter, from, merge, mergeMap, Observable, take } from 'rxjs';
import { every, steadyNow, waiting } from '../../schedule/clock.js';
import type { NucleusEvent } from '../../local/nucleus-event.js';
import type { LocalNucleus } from '../../local/nucleus.js';
import type { ChaosAction, ChaosStep, ChaosTime } from './chaos-script.js';

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
