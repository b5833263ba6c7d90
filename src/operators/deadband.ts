import type { MonoTypeOperatorFunction } from 'rxjs';
import { bandOf, distance, type Band } from './band.js';
import { holdBack, type HoldBackOptions } from './hold-back.js';

/** How {@link deadband} and `narrowband` compare. */
export type DeadbandOptions<A> = HoldBackOptions<A> &
  Band & {
    /** The number in a value. */
    readonly value: (value: A) => number;
  };

/**
 * Passes a value when it differs by more than a band from the last one passed on, per key: report by exception. A sensor that reads much the same
 * a hundred times a second is told of when it changes.
 *
 * - *The band* is `absolute`, in the unit of the value, or `percent` of the last value passed on. It is measured from that one and not from the value
 *   before, so that a slow drift adds up and is told of. A difference of exactly the band does not pass.
 * - *Around zero* a percentage is next to nothing, and noise passes: `least` is the smallest band, in the unit of the value.
 * - *`NaN` and infinities*: the change from a number to one of them, between them, and back, passes; staying does not.
 * - *`heartbeat`* passes the latest value after so much silence.
 *
 * Emits values as they are, in order. Completes with the source; what is held back then has no news and is not emitted. Errors of the source, and
 * what `key`, `value` or `onEvict` throws, go to the error channel. Looks at no time of the values: late ones are compared as they come.
 *
 * Memory: a number per key, with `heartbeat` also a value; at most `maxKeys` (10 000) keys, and none for longer than `ttl`. An evicted key begins
 * anew: its next value passes.
 *
 * Source: OPC UA Part 4, 7.22.2 (DataChangeFilter, absolute deadband) for the comparison.
 *
 * @example
 * ```ts
 * import { deadband } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([20, 20.4, 20.9, 21.2, 20.1])
 *   .pipe(deadband({ key: 'single', value: celsius => celsius, absolute: 1 }))
 *   .subscribe(celsius => console.log(celsius)); // 20, 21.2, 20.1
 * ```
 */
export function deadband<A>(options: DeadbandOptions<NoInfer<A>>): MonoTypeOperatorFunction<A> {
  const band = bandOf(options);
  return holdBack<A, number>('deadband', options, {
    levelOf: options.value,
    passes: (last, level) => distance(last, level) > band(last),
  });
}
