import { type Either, left } from 'fp-ts/lib/Either.js';
import { map, type OperatorFunction } from 'rxjs';
import { copyError } from '../errors/failure.js';
import { type LeftOf, type RightOf, type Tagged, tagOf, type TagOf, united } from '../stream/observable-either.js';
import { endAtTerminal } from '../stream/run-to-end.js';

/** The errors of `E`, with those of the given tags made terminal. */
export type Fatal<E, Tag extends string> = Exclude<E, Tagged<E, Tag>> | (Omit<Tagged<E, Tag>, 'kind'> & { readonly kind: 'terminal' });

/**
 * Ends the stream at failures of the given tags: for problems that no later message can solve, such as a policy that lacks the topic. The
 * failure becomes terminal and is the last value, and completion follows; `runToEnd` then rejects and the process ends.
 *
 * Guarantee: no value is published after the failure, except those that were in flight when it came, whose outcomes are not emitted any
 * more; with `inFlight: 1` there are none. What a stage before it still held is discarded, and counted so in the ledger.
 *
 * @example
 * ```ts
 * import { connect, failFast, publishTo, QOS, runToEnd } from 'greengrass-rx';
 * import { of } from 'rxjs';
 *
 * const proxy = connect();
 * const outcomes$ = of('a', 'b').pipe(
 *   publishTo(proxy, payload => ({ topicName: 'readings/+', payload, qos: QOS.AT_LEAST_ONCE }), { inFlight: 1 }), // a wildcard: refused
 *   failFast('InvalidRequest', 'Unauthorized'),
 * );
 * await runToEnd(outcomes$).catch(error => console.error(error.message)); // The topic name "readings/+" contains a wildcard …
 * await proxy.close();
 * ```
 */
export function failFast<T extends Either<unknown, unknown>, Tag extends TagOf<LeftOf<T>>>(
  ...tags: readonly [Tag, ...Tag[]]
): OperatorFunction<T, Either<Fatal<LeftOf<T>, Tag>, RightOf<T>>> {
  return source =>
    united(source).pipe(
      map(element => {
        if (element._tag === 'Right') return element;
        const error: unknown = element.left;
        const isFatal = typeof error === 'object' && error !== null && (tags as readonly (string | undefined)[]).includes(tagOf(error));
        // The types say which errors these are; at run time only the tag tells.
        return left((isFatal ? copyError(error, { kind: 'terminal' }) : error) as Fatal<LeftOf<T>, Tag>);
      }),
      endAtTerminal(),
    );
}
