import fc from 'fast-check';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { concat, from, map, NEVER, of, Subject, take, throwError, type Observable } from 'rxjs';
import { describe, expect, it, test } from 'vitest';
import { gzipped, jsonArray, ndjson, type BatchFormat } from '../../src/codec/index.js';
import { Ledger } from '../../src/flow/index.js';
import { encodeBatches, flattenIterable, type EncodeBatchesOptions } from '../../src/operators/index.js';
import { marbles } from '../../src/testing/index.js';

const size = (payload: Uint8Array | string): number => Buffer.byteLength(payload);
const all = <T>(stream$: Observable<T>): T[] => {
  const seen: T[] = [];
  stream$.subscribe({ next: value => seen.push(value), error: (error: unknown) => expect.fail(String(error)) });
  return seen;
};
const batched = <A>(values: readonly A[], options: EncodeBatchesOptions<A>) => all(from(values).pipe(encodeBatches(options)));

const text = fc.string({ unit: 'binary', maxLength: 60 });
const binary: BatchFormat<Uint8Array> = {
  part: value => Uint8Array.of(value.length, ...value),
  around: { before: '', between: '', after: '' },
  encode: values => Buffer.concat(values.map(value => Uint8Array.of(value.length, ...value))),
  decode: ({ payload }) => {
    const values: Uint8Array[] = [];
    for (let at = 0; at < payload.length; at += 1 + (payload[at] ?? 0))
      values.push(Uint8Array.from(payload.subarray(at + 1, at + 1 + (payload[at] ?? 0))));
    return { _tag: 'Right', right: values };
  },
};

/** Batches, looks at every size, and takes the batches apart again as a subscriber does. */
function roundTrip<A>(
  values: readonly A[],
  options: EncodeBatchesOptions<A>,
): { readonly values: A[]; readonly refused: A[]; readonly batches: number } {
  const { format, bytes, gzip = false } = options;
  const codec = gzip === false ? format : gzipped(format);
  const elements = batched(values, options);
  const batches = elements.filter(isRight).map(({ right }) => right);
  for (const { payload, bytes: told, values: held } of batches) {
    expect(size(payload)).toBeLessThanOrEqual(bytes);
    expect(told).toBe(size(payload));
    expect(held.length).toBeGreaterThan(0);
    if (options.messages !== undefined) expect(held.length).toBeLessThanOrEqual(options.messages);
  }
  const received$ = from(batches).pipe(
    map(({ payload }) => codec.decode({ topicName: 'x', payload: Buffer.from(payload) })),
    flattenIterable(decoded => (isRight(decoded) ? decoded.right : expect.fail(decoded.left.problems.join()))),
  );
  const refused = elements.filter(isLeft).map(({ left }) => left);
  for (const error of refused) if (error._tag === 'ValueTooLarge') expect(error.bytes).toBeGreaterThan(error.limit);
  expect([...batches.flatMap(({ values: held }) => held), ...refused.map(({ value }) => value)]).toHaveLength(values.length);
  return { values: all(received$), refused: refused.map(({ value }) => value), batches: batches.length };
}

describe('encodeBatches', () => {
  it.each([
    ['jsonArray', jsonArray<unknown, unknown>(t.unknown), false],
    ['ndjson', ndjson<unknown, unknown>(t.unknown), false],
    ['ndjson, gzip', ndjson<unknown, unknown>(t.unknown), true],
  ] as const)(
    '%s: hands on what JSON cannot carry as a failure with its value, and the rest in a batch that can be read',
    (_, format, gzip) => {
      const cycle: unknown[] = [];
      cycle.push(cycle);
      const lost = [NaN, Infinity, 1n, undefined, cycle, { celsius: -Infinity }, { at: [undefined] }];
      const values = lost.flatMap((value, i) => [i, value]);
      const elements = batched(values, { format, bytes: 1_000, gzip });
      expect(elements.filter(isLeft).map(({ left: { _tag, value } }) => [_tag, value])).toEqual(lost.map(value => ['EncodeFailed', value]));
      const [batch, ...more] = elements.filter(isRight).map(({ right }) => right);
      expect([batch?.values, more]).toEqual([[0, 1, 2, 3, 4, 5, 6], []]);
      const payload = Buffer.from(batch?.payload ?? '');
      expect((gzip ? gzipped(format) : format).decode({ topicName: 'x', payload })).toEqual({ _tag: 'Right', right: batch?.values });
    },
  );

  it.each([
    ['jsonArray', jsonArray(t.string), (value: string) => size(JSON.stringify(value)) + 2],
    ['ndjson', ndjson(t.string), (value: string) => size(JSON.stringify(value)) + 1],
  ] as const)(
    '%s: flattened it is what went in, never over the bound, whatever the values; what is too large comes out by itself',
    (_, format, alone) => {
      let refusedEver = 0;
      fc.assert(
        fc.property(fc.array(text), fc.integer({ min: 3, max: 200 }), fc.integer({ min: 1, max: 20 }), (values, bytes, messages) => {
          const { values: received, refused } = roundTrip(values, { format, bytes, messages });
          expect(received).toEqual(values.filter(value => alone(value) <= bytes));
          expect(refused).toEqual(values.filter(value => alone(value) > bytes));
          refusedEver += refused.length;
        }),
        { numRuns: 1_000 },
      );
      expect(refusedEver).toBeGreaterThan(0);
    },
  );

  it('gzip: the same, with the bound on what comes out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(text, fc.constant('same again')), { maxLength: 80 }),
        fc.integer({ min: 25, max: 300 }),
        (values, bytes) => {
          const { values: received, refused } = roundTrip(values, { format: ndjson(t.string), bytes, gzip: true });
          const lost = new Set(refused);
          expect(received).toEqual(values.filter(value => !lost.has(value)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('joins parts that are bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 41, max: 100 }), (values, bytes) => {
        expect(roundTrip(values, { format: binary, bytes }).values).toEqual(values);
      }),
    );
  });

  it('fills a payload to the last byte, and encodes each value once', () => {
    let encoded = 0;
    const format = jsonArray(t.number);
    const counting: BatchFormat<number> = { ...format, part: value => (encoded++, format.part(value)) };
    const seen = batched([1, 2, 3, 4, 5, 6, 7], { format: counting, bytes: 7 });
    expect(seen.map(each => isRight(each) && each.right)).toEqual([
      { payload: '[1,2,3]', bytes: 7, values: [1, 2, 3] },
      { payload: '[4,5,6]', bytes: 7, values: [4, 5, 6] },
      { payload: '[7]', bytes: 3, values: [7] },
    ]);
    expect(encoded).toBe(7);
  });

  it('gzip: needs few payloads, each well filled, of many values', () => {
    const values = Array.from({ length: 2_000 }, (_, i) => ({
      sensor: `s${i % 7}`,
      celsius: Math.round(2_000 + 500 * Math.sin(i / 9)) / 100,
    }));
    const format = ndjson(t.type({ sensor: t.string, celsius: t.number }));
    const plain = roundTrip(values, { format, bytes: 4_000, messages: 10_000 });
    const small = roundTrip(values, { format, bytes: 4_000, messages: 10_000, gzip: true });
    expect(small.values).toEqual(values);
    expect([plain.batches, small.batches]).toEqual([16, 2]);
    const twice = batched(values, { format, bytes: 4_000, messages: 10_000, gzip: { expandedBytes: 10_000 } });
    expect(twice).toHaveLength(7);
  });

  it('gzip: a value that does not compress under the bound comes out by itself, in its place', () => {
    const noise = Array.from({ length: 60 }, (_, i) => String.fromCharCode(33 + ((i * 7919) % 90))).join('');
    const seen = batched(['a', noise, 'b'], { format: ndjson(t.string), bytes: 40, gzip: true });
    expect(seen.map(each => (isLeft(each) ? each.left.value : each.right.values))).toEqual([['a'], noise, ['b']]);
    expect(seen[1]).toMatchObject({ left: { _tag: 'ValueTooLarge', limit: 40 } });
  });

  test(
    'emits when full or old enough, and the rest at completion; what is too large passes at once',
    marbles(({ cold, expectStream }) => {
      const values = { a: 'a', b: 'b', L: 'too large' };
      const source$ = cold('-a-bL---a------b|', values);
      const batches$ = source$.pipe(
        encodeBatches({ format: ndjson(t.string), bytes: 8, within: 5 }),
        map(each => (isRight(each) ? each.right.payload : each.left._tag)),
      );
      expectStream(batches$).toBeMarble('---xL--------a--(b|)', { x: '"a"\n"b"\n', L: 'ValueTooLarge', a: '"a"\n', b: '"b"\n' });
    }),
  );

  it('passes an error on at once, and counts what was gathered as discarded', () => {
    const ledger = new Ledger();
    let seen: unknown;
    const broken$ = concat(
      of('a'),
      throwError(() => new Error('broken')),
    );
    broken$.pipe(encodeBatches({ format: ndjson(t.string), bytes: 100, ledger })).subscribe({ error: (error: unknown) => (seen = error) });
    expect(seen).toEqual(new Error('broken'));
    expect(ledger.snapshot().stages[0]).toMatchObject({ name: 'encodeBatches', received: { messages: 1 }, discarded: { messages: 1 } });
  });

  it('what the format throws is a defect', () => {
    let seen: unknown;
    of(1)
      .pipe(encodeBatches({ format: ndjson(t.any), bytes: 100 }), take(1))
      .subscribe();
    const broken = new t.Type<number>('Broken', t.number.is, t.number.validate, () => {
      throw new TypeError('a mistake in the codec');
    });
    of(10)
      .pipe(encodeBatches({ format: ndjson(broken), bytes: 100 }))
      .subscribe({ error: (error: unknown) => (seen = error) });
    expect(seen).toBeInstanceOf(TypeError);
  });

  it.each([
    [{ bytes: 2 }, 'bytes must be a whole number above 2'],
    [{ bytes: 0 }, 'bytes'],
    [{ bytes: 10.5 }, 'bytes'],
    [{ bytes: 100, gzip: { expandedBytes: 1 } }, 'expandedBytes'],
    [{ bytes: 100, messages: 0 }, 'messages'],
  ])('refuses %j', (options, problem) => {
    const make = () => from([1]).pipe(encodeBatches({ format: jsonArray(t.number), ...options }));
    expect(make).toThrow(problem);
    expect(make).toThrow(RangeError);
  });
});

describe('flattenIterable', () => {
  test(
    'emits each value in its place, completes with the source and passes its error',
    marbles(({ cold, expectStream }) => {
      const values = { a: [1, 2], b: [], c: [3] };
      expectStream(cold('a-b-c|', values).pipe(flattenIterable(each => each))).toBeMarble('(12)c|'.replace('c', '3'), { 1: 1, 2: 2, 3: 3 });
      expectStream(cold('c-#', values).pipe(flattenIterable(each => each))).toBeMarble('3-#', { 3: 3 });
    }),
  );

  it('closes an iteration that is left in the middle, and takes no more of it', () => {
    let made = 0;
    let closed = false;
    function* endless(): Generator<number> {
      try {
        for (;;) yield ++made;
      } finally {
        closed = true;
      }
    }
    expect(all(concat(of(0), NEVER).pipe(flattenIterable(endless), take(3)))).toEqual([1, 2, 3]);
    expect([made, closed]).toEqual([3, true]);
  });

  it('what project throws goes to the error channel', () => {
    const source$ = new Subject<number>();
    let seen: unknown;
    source$
      .pipe(
        flattenIterable((): Iterable<number> => {
          throw new Error('no list');
        }),
      )
      .subscribe({ error: (error: unknown) => (seen = error) });
    source$.next(1);
    expect(seen).toEqual(new Error('no list'));
    expect(source$.observed).toBe(false);
  });
});
