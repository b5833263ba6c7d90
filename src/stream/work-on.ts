import {
  type MonoTypeOperatorFunction,
  Observable,
  type Observer,
  of,
  type SchedulerLike,
  share,
  type Subscriber,
  type Subscription,
  tap,
} from 'rxjs';
import { waiting } from '../schedule/clock.js';
import { type Feed, sourceEnded, subscribeAlong } from './feed.js';

/**
 * Subscribes to a source until `owner` ends; not at all if it has ended. This is the one way in which operators and stages subscribe to
 * their source: one that emits, fails or ends while it is being subscribed is dealt with as any other, and everything that is thrown goes
 * to `error`.
 *
 * @param observer What `next` and `complete` throw goes to `error`, which is to end the owner.
 * @param feed what the source feeds, for the ledger.
 */
export function workOn<A>(source: Observable<A>, owner: Subscription, { next, error, complete }: Observer<A>, feed?: Feed): void {
  if (owner.closed) return;
  // Added to the owner before the source is subscribed: otherwise a source that emits without end meanwhile could not be stopped.
  new Observable<A>((upstream: Subscriber<A>) => {
    owner.add(upstream);
    if (feed === undefined) source.subscribe(upstream);
    else subscribeAlong(feed, source, upstream);
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
      if (feed !== undefined) sourceEnded(feed);
      try {
        complete();
      } catch (thrown) {
        error(thrown);
      }
    },
  });
}

/**
 * Shares one subscription to the source, which outlives its last subscriber by so many milliseconds. A source that has ended leaves no
 * timer behind. (`share` alone would start the timer of `resetOnRefCountZero` then as well, and a process with nothing else to do would
 * wait for it.)
 */
export function shareLingering<A>(milliseconds: number, scheduler: SchedulerLike): MonoTypeOperatorFunction<A> {
  return source$ => {
    let hasEnded = false;
    const ended = (): void => {
      hasEnded = true;
    };
    return source$.pipe(
      tap({ subscribe: () => (hasEnded = false), complete: ended, error: ended }),
      share({ resetOnRefCountZero: () => (hasEnded || milliseconds === 0 ? of(0) : waiting(milliseconds, scheduler)) }),
    );
  };
}
