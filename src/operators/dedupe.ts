import type { MonoTypeOperatorFunction } from 'rxjs';
import { keyedOperator, type OnGap } from './keyed-operator.js';
import type { KeyBounds } from './keyed-state.js';

/** What {@link dedupe} takes for the same. */
export type DedupeOptions<A> = Omit<KeyBounds, 'ttl'> &
  OnGap & {
    /** What makes two values the same: a message's id, or what stands for one. */
    readonly key: (value: A) => string;
    /** Milliseconds after a value was passed on in which others of its key are duplicates. */
    readonly ttl: number;
  };

/**
 * Passes the first value of each key and holds back its duplicates for a while: what MQTT's "at least once", a publisher that retries, or
 * an interrupted subscription delivers twice.
 *
 * The time begins with the value passed on and is not prolonged by duplicates, so something that is repeated for ever is passed once every
 * `ttl`. RxJS' `distinct` remembers every key for ever.
 *
 * Emits values as they are, in order. Completes with the source. Errors of the source, and what `key` or `onEvict` throws, go to the error
 * channel. Looks at no time of the values.
 *
 * Memory: at most `maxKeys` (10 000) keys, each for `ttl`. One more forgets the oldest, whose duplicates then pass: size it for the keys
 * that come in a `ttl`. With `onEvict`, the reason tells that from a key whose time is over. `onGap: 'reset'` forgets all keys.
 *
 * @example
 * ```ts
 * import { dedupe } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([{ id: 'a' }, { id: 'b' }, { id: 'a' }])
 *   .pipe(dedupe({ key: command => command.id, ttl: 60_000 }))
 *   .subscribe(command => console.log(command.id)); // a, b
 * ```
 */
export function dedupe<A>(options: DedupeOptions<NoInfer<A>>): MonoTypeOperatorFunction<A> {
  return keyedOperator<A, A, true>('dedupe', options, (destination, states) => ({
    take: (value, key) => {
      // `peek` and not `get`: a duplicate does not prolong the time.
      if (states.peek(key) !== undefined) return;
      states.set(key, true);
      destination.next(value);
    },
  }));
}
