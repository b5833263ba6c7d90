import type { Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, map, type Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { atOnce } from '../shared/at-once.js';
import { type LeftOf, type RightOf, tagOf } from '../stream/observable-either.js';
import { hasSubject, type SubjectIn, subjectOf, takeFailures, type WithSubject } from './take-failures.js';

/** What was given up, and why: to be kept for someone to look at later. */
export interface DeadLetter<out A = unknown> {
  /** When it was given up, in milliseconds since the epoch. */
  readonly at: number;
  /** The error's `_tag`. */
  readonly tag: string;
  /** The error's sentence. */
  readonly reason: string;
  /** How often it was tried; 0 for a value whose turn had not come, and for a message that came in and could not be decoded. */
  readonly attempts: number;
  /** `refused`: it had no effect. `unknown`: it had been sent, and may have had one. */
  readonly outcome: 'refused' | 'unknown';
  /** The value that was to be published, or the message that could not be decoded, as it came. */
  readonly original: A;
}

/** What {@link deadLetterTo} takes. */
export interface DeadLetterOptions<F> {
  /** Which failures are dead letters. Default: all that carry a value or a message (`value`, `original`). */
  readonly when?: ((failure: F) => boolean) | undefined;
  /** The clock of {@link DeadLetter.at}. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Hands failed publishes and undecodable messages, each with its reason and its original, to a sink of their own, so that
 * they are out of the stream's way and not lost. The sink is any operator; {@link deadLetterFile} is one.
 *
 * Not a `publishTo` over the same proxy: a dead letter there mostly fails for the reason the publish did.
 *
 * Emits what came in, but for the failures taken; for these, what the sink emits, as it comes. A terminal failure passes, and comes last, when
 * the sink has worked off what it has; the value it carries is a dead letter too, and no other `deadLetterTo` takes it again. Completes when the source and the sink have. When the sink completes early,
 * failures pass from then on. An error thrown by the sink is a defect.
 *
 * Guarantee: each failure taken is offered to the sink once; with `publishTo` before it, so is every value that was inside when the proxy
 * was closed or failed for good. What a full buffer drops is no dead letter: its `onDrop` sees that.
 *
 * Memory: none of its own; the sink's buffer bounds what waits there.
 *
 * @example
 * ```ts
 * import { connect, deadLetterTo, publishTo, QOS, runToEnd } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 * import { map, of } from 'rxjs';
 *
 * const proxy = connect();
 * const outcomes$ = of('21.5').pipe(
 *   publishTo(proxy, payload => ({ topicName: 'readings/+', payload, qos: QOS.AT_LEAST_ONCE })), // a wildcard: refused
 *   deadLetterTo(letters$ => letters$.pipe(map(letter => E.right(console.log(letter.tag, letter.original))))), // InvalidRequest 21.5
 * );
 * await runToEnd(outcomes$);
 * await proxy.close();
 * ```
 */
export function deadLetterTo<T extends Either<unknown, unknown>, R extends Either<unknown, unknown>>(
  sink: (letters$: Observable<DeadLetter<SubjectIn<LeftOf<T>>>>) => Observable<R>,
  options: DeadLetterOptions<WithSubject<LeftOf<T>>> = {},
): OperatorFunction<T, Either<LeftOf<T> | LeftOf<R>, RightOf<T> | RightOf<R>>> {
  return source => {
    const { when, scheduler = asyncScheduler } = options;
    const takes = (failure: LeftOf<T>): failure is LeftOf<T> & WithSubject<LeftOf<T>> =>
      hasSubject(failure) && (atOnce(when?.(failure), 'when') ?? true);
    return takeFailures(source, takes, failures$ => sink(failures$.pipe(map(failure => deadLetter(failure, scheduler.now())))));
  };
}

function deadLetter<F>(failure: F & WithSubject<F>, at: number): DeadLetter<SubjectIn<F>> {
  const { message, attempts, outcome } = failure as Partial<Record<'message' | 'attempts' | 'outcome', unknown>>;
  return {
    at,
    tag: tagOf(failure) ?? 'Unknown',
    reason: typeof message === 'string' ? message : String(message),
    attempts: typeof attempts === 'number' ? attempts : 0,
    outcome: outcome === 'unknown' ? 'unknown' : 'refused',
    original: subjectOf(failure),
  };
}
