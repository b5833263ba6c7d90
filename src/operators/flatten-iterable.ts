import { Observable, type OperatorFunction } from 'rxjs';
import { atOnce } from '../shared/check-argument.js';
import { workOn } from '../stream/work-on.js';

/**
 * Takes messages apart that hold several values: emits each value of the iterable that `project` gives, at once and in order. For
 * subscribers it is the inverse of `encodeBatches`. Unlike `mergeMap` and `concatMap` it accepts nothing asynchronous, so nothing queues in
 * it.
 *
 * Completes with the source. Errors of the source, and what `project` or the iteration throws, go to the error channel at once. An
 * iteration is closed when the subscriber leaves in the middle of it. Looks at no time of the values.
 *
 * Memory: one message's expansion, which is what `project` made of it; nothing is kept between messages. How far a message expands is
 * bounded by its codec: IoT Core delivers at most 128 KiB, and `gzipped` has `expandedBytes`.
 *
 * @example
 * ```ts
 * import { flattenIterable } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * of({ params: { line: '7' }, value: [21, 22] }, { params: { line: '8' }, value: [] })
 *   .pipe(flattenIterable(({ params, value }) => value.map(celsius => `${params.line}: ${celsius}`)))
 *   .subscribe(reading => console.log(reading)); // 7: 21, 7: 22
 * ```
 */
export function flattenIterable<A, B>(project: (value: A) => Iterable<B>): OperatorFunction<A, B> {
  return source =>
    new Observable<B>(destination => {
      workOn(source, destination, {
        next: value => {
          for (const each of atOnce(project(value), 'project')) {
            destination.next(each);
            if (destination.closed) return;
          }
        },
        error: (error: unknown) => destination.error(error),
        complete: () => destination.complete(),
      });
    });
}
