import type { Either } from 'fp-ts/lib/Either.js';
import type { Overflowed } from '../errors/errors.js';
import { checkBound } from '../shared/check-argument.js';
import type { LeftOf, RightOf } from '../stream/observable-either.js';
import { type JobOwner, ProjectJob, type ResultOf, type Work } from './job.js';
import { stage, type Stage, type StageOptions } from './stage.js';

/** How {@link concurrently} works. */
export interface ConcurrentlyOptions<A> extends StageOptions<A> {
  /**
   * Whether results come in the order of the values they belong to (default `true`), or as they are known. In order, results of values
   * behind the oldest unfinished one are held back. When `n + buffer.messages` are held, further ones are dropped and reported as overflow.
   * So work that emits without end needs `false`.
   */
  readonly ordered?: boolean | undefined;
}

/** The type of {@link concurrently}. Where it is piped, the source says what `A` is: `project` may take more than that. */
export interface Concurrently {
  <A, W extends Work>(
    n: number,
    project: (value: NoInfer<A>) => W,
    options?: ConcurrentlyOptions<NoInfer<A>>,
  ): Stage<A, Either<LeftOf<ResultOf<W>> | Overflowed, RightOf<ResultOf<W>>>>;
  <A, W extends Work>(
    n: number,
    project: (value: A) => W,
    options?: ConcurrentlyOptions<NoInfer<A>>,
  ): Stage<A, Either<LeftOf<ResultOf<W>> | Overflowed, RightOf<ResultOf<W>>>>;
}

/**
 * Works on `n` values at a time. The bounded form of `mergeMap(project, n)` and `concatMap(project)`, which queue without limit.
 *
 * `project` gives an Observable, a promise or a task (`TaskEither`). Results that are `Either`s are handed on as they are, all others as
 * `Right`; so the errors of this stage are those of `project`, and {@link Overflowed}. Values that find the buffer full are dropped by its
 * policy; one `Left(Overflowed)` in front of the next result stands for all of them.
 *
 * Completes when the source has and all work is done; and after a terminal `Left`, which is the last value. What was still inside is then
 * given up and counted as discarded, since only `project` knows what would have become of it (`publishTo` has an outcome for each). A
 * defect goes to the error channel at once: an error of the source, one thrown by `project`, a promise that rejects. For failures that are
 * expected, give a `TaskEither` or an `ObservableEither`.
 *
 * Unsubscribing unsubscribes from all work under way. Promises cannot be stopped; their results are ignored then.
 *
 * Memory: at most `buffer.messages` (1 000) waiting values, and `n` under way. Unless `buffer.bytes` bounds them, the bytes of those that
 * wait count against the 16 MiB that all stages share. One value that becomes many on its way here (`mergeMap(m => m.records)`) arrives all
 * at once: give the buffer room for that many.
 *
 * @param n how many values are worked on at once; with `ordered`, a value whose results are held still counts.
 *
 * @example
 * ```ts
 * import { concurrently } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { from } from 'rxjs';
 *
 * const enrich = async (celsius: number) => ({ celsius, fahrenheit: celsius * 1.8 + 32 });
 * from([18, 21, 24])
 *   .pipe(concurrently(2, enrich, { buffer: { messages: 1_000, onFull: 'dropOldest' } }))
 *   .subscribe(
 *     E.match(
 *       overflow => console.error(overflow.message),
 *       reading => console.log(reading),
 *     ),
 *   );
 * ```
 *
 * @function
 */
export const concurrently: Concurrently = <A, W extends Work>(
  n: number,
  project: (value: A) => W,
  options: ConcurrentlyOptions<A> = {},
): Stage<A, Either<LeftOf<ResultOf<W>> | Overflowed, RightOf<ResultOf<W>>>> => {
  checkBound(n, 'n');
  type Result = Either<LeftOf<ResultOf<W>>, RightOf<ResultOf<W>>>;
  const job = (owner: JobOwner<Result>, bytes: number, value: A): ProjectJob<A, Result> => new ProjectJob(owner, bytes, value, project);
  return stage('concurrently', options, () => ({ inFlight: n, ordered: options.ordered ?? true, job }));
};
