import { asyncScheduler, type OperatorFunction } from 'rxjs';
import { steadyNow } from '../schedule/clock.js';
import { atOnce, checkPositive, checkTime } from '../shared/check-argument.js';
import { hook } from '../stream/hook.js';
import { keyedOperator, type KeyedOptions } from './keyed-operator.js';

/** How fast a value has changed since the one it is compared with. */
export interface RateOfChange<A> {
  /** The key; `single` where there are none. */
  readonly key: string;
  readonly value: A;
  /** Change in the unit of the value, per `per`. */
  readonly rate: number;
  readonly change: number;
  /** Milliseconds between the two values; above 0. */
  readonly elapsed: number;
}

/** How {@link rateOfChange} measures. */
export type RateOfChangeOptions<A> = KeyedOptions<A> & {
  /** The number in a value. */
  readonly value: (value: A) => number;
  /** Milliseconds of the unit of time. Default 1 000: change per second. */
  readonly per?: number | undefined;
  /** When a value was measured, in milliseconds since any fixed moment. Default: when it arrives. */
  readonly time?: ((value: A) => number) | undefined;
  /** The fewest milliseconds between two compared values; values in between are skipped. Default 0. */
  readonly over?: number | undefined;
  /**
   * How many milliseconds a value's `time`, then counted from 1970, may be ahead of the clock. One that is further ahead is skipped.
   * Without this bound, one wrong time makes everything late that its sensor says until that time comes. Default: no bound, since the
   * device's own clock may be behind.
   */
  readonly maxAhead?: number | undefined;
  /**
   * Is given each value that is skipped because of its `time`, which is not later than that of the value to compare with, is further ahead
   * than `maxAhead`, or is no number.
   */
  readonly onLate?: ((value: A) => void) | undefined;
};

/**
 * How fast values change, per key: the difference to an earlier value over the time between the two.
 *
 * - *Time* is that of the values if `time` tells it, and else the time they arrive at: then values that have waited on their way and arrive
 *   in a burst seem to change fast. Setting the clock does not affect arrival times.
 * - *Noise* matters more the closer together two values are: with `over`, a value is compared with one that is at least so old, and there
 *   is at most one rate in that time.
 * - *The first value* of a key has nothing to be compared with, so n values make at most n - 1 rates.
 * - *`NaN` and infinities* are passed over, and the next number is compared with the one before them.
 * - *Late values* are passed over and handed to `onLate`. They do not keep their key: where one time was wrong and far ahead, a key with
 *   `ttl` begins anew when that has passed. `maxAhead` refuses such times in the first place.
 *
 * Completes with the source. Errors of the source, and what `key`, `value`, `time`, `onLate` or `onEvict` throws, go to the error channel.
 *
 * Memory: two numbers per key; at most `maxKeys` (10 000) keys, and none for longer than `ttl`. An evicted key begins anew; so `ttl` is
 * also the longest silence a rate is measured over.
 *
 * @example
 * ```ts
 * import { rateOfChange } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([
 *   { at: 0, litres: 100 },
 *   { at: 30_000, litres: 90 },
 * ])
 *   .pipe(rateOfChange({ key: 'single', value: tank => tank.litres, time: tank => tank.at, per: 60_000 }))
 *   .subscribe(({ rate }) => console.log(rate)); // -20, litres a minute
 * ```
 */
export function rateOfChange<A>(options: RateOfChangeOptions<NoInfer<A>>): OperatorFunction<A, RateOfChange<A>> {
  const { value: levelOf, per = 1_000, time, over = 0, maxAhead = Infinity, scheduler = asyncScheduler } = options;
  const onLate = hook('onLate', options.onLate);
  checkPositive(per, 'per');
  checkTime(over, 'over');
  checkTime(maxAhead, 'maxAhead');
  const now = steadyNow(scheduler);
  const isAhead = (at: number): boolean => maxAhead !== Infinity && at - scheduler.now() > maxAhead;

  return keyedOperator<A, RateOfChange<A>, { level: number; at: number }>('rateOfChange', options, (destination, states) => ({
    take: (value, key) => {
      const level = atOnce(levelOf(value), 'value');
      if (!Number.isFinite(level)) return;
      const at = time === undefined ? now() : atOnce(time(value), 'time');
      const before = time === undefined ? states.get(key) : states.peek(key);
      if (!Number.isFinite(at) || (time !== undefined && ((before !== undefined && at <= before.at) || isAhead(at)))) {
        onLate?.(value);
        return;
      }
      if (before === undefined) {
        states.set(key, { level, at });
        return;
      }
      if (time !== undefined) states.get(key);
      const elapsed = at - before.at;
      if (elapsed <= 0 || elapsed < over) return;
      const change = level - before.level;
      before.level = level;
      before.at = at;
      destination.next({ key, value, rate: (change / elapsed) * per, change, elapsed });
    },
  }));
}
