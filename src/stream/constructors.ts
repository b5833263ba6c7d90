import * as E from 'fp-ts/lib/Either.js';
import type { IO } from 'fp-ts/lib/IO.js';
import type { Option } from 'fp-ts/lib/Option.js';
import type { Task } from 'fp-ts/lib/Task.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { catchError, defer, map, merge, type Observable, of } from 'rxjs';
import type { ErrorOf, ObservableEither, ValueOf } from './observable-either.js';
import { endAtTerminal } from './run-to-end.js';

/**
 * A stream of one result.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 *
 * OE.right(21.5).subscribe(element => console.log(element)); // Right(21.5)
 * ```
 */
export function right<A, E = never>(value: A): ObservableEither<E, A> {
  return of(E.right(value));
}

/**
 * A stream of one error.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 *
 * OE.left('no reading').subscribe(element => console.log(element)); // Left('no reading')
 * ```
 */
export function left<E, A = never>(error: E): ObservableEither<E, A> {
  return of(E.left(error));
}

/**
 * A stream of the one Either given.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { E } from 'greengrass-rx/fp';
 *
 * const celsius = E.tryCatch(() => JSON.parse('21.5') as number, () => 'no JSON');
 * OE.fromEither(celsius).subscribe(element => console.log(element)); // Right(21.5)
 * ```
 */
export function fromEither<E, A>(either: E.Either<E, A>): ObservableEither<E, A> {
  return of(either);
}

/**
 * A stream of an Option's value, or of the error that stands for its absence.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { O, pipe } from 'greengrass-rx/fp';
 *
 * const site = O.fromNullable(process.env['SITE']);
 * pipe(site, OE.fromOption(() => 'SITE is not set')).subscribe(element => console.log(element));
 * ```
 */
export function fromOption<E>(onNone: () => E) {
  return <A>(option: Option<A>): ObservableEither<E, A> => defer(() => of(E.fromOption(onNone)(option)));
}

/**
 * Runs a synchronous effect at each subscription. What it throws is a defect.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 *
 * OE.fromIO(() => process.uptime()).subscribe(element => console.log(element._tag)); // Right
 * ```
 */
export function fromIO<A, E = never>(io: IO<A>): ObservableEither<E, A> {
  return defer(() => of(E.right(io())));
}

/**
 * Runs a task at each subscription. Unsubscribing drops its result; the task itself cannot be called off. A task that rejects is a defect.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 *
 * OE.fromTask(() => Promise.resolve(21.5)).subscribe(element => console.log(element)); // Right(21.5)
 * ```
 */
export function fromTask<A, E = never>(task: Task<A>): ObservableEither<E, A> {
  return defer(task).pipe(map(value => E.right(value)));
}

/**
 * Runs a TaskEither at each subscription. Unsubscribing drops its result; the task itself cannot be called off. A task that rejects is a
 * defect.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { TE } from 'greengrass-rx/fp';
 *
 * const site = TE.tryCatch(() => Promise.reject(new Error('offline')), () => 'no site');
 * OE.fromTaskEither(site).subscribe(element => console.log(element)); // Left('no site')
 * ```
 */
export function fromTaskEither<E, A>(task: TaskEither<E, A>): ObservableEither<E, A> {
  return defer(task);
}

/**
 * The values of a plain Observable as results. What it raises stays a defect; `tryCatch` makes it an error.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { of } from 'rxjs';
 *
 * OE.fromObservable(of(1, 2)).subscribe(element => console.log(element)); // Right(1), Right(2)
 * ```
 */
export function fromObservable<A, E = never>(source: Observable<A>): ObservableEither<E, A> {
  return source.pipe(map(value => E.right(value)));
}

/**
 * A plain Observable whose failure becomes a typed one: its values are `Right`s; what it raises is the last element, a `Left`, and
 * completion follows. For what reports failures the RxJS way: `fromFetch`, `ajax`, a promise.
 *
 * A defect that would have come this way becomes an error too, so put it close to what may fail.
 *
 * @param onThrow Names the error. What it throws is a defect.
 *
 * @example
 * ```ts
 * import { OE } from 'greengrass-rx';
 * import { from } from 'rxjs';
 *
 * from(Promise.reject(new Error('offline')))
 *   .pipe(OE.tryCatch(cause => ({ _tag: 'NoWeather', cause }) as const))
 *   .subscribe(element => console.log(element)); // Left({ _tag: 'NoWeather', … })
 * ```
 */
export function tryCatch<E>(onThrow: (cause: unknown) => E) {
  return <A>(source: Observable<A>): ObservableEither<E, A> =>
    source.pipe(
      map(value => E.right(value)),
      catchError((cause: unknown) => of(E.left(onThrow(cause)))),
    );
}

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
