import type { Either } from 'fp-ts/lib/Either.js';
import { map, type Observable, type OperatorFunction } from 'rxjs';
import { atOnce } from '../shared/check-argument.js';
import { feedingFallback } from '../stream/feed.js';
import type { LeftOf, RightOf } from '../stream/observable-either.js';
import { hasValue, takeFailures, type ValueIn, type WithValue } from './dead-letter-to.js';

/** When {@link fallbackTo} steps in. */
export interface FallbackOptions<F> {
  /** Which failures go to the other sink. Default: all that carry a value. */
  readonly when?: ((failure: F) => boolean) | undefined;
}

/**
 * Sends the values that a sink could not publish to another sink: another topic, a local broker, a file.
 *
 * Emits what the first sink emits, except for the failures that are taken over; instead of these, what the other sink emits, as it comes
 * and not in their place. Failures without a value pass. A terminal failure always passes: its value goes to the other sink, and it comes
 * last, when that sink is done. A terminal failure of the other sink ends the whole; when it completes early, failures pass from then on.
 * Completes when both sinks have.
 *
 * A `publishTo` just before it gives up sooner. Each value that finds its buffer full has a failure of its own; and after two seconds of
 * nothing but passing refusals of Greengrass Lite, as when a device is offline, it waits no longer. So with `fallbackTo(storeIn(…))`
 * nothing is lost that a device measures without a connection.
 *
 * Guarantee: each value is offered to the other sink once, after the first has given it up. A failure whose `outcome` is `unknown` may
 * have been taken by the first sink too: at least once. `when: failure => failure.outcome === 'refused'` leaves those out: at most once.
 *
 * Memory: none of its own; the other sink's buffer bounds what waits there.
 *
 * @example
 * ```ts
 * import { connect, fallbackTo, publishTo, QOS, runToEnd } from 'greengrass-rx';
 * import { of, tap } from 'rxjs';
 *
 * const proxy = connect();
 * const message = (topicName: string) => (payload: string) => ({ topicName, payload, qos: QOS.AT_LEAST_ONCE });
 * const outcomes$ = of('21.5').pipe(
 *   publishTo(proxy, message('readings/+')), // a wildcard: refused
 *   fallbackTo(publishTo(proxy, message('readings/fallback'))),
 *   tap(outcome => console.log(outcome)), // Right({ by: 'spooler', value: '21.5', attempts: 1 })
 * );
 * await runToEnd(outcomes$);
 * await proxy.close();
 * ```
 */
export function fallbackTo<T extends Either<unknown, unknown>, R extends Either<unknown, unknown>>(
  sink: (values$: Observable<ValueIn<LeftOf<T>>>) => Observable<R>,
  options: FallbackOptions<WithValue<LeftOf<T>>> = {},
): OperatorFunction<T, Either<LeftOf<T> | LeftOf<R>, RightOf<T> | RightOf<R>>> {
  return source => {
    const { when } = options;
    const takes = (failure: LeftOf<T>): failure is LeftOf<T> & WithValue<LeftOf<T>> =>
      hasValue(failure) && (atOnce(when?.(failure), 'when') ?? true);
    return takeFailures(feedingFallback(source), takes, failures$ => sink(failures$.pipe(map(valueOf))));
  };
}

function valueOf<F>(failure: F & WithValue<F>): ValueIn<F> {
  // The compiler cannot follow: WithValue says that there is a value.
  return (failure as { readonly value: ValueIn<F> }).value;
}
