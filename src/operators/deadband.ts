import type { MonoTypeOperatorFunction } from 'rxjs';
import { checkAtLeast } from '../shared/check-argument.js';
import { holdBack, type HoldBackOptions } from './hold-back.js';

/** How far two numbers may lie apart and still count as the same. */
export type Band =
  | {
      /** In the unit of the value, from 0 on. With 0 every change counts. */
      readonly absolute: number;
      readonly percent?: undefined;
      readonly least?: undefined;
    }
  | {
      /** Percent of the magnitude of the last value passed on, from 0 on. */
      readonly percent: number;
      /** The smallest band, in the unit of the value, since a percentage of zero is zero. Default 0. */
      readonly least?: number | undefined;
      readonly absolute?: undefined;
    };

/** The width of the band around a number. */
export function bandOf(band: Band): (around: number) => number {
  if (band.absolute !== undefined) {
    const { absolute } = band;
    checkAtLeast(absolute, 'absolute', 0);
    return () => absolute;
  }
  const { percent, least = 0 } = band;
  checkAtLeast(percent, 'percent', 0);
  checkAtLeast(least, 'least', 0);
  return around => (Number.isFinite(around) ? Math.max(Math.abs(around) * (percent / 100), least) : 0);
}

/** How far apart two numbers are. `NaN` and infinities are infinitely far from everything but themselves. */
export function distance(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  return Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Infinity;
}

/**
 * Passes a value when it differs by no more than a band from the last one that passed, per key: a jump is taken for a fault of the sensor.
 * The opposite of `deadband`, with the same options.
 *
 * - *A real step* looks like a fault that stays. Give a `heartbeat`: after so much silence the latest value is believed, and the next ones
 *   are compared with it. Without one, a key whose value has stepped is silent for ever.
 * - *The first value* is believed, so long as it is a number: a first one that is a fault holds back all others until the heartbeat.
 * - *`NaN` and infinities* never pass.
 *
 * Completion, errors and memory are those of `deadband`.
 *
 * @example
 * ```ts
 * import { narrowband } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([20, 20.5, 85, 21])
 *   .pipe(narrowband({ key: 'single', value: celsius => celsius, absolute: 2, heartbeat: 60_000 }))
 *   .subscribe(celsius => console.log(celsius)); // 20, 20.5, 21
 * ```
 */
export function narrowband<A>(options: DeadbandOptions<NoInfer<A>>): MonoTypeOperatorFunction<A> {
  const band = bandOf(options);
  return holdBack<A, number>('narrowband', options, {
    levelOf: options.value,
    passes: (last, level) => distance(last, level) <= band(last),
    usable: Number.isFinite,
  });
}

/** How {@link deadband} and `narrowband` compare. */
export type DeadbandOptions<A> = HoldBackOptions<A> &
  Band & {
    /** The number in a value. */
    readonly value: (value: A) => number;
  };

/**
 * Passes a value when it differs by more than a band from the last one passed on, per key: report by exception. A sensor that reads much
 * the same a hundred times a second is passed on when it changes.
 *
 * - *The band* is `absolute`, in the unit of the value, or `percent` of the last value passed on. It is measured from that one and not from
 *   the value before, so that a slow drift adds up and is passed on. A difference of exactly the band does not pass.
 * - *Around zero* a percentage is next to nothing, and noise passes: `least` is the smallest band, in the unit of the value.
 * - *`NaN` and infinities*: the change from a number to one of them, between them, and back, passes; staying does not.
 * - *`heartbeat`* passes the latest value after so much silence.
 *
 * Emits values as they are, in order. Completes with the source; what is held back then has no news and is not emitted. Errors of the
 * source, and what `key`, `value` or `onEvict` throws, go to the error channel. Looks at no time of the values: late ones are compared as
 * they come.
 *
 * Memory: a number per key, with `heartbeat` also a value; at most `maxKeys` (10 000) keys, and none for longer than `ttl`. An evicted key
 * begins anew: its next value passes.
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
