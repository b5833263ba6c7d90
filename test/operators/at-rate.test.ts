import { left, right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, defer, EMPTY, map, of, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ServiceFault } from '../../src/errors/errors.js';
import { concurrently, Ledger, publishTo, pullThrough, type PublishPort } from '../../src/flow/index.js';
import { atRate } from '../../src/operators/index.js';
import { fixed } from '../../src/schedule/index.js';
import { asText } from '../kit/nucleus/fake-proxy.js';
import { watched } from '../kit/time/virtual.js';

const shown = (element: { readonly _tag: string; readonly right?: unknown }): string => String(element.right);
const hundred = { messagesPerSecond: 100, burst: { messages: 2 } } as const;
const at = (n: number, after: number, width = 1) => concurrently(width, () => timer(after).pipe(map(() => n)), { ledger: new Ledger() });
/** `atRate` is asked when a value is read, so what is read shows it. */
const reads = (times: number[], count: number): Iterable<number> => ({
  *[Symbol.iterator]() {
    for (let n = 1; n <= count; n++) {
      times.push(asyncScheduler.now());
      yield n;
    }
  },
});

describe('atRate', () => {
  it('reads a burst at once and the rest at the rate, one value ahead, and completes with the last', () => {
    const times: number[] = [];
    const stage = concurrently(8, (n: number) => of(n), { ledger: new Ledger() });
    expect(watched(() => pullThrough(reads(times, 5), atRate(hundred, stage)), shown)).toEqual([
      '0 1',
      '0 2',
      '10 3',
      '20 4',
      '30 5',
      '30 complete',
    ]);
    expect(times).toEqual([0, 0, 0, 10, 20]);
  });

  it('reads no faster than the stage takes, whatever the rate', () => {
    expect(watched(() => pullThrough([1, 2, 3], atRate({ messagesPerSecond: 1_000 }, at(7, 50))), shown)).toEqual([
      '50 7',
      '100 7',
      '150 7',
      '150 complete',
    ]);
  });

  it('counts bytes: what is larger than the burst passes when it is full, and the next waits the longer', () => {
    const options = { bytesPerSecond: 1_000, sizeOf: (n: number) => n, burst: { bytes: 100 } };
    const stage = concurrently(8, (n: number) => of(n), { ledger: new Ledger() });
    expect(watched(() => pullThrough([50, 50, 300, 10], atRate(options, stage)), shown)).toEqual([
      '0 50',
      '0 50',
      '100 300',
      '310 10',
      '310 complete',
    ]);
  });

  it('stops reading in an outage, and every one of 3 000 lines arrives', () => {
    const fault = new ServiceFault('message', { operation: 'aws.greengrass#PublishToIoTCore', topicName: 'out', reason: 'SpoolFull', retryable: true, remedy: '', serverCode: '', serverText: '' }); // prettier-ignore
    const taken: string[] = [];
    const proxy: PublishPort = {
      state$: EMPTY,
      publish$: ({ payload }) =>
        defer(() => {
          const now = asyncScheduler.now();
          if (now >= 500 && now < 10_000) return of(left(fault));
          taken.push(String(payload));
          return timer(5).pipe(map(() => right({ by: 'spooler' as const })));
        }),
    };
    const times: number[] = [];
    const ledger = new Ledger();
    const stage = publishTo<number>(proxy, asText, { inFlight: 8, retry: fixed(100), ledger });
    const seen = watched(
      () => pullThrough(reads(times, 3_000), atRate({ messagesPerSecond: 1_000 }, stage)),
      ({ _tag }) => _tag,
    );
    expect(seen.filter(line => line.endsWith('Right'))).toHaveLength(3_000);
    expect(new Set(taken).size).toBe(3_000);
    expect(times.filter(time => time >= 600 && time < 10_000)).toEqual([]);
    expect(ledger.snapshot().stages).toMatchObject([{ dropped: { messages: 0 }, discarded: { messages: 0 }, peak: { messages: 8 } }]);
  });

  it('ends its timer and closes the source when the subscriber leaves, and when sizeOf throws', () => {
    const stage = concurrently(8, (n: number) => of(n), { ledger: new Ledger() });
    const throwing = { ...hundred, sizeOf: () => Number.NaN };
    expect(watched(() => pullThrough([1], atRate(throwing, stage)), shown)).toEqual([
      '0 RangeError: sizeOf must give a number of bytes from 0 on, and gave NaN.',
    ]);
    let closed = false;
    function* numbers(): Generator<number> {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        closed = true;
      }
    }
    const left$ = pullThrough(numbers(), atRate(hundred, stage)).subscribe();
    left$.unsubscribe();
    expect(closed).toBe(true);
  });

  it('refuses rates that are none, where they are written', () => {
    const stage = concurrently(8, (n: number) => of(n));
    expect(() => atRate({ messagesPerSecond: 0 }, stage)).toThrow(RangeError);
    expect(() => atRate({} as never, stage)).toThrow('A rate needs messagesPerSecond, bytesPerSecond or both.');
  });
});
