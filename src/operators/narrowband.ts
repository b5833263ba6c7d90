import type { MonoTypeOperatorFunction } from 'rxjs';
import { bandOf, distance } from './band.js';
import type { DeadbandOptions } from './deadband.js';
import { holdBack } from './hold-back.js';

/**
 * Passes a value when it differs by no more than a band from the last one passed on, per key: what jumps is taken for a fault of the sensor. The
 * opposite of `deadband`, with the same options.
 *
 * - *A real step* looks like a fault that stays. Give a `heartbeat`: after so much silence the latest value is believed, and what follows is measured
 *   from it. Without one, a key that has stepped is silent for ever.
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
