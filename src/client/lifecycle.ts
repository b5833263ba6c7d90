import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { defer, firstValueFrom, map, Observable, of, share, takeUntil, tap } from 'rxjs';
import { InvalidRequest, type RequestError, type ServiceSubscribeError } from '../errors/errors.js';
import { ComponentUpdatePolicyEvents, readShape } from '../ipc/wire/shapes.js';
import type { RunnableTaskEither } from '../ports/mqtt-proxy.js';
import { checkPositiveTime, checkTime } from '../shared/check-argument.js';
import { DEFER_COMPONENT_UPDATE, SUBSCRIBE_TO_COMPONENT_UPDATES, UPDATE_STATE } from '../shared/operations.js';
import type { ObservableEither } from '../stream/observable-either.js';
import type { NucleusLink } from './nucleus-link.js';

/** What the nucleus announces about a deployment, be it of this component or of any other. */
export type ComponentUpdate =
  | {
      /** The deployment is about to begin, and waits for an answer from every component that has subscribed. */
      readonly phase: 'before';
      readonly deploymentId: string;
      /** The nucleus itself will be restarted, and this process with it. */
      readonly nucleusRestarts: boolean;
      /**
       * Defers the update: the nucleus announces it again after so many milliseconds plus a second or two. To be run within the turn of the
       * event loop in which the announcement came, promises included; otherwise the update is answered with 0, which lets it go on. Only
       * the first answer counts; any other is a `Left(InvalidRequest)`.
       */
      readonly defer: (recheckAfter: number, message?: string) => RunnableTaskEither<RequestError, undefined>;
    }
  /** The deployment is over, or was given up. After a restart of the nucleus this is not announced. */
  | { readonly phase: 'after'; readonly deploymentId: string };

/** How a component reports its state to the nucleus, and is told of updates. */
export interface Lifecycle {
  /**
   * Reports a state: `RUNNING` ends the starting of a component whose recipe has `Startup`; `ERRORED` makes the classic nucleus stop it and
   * start it again. A `Right` means that the nucleus has received it, not that anything changed: a state that is not allowed at the moment
   * is answered with success and ignored, and Greengrass Lite always ignores `ERRORED`.
   */
  readonly report: (state: 'RUNNING' | 'ERRORED') => RunnableTaskEither<RequestError, undefined>;
  /**
   * Updates as the nucleus announces them: those of all deployments that come from the cloud. All subscribers share one subscription, since
   * a second one would make every deployment wait for a minute, and each announcement has one answer: 0, unless a subscriber defers it.
   * Greengrass Lite does not offer this: one `Left(UnsupportedOperation)`, then completion. Completes when draining begins.
   */
  readonly updates$: ObservableEither<ServiceSubscribeError, ComponentUpdate>;
  /**
   * {@link Lifecycle.updates$}, each of which is deferred again and again while the component is busy, and allowed once it is not. Run it
   * as a branch. As long as `busy$` has not emitted anything, and after it has completed with `false`, the component is not busy.
   *
   * @param recheckAfter milliseconds to the next question of the nucleus, which adds a second or two. Default 5 000.
   */
  readonly deferWhile: (
    busy$: Observable<boolean>,
    recheckAfter?: number,
  ) => ObservableEither<ServiceSubscribeError | RequestError, ComponentUpdate>;
}

/** From one question of the nucleus to the next while a component is busy, in milliseconds. */
const RECHECK_AFTER = 5_000;

/** The lifecycle on a connection that other ports use as well. */
export class IpcLifecycle implements Lifecycle {
  readonly updates$: ObservableEither<ServiceSubscribeError, ComponentUpdate>;
  readonly #link: NucleusLink;

  constructor(link: NucleusLink) {
    this.#link = link;
    const events$ = link.optionalEvents({
      operation: SUBSCRIBE_TO_COMPONENT_UPDATES,
      topicName: '',
      payload: '{}',
      read: body => readShape('ComponentUpdatePolicyEvents', ComponentUpdatePolicyEvents, body),
      isCanary: () => false,
      silence: undefined,
      onStatus: undefined,
    });
    const updates$ = events$.pipe(
      map((event): Either<ServiceSubscribeError, { readonly update: ComponentUpdate; readonly settle: () => void }> =>
        event._tag === 'Left' ? event : right(this.#announced(event.right)),
      ),
      tap(event => {
        // After everything that subscribers do in this turn.
        if (event._tag === 'Right') link.clock.after(0, event.right.settle);
      }),
      map((event): Either<ServiceSubscribeError, ComponentUpdate> => (event._tag === 'Left' ? event : right(event.right.update))),
    );
    this.updates$ = updates$.pipe(share(), takeUntil(link.draining$));
  }

  report(state: 'RUNNING' | 'ERRORED'): RunnableTaskEither<RequestError, undefined> {
    const reported$ = this.#link.call({
      operation: UPDATE_STATE,
      about: state,
      payload: JSON.stringify({ state }),
      read: () => right(undefined),
    });
    return () => firstValueFrom(reported$);
  }

  deferWhile(
    busy$: Observable<boolean>,
    recheckAfter: number = RECHECK_AFTER,
  ): ObservableEither<ServiceSubscribeError | RequestError, ComponentUpdate> {
    checkPositiveTime(recheckAfter, 'recheckAfter');
    return new Observable<Either<ServiceSubscribeError | RequestError, ComponentUpdate>>(subscriber => {
      let isBusy = false;
      const watching = busy$.subscribe({ next: busy => (isBusy = busy), error: (defect: unknown) => subscriber.error(defect) });
      subscriber.add(watching);
      subscriber.add(
        this.updates$.subscribe({
          next: element => {
            subscriber.next(element);
            if (element._tag === 'Left' || element.right.phase === 'after' || !isBusy) return;
            void element.right
              .defer(recheckAfter, 'busy')()
              .then(deferred => {
                if (deferred._tag === 'Left') subscriber.next(deferred);
              });
          },
          error: (defect: unknown) => subscriber.error(defect),
          complete: () => subscriber.complete(),
        }),
      );
    });
  }

  #announced(event: ComponentUpdatePolicyEvents): { readonly update: ComponentUpdate; readonly settle: () => void } {
    const { preUpdateEvent, postUpdateEvent } = event;
    if (preUpdateEvent === undefined) {
      const deploymentId = postUpdateEvent?.deploymentId ?? '';
      return { update: { phase: 'after', deploymentId }, settle: () => undefined };
    }
    const { deploymentId, isGgcRestarting } = preUpdateEvent;
    let answered = false;
    const answer = (recheckAfter: number, message: string | undefined): ObservableEither<RequestError, undefined> =>
      defer(() => {
        if (answered) {
          const problem = `The update ${deploymentId} has been answered. It is answered once, in the turn in which it is announced.`;
          return of(left(new InvalidRequest('message', DEFER_COMPONENT_UPDATE, deploymentId, 'client', problem)));
        }
        answered = true;
        // JSON has no Infinity. 0 is written out: without the member the nucleus ignores the answer and waits for the whole minute.
        const payload = JSON.stringify({
          deploymentId,
          recheckAfterMs: Math.min(Math.round(recheckAfter), Number.MAX_SAFE_INTEGER),
          message,
        });
        return this.#link.call({ operation: DEFER_COMPONENT_UPDATE, about: deploymentId, payload, read: () => right(undefined) });
      });
    return {
      update: {
        phase: 'before',
        deploymentId,
        nucleusRestarts: isGgcRestarting,
        defer: (recheckAfter, message) => {
          checkTime(recheckAfter, 'recheckAfter');
          return () => firstValueFrom(answer(recheckAfter, message));
        },
      },
      settle: () => {
        if (!answered) answer(0, undefined).subscribe();
      },
    };
  }
}
