import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import type { LateData, SubscribeError, TimestampRefused } from '../../../src/errors/errors.js';
import { onRights } from '../../../src/stream/on-rights.js';
import {
  aggregate,
  type Aggregate,
  collect,
  count,
  countWindow,
  distinctCount,
  type DistinctCount,
  first,
  hopping,
  last,
  mean,
  percentile,
  percentiles,
  rate,
  session,
  sliding,
  tumbling,
  type WindowResult,
} from '../../../src/operators/index.js';

interface Reading {
  readonly id: 'oven' | 'fridge';
  readonly at: number;
  readonly celsius: number;
}
declare const readings$: Observable<Reading>;
declare const messages$: Observable<Either<SubscribeError, Reading>>;

describe('windows inside a pipe', () => {
  it('take the type of values from the source, and results that of the aggregate', () => {
    const windows$ = readings$.pipe(
      tumbling({
        size: 60_000,
        key: reading => reading.id,
        aggregate: aggregate({
          n: count(),
          hot: count(reading => reading.celsius > 30),
          mean: mean(reading => reading.celsius),
          p95: percentile(0.95, reading => reading.celsius),
          spread: percentiles({ low: 0.1, high: 0.9 }, reading => reading.celsius),
          first: first(),
          last: last(reading => reading.celsius),
          users: distinctCount(reading => reading.id),
          rate: rate(),
          all: collect(10),
        }),
        time: { timestamp: reading => reading.at, outOfOrder: 1_000, lateness: 5_000 },
      }),
    );
    expectTypeOf(windows$).toEqualTypeOf<
      Observable<
        Either<
          LateData<Reading> | TimestampRefused<Reading>,
          WindowResult<
            {
              readonly n: number;
              readonly hot: number;
              readonly mean: number;
              readonly p95: number;
              readonly spread: Readonly<Record<'low' | 'high', number>>;
              readonly first: Reading;
              readonly last: number;
              readonly users: DistinctCount;
              readonly rate: number;
              readonly all: readonly Reading[];
            },
            'oven' | 'fridge'
          >
        >
      >
    >();
  });

  it('are all inferred alike', () => {
    type Of<R, K extends string> = Observable<Either<LateData<Reading> | TimestampRefused<Reading>, WindowResult<R, K>>>;
    const celsius = (reading: Reading): number => reading.celsius;
    expectTypeOf(readings$.pipe(tumbling({ size: 1, key: 'single', aggregate: mean(r => r.celsius) }))).toEqualTypeOf<
      Of<number, 'single'>
    >();
    expectTypeOf(readings$.pipe(hopping({ size: 2, hop: 1, key: r => r.id, aggregate: count() }))).toEqualTypeOf<
      Of<number, Reading['id']>
    >();
    expectTypeOf(readings$.pipe(sliding({ size: 60, key: r => r.id.toUpperCase(), aggregate: first() }))).toEqualTypeOf<
      Of<Reading, string>
    >();
    expectTypeOf(readings$.pipe(session({ gap: 1, key: 'single', aggregate: mean(celsius) }))).toEqualTypeOf<Of<number, 'single'>>();
    expectTypeOf(readings$.pipe(countWindow({ count: 1, key: 'single', aggregate: last(r => r.id) }))).toEqualTypeOf<
      Of<Reading['id'], 'single'>
    >();
  });

  it('widen the errors inside onRights by themselves', () => {
    const windows$ = messages$.pipe(
      onRights((readings$, gap$) => readings$.pipe(tumbling({ size: 1, key: 'single', aggregate: count(), onGap: 'flag', gap$ }))),
    );
    expectTypeOf(windows$).toEqualTypeOf<
      Observable<Either<SubscribeError | LateData<Reading> | TimestampRefused<Reading>, WindowResult<number, 'single'>>>
    >();
  });

  it('can be made apart from a stream', () => {
    const celsius = (reading: Reading): number => reading.celsius;
    const both = aggregate({ n: count(), mean: mean(celsius), last: last<Reading>() });
    expectTypeOf(both).toEqualTypeOf<Aggregate<Reading, { readonly n: number; readonly mean: number; readonly last: Reading }>>();
    const means = tumbling({ size: 1, key: 'single', aggregate: mean((r: { readonly celsius: number }) => r.celsius) });
    expectTypeOf(readings$.pipe(means)).toExtend<Observable<Either<unknown, WindowResult<number, 'single'>>>>();
  });
});

it('what cannot be is refused', () => {
  // @ts-expect-error a key is required: readings of several sensors would be mixed
  readings$.pipe(tumbling({ size: 1, aggregate: count() }));
  // @ts-expect-error not a number
  readings$.pipe(tumbling({ size: 1, key: 'single', aggregate: mean(reading => reading.id) }));
  // @ts-expect-error a gap that is flagged must be told of
  readings$.pipe(tumbling({ size: 1, key: 'single', aggregate: count(), onGap: 'flag' }));
  // @ts-expect-error sliding windows wait for no watermark
  readings$.pipe(sliding({ size: 60, key: 'single', aggregate: count(), time: { timestamp: reading => reading.at, outOfOrder: 5 } }));
});
