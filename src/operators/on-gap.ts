import type { Observable, Subscriber } from 'rxjs';

/** What a gap, messages that may be missing, does to what an operator remembers. */
export type OnGap =
  | {
      /** `keep` (default): nothing. What was remembered before the gap still holds after it. */
      readonly onGap?: 'keep' | undefined;
      readonly gap$?: undefined;
    }
  | {
      /** `reset`: at each value of `gap$` the operator forgets everything, of every key, and begins anew. */
      readonly onGap: 'reset';
      /** The gaps: the second argument of the function given to `onRights`. Its values are not looked at. Its completion means nothing. */
      readonly gap$: Observable<unknown>;
    };

/** Calls `reset` at each gap, until `destination` ends. To be called before the source is subscribed, or its first gaps are missed. */
export function resetAtGaps(options: OnGap, destination: Subscriber<unknown>, reset: () => void): void {
  if (options.onGap !== 'reset') return;
  destination.add(options.gap$.subscribe({ next: reset, error: (error: unknown) => destination.error(error) }));
}
