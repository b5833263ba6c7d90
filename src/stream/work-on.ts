import { Observable, type Subscriber, type Subscription } from 'rxjs';
import { subscribeAlong, type Edge } from './edge.js';

/** What is done with what a source emits. What `next` and `complete` throw goes to `error`, which is to end the owner. */
interface Work<A> {
  readonly next: (value: A) => void;
  readonly error: (error: unknown) => void;
  readonly complete: () => void;
}

/**
 * Subscribes to a source until `owner` ends; not at all where it has. The one way in which operators and stages subscribe to their source: a
 * source that emits, fails or ends while it is being subscribed is dealt with as any other, and nothing thrown gets past `error`.
 *
 * @param edge what the source feeds, for the ledger.
 */
export function workOn<A>(source: Observable<A>, owner: Subscription, { next, error, complete }: Work<A>, edge?: Edge): void {
  if (owner.closed) return;
  // Known to the owner before the source is subscribed: one that emits without end meanwhile could not be stopped otherwise.
  new Observable<A>((upstream: Subscriber<A>) => {
    owner.add(upstream);
    if (edge === undefined) source.subscribe(upstream);
    else subscribeAlong(edge, source, upstream);
  }).subscribe({
    next: value => {
      try {
        next(value);
      } catch (thrown) {
        error(thrown);
      }
    },
    error,
    complete: () => {
      try {
        complete();
      } catch (thrown) {
        error(thrown);
      }
    },
  });
}
