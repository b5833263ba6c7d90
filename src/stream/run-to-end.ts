import type { Either } from 'fp-ts/lib/Either.js';
import { finalize, ignoreElements, lastValueFrom, takeWhile, tap, type Observable } from 'rxjs';
import type { LeftOf } from './element.js';
import { hook } from './hook.js';
import { isEndInGoodOrder, isTerminal, type PassingError } from './kind.js';
import { reportToStderr } from './report-to-stderr.js';
import { markHandled } from './unhandled.js';

/** What `runToEnd` does on the way. */
export interface RunToEndOptions<E> {
  /**
   * Sees each error that passes while the stream goes on; the terminal one is what the promise rejects with. What it throws is a defect and
   * ends the run. Without it such errors are written to stderr: the first of each tag at once, then one line per tag and ten seconds with
   * the number of those it stands for.
   */
  readonly onLeft?: ((error: PassingError<E>) => void) | undefined;
}

/**
 * Runs a stream to its end: the last line of a component.
 *
 * Resolves when the stream completes, or ends because its proxy was drained and closed. Rejects with the error of a terminal `Left`, after unsubscribing, or with a defect; at the top level
 * of a module that ends the process with a non-zero code, so the nucleus sees the component as broken. The results are not kept: what is
 * to happen to them happens in the stream.
 *
 * @example
 * ```ts
 * import { runToEnd } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * await runToEnd(of(E.right(1), E.left(new Error('one message was garbled')), E.right(2)), { onLeft: error => console.warn(error.message) });
 * console.log('done');
 * ```
 */
export function runToEnd<T extends Either<unknown, unknown>>(
  source: Observable<T>,
  options: RunToEndOptions<LeftOf<T>> = {},
): Promise<void> {
  const report = reportToStderr();
  const onLeft = hook('onLeft', options.onLeft) ?? report.left;
  const run = source.pipe(
    takeWhile(element => element._tag === 'Right' || !isEndInGoodOrder(element.left)),
    tap(element => {
      if (element._tag === 'Right') return;
      if (isTerminal(element)) {
        markHandled(element.left);
        throw element.left;
      }
      onLeft(element.left as PassingError<LeftOf<T>>);
    }),
    ignoreElements(),
    finalize(report.end),
  );
  return lastValueFrom(run, { defaultValue: undefined });
}
