import { merge } from 'rxjs';
import type { ErrorOf, ObservableEither, ValueOf } from './observable-either.js';
import { endAtTerminal } from './run-to-end.js';

/**
 * Several streams as one, whose errors and results are the unions of theirs.
 *
 * RxJS' `merge` gives a union of Eithers instead, on which `E.match` fails to type-check.
 *
 * Completes when all have completed. The first terminal `Left` of any is the last element: the other streams are unsubscribed. A stream
 * whose end the others should survive gets its terminal errors caught first (`catchTag`). Holds no values.
 *
 * @example
 * ```ts
 * import { mergeW } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * mergeW(of(E.right(21.5)), of(E.right('reboot'), E.left(new Error('garbled'))))
 *   .subscribe(E.match(error => console.log(error.message), value => console.log(value)));
 * ```
 */
export function mergeW<S extends readonly ObservableEither<unknown, unknown>[]>(
  ...sources: S
): ObservableEither<ErrorOf<S[number]>, ValueOf<S[number]>> {
  // The element types of a tuple cannot be told to merge() one by one; the union it emits is the Either of the unions.
  return (merge(...sources) as ObservableEither<ErrorOf<S[number]>, ValueOf<S[number]>>).pipe(endAtTerminal());
}
