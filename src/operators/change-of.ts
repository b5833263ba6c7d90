import { isDeepStrictEqual } from 'node:util';
import type { MonoTypeOperatorFunction } from 'rxjs';
import { holdBack, type HoldBackOptions } from './hold-back.js';

/** How {@link changeOf} compares. */
export type ChangeOfOptions<A> = HoldBackOptions<A> & {
  /** What is compared: the names of fields of the value, or a function of it. Compared by structure. */
  readonly of: readonly (keyof A)[] | ((value: A) => unknown);
};

function isSame(a: unknown, b: unknown): boolean {
  return a === b || isDeepStrictEqual(a, b);
}

/**
 * Passes a value when some of its fields differ from those of the last value that passed, per key. Counters, timestamps and other fields
 * that change with each reading do not count unless they are named.
 *
 * Fields are compared by structure: objects, arrays, dates, bytes, maps and sets by what is in them; `NaN` is the same as `NaN`. They are
 * kept, not copied: a value that is changed after it was emitted is compared as it has become.
 *
 * Emits values as they are, in order. Completes with the source. Errors of the source, and what `key`, `of` or `onEvict` throws, go to the
 * error channel. Looks at no time of the values: late ones are compared as they come.
 *
 * Memory: what is compared per key, with `heartbeat` also a value; at most `maxKeys` (10 000) keys, and none for longer than `ttl`. An
 * evicted key begins anew: its next value passes.
 *
 * @example
 * ```ts
 * import { changeOf } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([
 *   { door: 'closed', seen: 1 },
 *   { door: 'closed', seen: 2 },
 *   { door: 'open', seen: 3 },
 * ])
 *   .pipe(changeOf({ key: 'single', of: ['door'] }))
 *   .subscribe(state => console.log(state.seen)); // 1, 3
 * ```
 */
export function changeOf<A>(options: ChangeOfOptions<NoInfer<A>>): MonoTypeOperatorFunction<A> {
  const { of } = options;
  if (typeof of === 'function')
    return holdBack<A, unknown>('changeOf', options, { levelOf: of, passes: (last, now) => !isSame(last, now) });
  if (of.length === 0) throw new RangeError('of must name at least one field; with none, no value would ever differ from the one before.');
  return holdBack<A, readonly unknown[]>('changeOf', options, {
    levelOf: value => of.map(field => value[field]),
    passes: (last, now) => last.some((field, i) => !isSame(field, now[i])),
  });
}
