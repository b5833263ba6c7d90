import { asyncScheduler, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

/**
 * What `source$` emits in virtual time, each with the millisecond it came in, and how it ended: to be handed on, or too long to be drawn,
 * where the kit would compare it with a diagram at once.
 */
export const watched = <A>(source: () => Observable<A>, describe: (value: A) => string, leaveAfter = 100_000): string[] => {
  const seen: string[] = [];
  new TestScheduler(() => undefined).run(({ flush }) => {
    const began = asyncScheduler.now();
    const note = (what: string): number => seen.push(`${asyncScheduler.now() - began} ${what}`);
    const subscription = source().subscribe({
      next: value => note(describe(value)),
      error: (error: unknown) => note(String(error)),
      complete: () => note('complete'),
    });
    asyncScheduler.schedule(() => subscription.unsubscribe(), leaveAfter);
    flush();
  });
  return seen;
};
