import { Observable, type Subscriber } from 'rxjs';

/** What an operator does with its source. What is thrown goes to the error channel. */
interface Work<A> {
  readonly next: (value: A) => void;
  /** Completes the destination, too. */
  readonly complete: () => void;
}

/** Subscribes to the source of an operator, until `destination` ends; not at all where it has. Errors of the source go to the destination. */
export const workOn = <A>(source: Observable<A>, destination: Subscriber<unknown>, { next, complete }: Work<A>): void => {
  if (destination.closed) return;
  // Known before the source is subscribed: one that emits without end meanwhile could not be stopped otherwise.
  new Observable<A>(upstream => {
    destination.add(upstream);
    source.subscribe(upstream);
  }).subscribe({
    next: value => {
      try {
        next(value);
      } catch (error) {
        destination.error(error);
      }
    },
    error: (error: unknown) => destination.error(error),
    complete: () => {
      try {
        complete();
      } catch (error) {
        destination.error(error);
      }
    },
  });
};
