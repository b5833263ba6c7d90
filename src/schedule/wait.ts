import { interval, NEVER, Observable, repeat, Subscription, type SchedulerLike } from 'rxjs';

/** The longest wait a Node timer can have, in milliseconds: 24.8 days. One that is set for longer fires at once. */
const LONGEST_TIMER = 2_147_483_647;

/** Does `work` after so many milliseconds: never after `Infinity`, and what is more than a timer can wait is waited in pieces. */
export const wait = (milliseconds: number, scheduler: SchedulerLike, work: () => void): Subscription => {
  if (milliseconds <= LONGEST_TIMER) return scheduler.schedule(work, milliseconds);
  const timers = new Subscription();
  const waitFor = (left: number): void => {
    const piece = Math.min(left, LONGEST_TIMER);
    const timer = scheduler.schedule(() => {
      timers.remove(timer);
      if (left > piece) waitFor(left - piece);
      else work();
    }, piece);
    timers.add(timer);
  };
  if (milliseconds !== Infinity) waitFor(milliseconds);
  return timers;
};

/** Emits once and completes after so many milliseconds, as {@link wait} waits. */
export const waiting = (milliseconds: number, scheduler: SchedulerLike): Observable<0> =>
  new Observable(subscriber =>
    wait(milliseconds, scheduler, () => {
      subscriber.next(0);
      subscriber.complete();
    }),
  );

/** Emits every so many milliseconds, as {@link wait} waits; the first time after the first of them. */
export const every = (milliseconds: number, scheduler: SchedulerLike): Observable<unknown> => {
  if (milliseconds === Infinity) return NEVER;
  return milliseconds <= LONGEST_TIMER ? interval(milliseconds, scheduler) : waiting(milliseconds, scheduler).pipe(repeat());
};
