import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { checkedKeyBounds, KeyedState, type EvictedKey, type Keyed } from './keyed-state.js';
import { resetAtGaps, type OnGap } from './on-gap.js';
import { workOn } from '../stream/work-on.js';
import { atOnce } from '../shared/at-once.js';

/** What every operator that remembers something per key is told. */
export type KeyedOptions<A> = Keyed<A> & OnGap;

/** One subscription of a keyed operator. */
export interface KeyedRun<A, S> {
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
 * An operator with a {@link KeyedState}. What `key`, the operator or a hook throws goes to the error channel.
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
            // Who leaves inside a function that was given here does so in the middle of `take`, which may set a timer afterwards.
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
