import { type Either, left } from 'fp-ts/lib/Either.js';
import { asyncScheduler, defer, ignoreElements, map, merge, type Observable, type OperatorFunction, type SchedulerLike, tap } from 'rxjs';
import { copyError } from '../errors/failure.js';
import { atOnce } from '../shared/check-argument.js';
import { divert } from '../stream/on-rights.js';
import { isTerminalError, type LeftOf, type RightOf, tagOf, united } from '../stream/observable-either.js';
import { markHandled } from '../stream/unhandled.js';

/** The failures in `F` that carry the value that was to be published. */
export type WithValue<F> = F extends { readonly value: unknown } ? F : never;

/** The values that the failures in `F` carry. */
export type ValueIn<F> = F extends { readonly value: infer A } ? A : never;

/** The failures in `F` that carry what they concern: a value that was to be published, or a message as it came. */
type WithSubject<F> = F extends { readonly value: unknown } | { readonly original: unknown } ? F : never;

/** What the failures in `F` concern: values that were to be published, messages as they came. */
type SubjectIn<F> = F extends { readonly value: infer A } ? A : F extends { readonly original: infer M } ? M : never;

class Taken<F> {
  readonly failure: F;

  constructor(failure: F) {
    this.failure = failure;
  }
}

/** Terminal failures that pass although a sink has taken their value: no sink further down is to take it again. */
const emptied = new WeakSet<object>();

/**
 * The form in which a terminal failure passes once its value has been taken. A copy, since another branch may have the same failure and its
 * value.
 */
function withoutClaim<E>(error: E): E {
  if (typeof error !== 'object' || error === null) return error;
  const copy = copyError(error, {}) as E & object;
  emptied.add(copy);
  markHandled(error);
  return copy;
}

function hasClaim(error: unknown): boolean {
  return typeof error === 'object' && error !== null && !emptied.has(error);
}

/**
 * Sends the failures of single values through `project`, and passes all others. A terminal failure concerns the stream, so it passes in any
 * case: to swallow it would turn a refused token into a silent success. Its value goes through `project` all the same. When `project`'s
 * output completes before its input, the failures pass from then on: a sink that takes no more neither ends the stream nor makes failures
 * vanish.
 */
export function takeFailures<T extends Either<unknown, unknown>, F extends LeftOf<T>, R extends Either<unknown, unknown>>(
  source: Observable<T>,
  takes: (failure: LeftOf<T>) => failure is F,
  project: (failures$: Observable<F>) => Observable<R>,
): Observable<Either<LeftOf<T> | LeftOf<R>, RightOf<T> | RightOf<R>>> {
  type Element = Either<LeftOf<T>, RightOf<T>>;
  return defer(() => {
    let isOpen = true;
    const close = (): void => {
      isOpen = false;
    };
    const isTaken = (failure: LeftOf<T>): failure is F => isOpen && hasClaim(failure) && takes(failure);
    return divert<Element | Taken<F>, F, Element, R>(
      // Done here, and not while diverting, so that what `takes` throws reaches the error channel.
      united(source).pipe(map(element => (element._tag === 'Left' && isTaken(element.left) ? new Taken(element.left) : element))),
      (element, pick, pass) => {
        if (!(element instanceof Taken)) {
          pass(element);
          return;
        }
        const { failure } = element;
        pick(failure);
        if (isTerminalError(failure)) pass(left<LeftOf<T>>(withoutClaim(failure)));
      },
      failures$ => merge(project(failures$).pipe(tap({ complete: close })), failures$.pipe(ignoreElements())),
    );
  });
}

/** Whether a failure carries the value that was to be published. */
export function hasValue<F>(failure: F): failure is F & WithValue<F> {
  return typeof failure === 'object' && failure !== null && 'value' in failure;
}

/** Whether a failure carries what it concerns. */
function hasSubject<F>(failure: F): failure is F & WithSubject<F> {
  return typeof failure === 'object' && failure !== null && ('value' in failure || 'original' in failure);
}

/** What a failure concerns. */
export function subjectOf<F>(failure: F & WithSubject<F>): SubjectIn<F> {
  // The compiler cannot follow: the subject is whichever of the two members WithSubject has found.
  const { value, original } = failure as { readonly value?: unknown; readonly original?: unknown };
  return ('value' in (failure as object) ? value : original) as SubjectIn<F>;
}

/** A value or message that was given up, and why: to be kept for someone to look at later. */
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
 * Emits what came in, except for the failures that are taken; instead of these, what the sink emits, as it comes. A terminal failure
 * passes, and comes last, when the sink is done; the value it carries is a dead letter too, and no other `deadLetterTo` takes it again.
 * Completes when the source and the sink have. When the sink completes early, failures pass from then on. An error thrown by the sink is a
 * defect.
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
