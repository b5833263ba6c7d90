import { type Either, left } from 'fp-ts/lib/Either.js';
import { defer, ignoreElements, map, merge, type Observable, tap } from 'rxjs';
import { copyError } from '../errors/copy-error.js';
import { divert } from '../stream/divert.js';
import { isTerminalError, type LeftOf, type RightOf, united } from '../stream/observable-either.js';
import { markHandled } from '../stream/unhandled.js';

/** The failures in `F` that carry the value that was to be published. */
export type WithValue<F> = F extends { readonly value: unknown } ? F : never;

/** The values that the failures in `F` carry. */
export type ValueIn<F> = F extends { readonly value: infer A } ? A : never;

/** The failures in `F` that carry what they concern: a value that was to be published, or a message as it came. */
export type WithSubject<F> = F extends { readonly value: unknown } | { readonly original: unknown } ? F : never;

/** What the failures in `F` concern: values that were to be published, messages as they came. */
export type SubjectIn<F> = F extends { readonly value: infer A } ? A : F extends { readonly original: infer M } ? M : never;

class Taken<F> {
  readonly failure: F;

  constructor(failure: F) {
    this.failure = failure;
  }
}

/** Terminal failures whose value a sink has taken, though they pass: no sink further down is to take it again. */
const emptied = new WeakSet<object>();

/** A terminal failure as it passes once its value has been taken. A copy: another branch may have the same failure with its value. */
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
 * Sends the failures of single values through `project`, all others on. What is terminal concerns the stream, and passes
 * every strategy: to swallow it would turn a refused token into a silent success. Its value goes through `project` all the same. When
 * `project`'s output completes before its
 * input, the failures pass from then on: no sink that has had enough ends the stream or makes failures vanish.
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
      // Here and not while diverting: what `takes` throws must reach the error channel.
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
export function hasSubject<F>(failure: F): failure is F & WithSubject<F> {
  return typeof failure === 'object' && failure !== null && ('value' in failure || 'original' in failure);
}

/** What a failure concerns. */
export function subjectOf<F>(failure: F & WithSubject<F>): SubjectIn<F> {
  // What WithSubject says of a failure, said of its subject.
  const { value, original } = failure as { readonly value?: unknown; readonly original?: unknown };
  return ('value' in (failure as object) ? value : original) as SubjectIn<F>;
}
