import type { SpanContext } from '@opentelemetry/api';
import { type Aggregate, defineAggregate } from '../operators/aggregates/aggregate.js';
import { MOST_LINKS, type Traced, tracesOf } from './trace-context.js';

/**
 * The spans that the values of a window come from, as an aggregate: under the name `trace`, what is published of the window has a link to each. Beside other
 * aggregates, with `aggregate({ mean: agg.mean(…), trace: traces() })`.
 *
 * Memory: the first 32 spans of each window and key.
 *
 * @example
 * ```ts
 * import { agg, aggregate, tumbling } from 'greengrass-rx/operators';
 * import { traces } from 'greengrass-rx/tracing';
 * import { of } from 'rxjs';
 *
 * const reading = { celsius: 21, trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 } };
 * of(reading)
 *   .pipe(tumbling({ size: 1_000, key: 'single', aggregate: aggregate({ n: agg.count(), trace: traces() }) }))
 *   .subscribe(result => console.log(result)); // Right, with value: { n: 1, trace: [ … ] }
 * ```
 */
export function traces<A extends Traced>(): Aggregate<A, readonly SpanContext[]> {
  return defineAggregate<A, readonly SpanContext[], readonly SpanContext[]>({
    empty: () => [],
    add: (all, value) => (all.length >= MOST_LINKS ? all : tracesOf({ trace: [...all, ...tracesOf(value)] })),
    merge: (left, right) => tracesOf({ trace: [...left, ...right] }),
    result: all => all,
  });
}
