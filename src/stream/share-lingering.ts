import { type MonoTypeOperatorFunction, of, type SchedulerLike, share, tap } from 'rxjs';
import { waiting } from '../schedule/clock.js';

/**
 * Shares one subscription to the source, which outlives its last subscriber by so many milliseconds. A source that has ended leaves no timer
 * behind: `share` by itself starts that of `resetOnRefCountZero` then, too, and a process that has nothing else to do waits for it.
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
