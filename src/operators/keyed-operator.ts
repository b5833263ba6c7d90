import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { atOnce } from '../shared/check-argument.js';
import { workOn } from '../stream/work-on.js';
import { checkedKeyBounds, type EvictedKey, type Keyed, KeyedState } from './keyed-state.js';

/** What an operator does with what it remembers when there is a gap, at which messages may be missing. */
export type OnGap =
  | {
      /** `keep` (default): nothing. What was remembered before the gap still holds after it. */
      readonly onGap?: 'keep' | undefined;
      readonly gap$?: undefined;
    }
  | {
      /** `reset`: at each value of `gap$` the operator forgets everything, of every key, and begins anew. */
      readonly onGap: 'reset';
      /** The gaps: the second argument of the function given to `onRights`. Neither its values nor its completion matter. */
      readonly gap$: Observable<unknown>;
    };

/** Calls `reset` at each gap, until `destination` ends. To be called before the source is subscribed, or its first gaps are missed. */
function resetAtGaps(options: OnGap, destination: Subscriber<unknown>, reset: () => void): void {
  if (options.onGap !== 'reset') return;
  destination.add(options.gap$.subscribe({ next: reset, error: (error: unknown) => destination.error(error) }));
}

/** The options of every operator that remembers something per key. */
export type KeyedOptions<A> = Keyed<A> & OnGap;

/** One subscription of a keyed operator. */
interface KeyedRun<A, S> {
  readonly take: (value: A, key: string) => void;
  /** A key was evicted, with what was remembered of it. */
  readonly evicted?: ((state: S, evicted: EvictedKey) => void) | undefined;
  /** The source has completed; called before the destination completes. */
  readonly complete?: (() => void) | undefined;
  /** Everything is forgotten: at a gap, where that resets, and at the end. To end timers. */
  readonly forget?: (() => void) | undefined;
}

/** What all values of an operator without keys are filed under. */
const SINGLE = 'single';

/**
 * Makes an operator with a {@link KeyedState}. What `key`, the operator or a hook throws goes to the error channel.
 *
 * @param begin is called for each subscription.
 */
export function keyedOperator<A, B, S>(
  operator: string,
  options: KeyedOptions<A>,
  begin: (destination: Subscriber<B>, states: KeyedState<S>) => KeyedRun<A, S>,
): OperatorFunction<A, B> {
  checkedKeyBounds(options);
  const keyOf = options.key === 'single' ? () => SINGLE : options.key;
  return source =>
    new Observable<B>(destination => {
      const states: KeyedState<S> = new KeyedState<S>(options, {
        operator,
        evicted: (state, evicted) => run.evicted?.(state, evicted),
        fail: error => destination.error(error),
      });
      const run = begin(destination, states);
      const forget = (): void => {
        run.forget?.();
        states.clear();
      };
      destination.add(forget);
      resetAtGaps(options, destination, forget);
      workOn(source, destination, {
        next: value => {
          try {
            run.take(value, atOnce(keyOf(value), 'key'));
          } finally {
            // The subscriber may leave in the middle of `take`, inside a function of the program, and `take` may set a timer afterwards.
            if (destination.closed) forget();
          }
        },
        error: (error: unknown) => destination.error(error),
        complete: () => {
          run.complete?.();
          destination.complete();
        },
      });
    });
}
