import { left, right, type Either } from 'fp-ts/lib/Either.js';
import fc from 'fast-check';
import { concat, concatMap, delay, from, map, NEVER, type Observable, of, range, Subject, take, tap, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, test, vi } from 'vitest';
import { Overflowed, ServiceFault } from '../../src/errors/errors.js';
import { type BufferPolicy, Ledger, publishTo } from '../../src/flow/index.js';
import { governRate, type GovernRateOptions, IOT_CORE_LIMITS } from '../../src/operators/index.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';
import { marbles } from '../../src/testing/index.js';
import { watched } from '../kit/time/virtual.js';

const shown = (element: Either<{ readonly messages: number }, unknown>): string =>
  element._tag === 'Right' ? String(element.right) : `-${element.left.messages}`;
/** A message every 10 ms, two saved up at most. */
const hundred = { messagesPerSecond: 100, burst: { messages: 2 } } as const;

describe('governRate, shaping', () => {
  it('refuses a size that is none: a bucket that holds no number lets all pass', () => {
    for (const size of [Number.NaN, Infinity, -1])
      expect(watched(() => range(1, 9).pipe(governRate({ bytesPerSecond: 1, sizeOf: () => size })), shown)).toEqual([
        `0 RangeError: sizeOf must give a number of bytes from 0 on, and gave ${size}.`,
      ]);
  });

  it('gives the value behind an overflow to a subscriber that makes the source complete at the overflow', () => {
    const seen: string[] = [];
    new TestScheduler(() => undefined).run(({ flush }) => {
      const source = new Subject<string>();
      source.pipe(governRate({ messagesPerSecond: 100, burst: { messages: 1 }, buffer: { messages: 1 } })).subscribe({
        next: element => {
          seen.push(shown(element));
          if (element._tag === 'Left') source.complete();
        },
        complete: () => seen.push('complete'),
      });
      for (const value of ['a', 'b', 'c']) source.next(value);
      flush();
    });
    expect(seen).toEqual(['a', '-1', 'c', 'complete']);
  });

  test(
    'passes a burst at once and the rest at the rate',
    marbles(({ cold, expectStream }) => {
      const source$ = cold('(abcd|)');
      expectStream(source$.pipe(governRate(hundred))).toBeMarble('(ab) 6ms c 9ms (d|)');
    }),
  );

  test(
    'saves up while little comes, but no more than the burst',
    marbles(({ cold, expectStream }) => {
      const source$ = cold('(ab) 496ms (cdef|)');
      expectStream(source$.pipe(governRate(hundred))).toBeMarble('(ab) 496ms (cd) 6ms e 9ms (f|)');
    }),
  );

  test(
    'what comes below the rate passes as it comes',
    marbles(({ cold, expectStream }) => {
      const source$ = cold('a 9ms b 9ms c 9ms d 9ms |');
      expectStream(source$.pipe(governRate({ messagesPerSecond: 100, burst: { messages: 1 } }))).toEqual(source$.pipe(map(v => right(v))));
    }),
  );

  it('holds bytes to a rate: what is larger than the burst passes when it is full, and the next waits the longer', () => {
    const sizes$ = of(50, 50, 300, 10);
    const options = { bytesPerSecond: 1_000, sizeOf: (n: number) => n, burst: { bytes: 100 } };
    expect(watched(() => sizes$.pipe(governRate(options)), shown)).toEqual(['0 50', '0 50', '100 300', '310 10', '310 complete']);
  });

  it('holds to both rates at once', () => {
    const options = { ...hundred, bytesPerSecond: 1_000, sizeOf: (n: number) => n, burst: { messages: 1, bytes: 100 } };
    expect(watched(() => of(100, 5, 5, 100).pipe(governRate(options)), shown)).toEqual([
      '0 100',
      '10 5',
      '20 5',
      '110 100',
      '110 complete',
    ]);
  });

  it('takes a share of the limits of IoT Core', () => {
    const rate = { messagesPerSecond: IOT_CORE_LIMITS.publishesPerConnection, share: 0.25, burst: { messages: 1 } };
    expect(watched(() => of(1, 2, 3).pipe(governRate(rate)), shown)).toEqual(['0 1', '40 2', '80 3', '80 complete']);
    expect(IOT_CORE_LIMITS).toEqual({ publishesPerConnection: 100, bytesPerConnection: 524_288 });
  });

  it('saves up a tenth of a second by default, and a message at least', () => {
    const atOnce = (messagesPerSecond: number): number =>
      watched(() => range(1, 100).pipe(governRate({ messagesPerSecond })), shown).filter(line => line.startsWith('0 ')).length;
    expect([atOnce(100), atOnce(50), atOnce(1)]).toEqual([10, 5, 1]);
  });

  it('drops by the policy of its buffer, and reports it once in front of the next value', () => {
    const dropped: unknown[] = [];
    const buffer = { messages: 2, onDrop: (n: number) => dropped.push(n) };
    const out = (policy: BufferPolicy<number>): string[] =>
      watched(() => range(1, 7).pipe(governRate({ ...hundred, buffer: policy })), shown);
    expect(out({ ...buffer, onFull: 'dropOldest' })).toEqual(['0 1', '0 2', '10 -3', '10 6', '20 7', '20 complete']);
    expect(out({ ...buffer, onFull: 'dropNewest' })).toEqual(['0 1', '0 2', '10 -3', '10 3', '20 4', '20 complete']);
    expect(out({ ...buffer, onFull: 'latestPerKey', key: n => n % 2 })).toEqual(['0 1', '0 2', '10 -3', '10 6', '20 7', '20 complete']);
    expect(out({ ...buffer, onFull: 'fail' })).toEqual(['0 1', '0 2', '0 -1', '0 complete']);
    expect(dropped).toEqual([3, 4, 5, 5, 6, 7, 3, 4, 5, 5]);
  });

  it('has one timer, whatever waits', () => {
    new TestScheduler(() => undefined).run(({ flush }) => {
      const scheduler = new TestScheduler(() => undefined);
      const scheduled = vi.spyOn(scheduler, 'schedule');
      const subscription = range(1, 500)
        .pipe(governRate({ ...hundred, scheduler }))
        .subscribe();
      expect([scheduled.mock.calls.length, scheduler.actions.length]).toEqual([1, 1]);
      subscription.unsubscribe();
      expect(scheduler.actions).toEqual([]);
      flush();
    });
  });

  it('is a stage in the ledger: nothing is lost uncounted, whoever ends it', () => {
    const ledger = new Ledger();
    const options = { ...hundred, sizeOf: (n: number) => n, buffer: { messages: 3 }, ledger, name: 'cloud' };
    watched(() => concat(range(1, 9), NEVER).pipe(governRate(options)), shown, 15);
    expect(ledger.snapshot().stages).toEqual([
      {
        kind: 'governRate',
        name: 'cloud',
        active: 0,
        received: { messages: 9, bytes: 45 },
        emitted: { messages: 3, bytes: 1 + 2 + 7 },
        dropped: { messages: 4, bytes: 3 + 4 + 5 + 6 },
        failed: { messages: 0, bytes: 0 },
        buffered: { messages: 0, bytes: 0 },
        discarded: { messages: 2, bytes: 8 + 9 },
        peak: { messages: 3, bytes: 24 },
      },
    ]);
  });

  it('counts the value as discarded whose report of a loss made the subscriber leave', () => {
    const ledger = new Ledger();
    const options = { messagesPerSecond: 100, burst: { messages: 1 }, buffer: { messages: 1 }, ledger };
    expect(watched(() => range(1, 5).pipe(governRate(options), take(2)), shown)).toEqual(['0 1', '10 -3', '10 complete']);
    expect(ledger.snapshot().stages[0]).toMatchObject({
      received: { messages: 5 },
      emitted: { messages: 1 },
      dropped: { messages: 3 },
      discarded: { messages: 1 },
      buffered: { messages: 0 },
    });
  });

  it('feeds the next stage, and is fed by the one before, in the ledger', () => {
    const ledger = new Ledger();
    const proxy = { publish$: () => of(right({ by: 'spooler' as const })), state$: NEVER };
    watched(
      () =>
        of(1, 2).pipe(
          governRate({ ...hundred, ledger }),
          onRights(n$ => n$.pipe(publishTo(proxy, n => ({ topicName: 'n', payload: String(n), qos: QOS.AT_LEAST_ONCE }), { ledger }))),
        ),
      () => 'published',
    );
    expect(ledger.snapshot().feeds).toEqual([{ from: ['governRate'], to: 'publishTo', sent: 2, received: 2, absorbed: 0, added: 0 }]);
  });

  it('hands on an error at once and gives up what waits', () => {
    const broken = new Error('broken');
    const throws = (): never => {
      throw broken;
    };
    const failing = (source$: Observable<number>, options: GovernRateOptions<number>): string[] =>
      watched(() => source$.pipe(governRate<number>(options)), shown);
    const error = '0 Error: broken';
    expect(failing(concat(range(1, 3), throwError(() => broken)), hundred)).toEqual(['0 1', '0 2', error]); // prettier-ignore
    expect(failing(of(1), { ...hundred, sizeOf: throws })).toEqual([error]);
    expect(failing(range(1, 3), { ...hundred, mode: 'enforce', onDrop: throws })).toEqual(['0 1', '0 2', '0 -1', error]);
    expect(failing(of(1), { ...hundred, adapt: { outcome$: throwError(() => broken) } })).toEqual([error]);
    const outcome$ = of(left(new Error('full')));
    expect(failing(of(1), { ...hundred, adapt: { outcome$, isFull: throws } })).toEqual([error]);
  });

  it('keeps the order of values that come while it emits, and can be left there', () => {
    const source = new Subject<number>();
    const seen: string[] = [];
    source.pipe(governRate({ messagesPerSecond: 1_000, burst: { messages: 10 } }), take(4)).subscribe(element => {
      seen.push(shown(element));
      if (seen.length === 1) for (const n of [2, 3, 4, 5]) source.next(n);
    });
    source.next(1);
    expect([seen, source.observed]).toEqual([['1', '2', '3', '4'], false]);
  });

  it('refuses rates, shares and bursts that are none', () => {
    const refused: readonly object[] = [
      {},
      { messagesPerSecond: 0 },
      { messagesPerSecond: Infinity },
      { bytesPerSecond: 1 },
      { ...hundred, share: 0 },
      { ...hundred, share: 1.1 },
      { ...hundred, burst: { messages: 0 } },
      ...[{ decrease: 1 }, { decrease: 0 }, { increase: 0 }, { least: 2 }, { once: -1 }].map(adapt => ({
        ...hundred,
        adapt: { outcome$: NEVER, ...adapt },
      })),
    ];
    for (const options of refused) expect(() => governRate<number>(options as GovernRateOptions<number>)).toThrow(/must be|needs/);
  });
});

describe('governRate, enforcing', () => {
  it('drops what comes faster, and reports it in front of the next value or the end', () => {
    const dropped: number[] = [];
    const source$ = concat(range(1, 4), timer(12).pipe(map(() => 5)), of(6));
    const out = watched(() => source$.pipe(governRate({ ...hundred, mode: 'enforce', onDrop: n => dropped.push(n) })), shown);
    expect(out).toEqual(['0 1', '0 2', '12 -2', '12 5', '12 -1', '12 complete']);
    expect(dropped).toEqual([3, 4, 6]);
  });

  it('says in its report what to do', () => {
    let said = '';
    range(1, 3)
      .pipe(governRate({ ...hundred, mode: 'enforce' }))
      .subscribe(element => (said = element._tag === 'Left' ? `${element.left.policy}: ${element.left.message}` : said));
    expect(said).toMatch(/^enforce: More came than the rate allows, which dropped 1 message \(enforce\)\. Send less/);
  });
});

describe('governRate, adapting', () => {
  const full = new ServiceFault('message', {
    operation: 'aws.greengrass#PublishToIoTCore',
    topicName: 't',
    reason: 'SpoolFull',
    retryable: true,
    remedy: '',
    serverCode: 'ServiceError',
    serverText: '',
  });

  it('halves the rate when the spool is full, once for all that was under way, and comes back while messages are taken', () => {
    const shares: string[] = [];
    const outcome$ = new Subject<Either<unknown, unknown>>();
    const after = (milliseconds: number, outcome: Either<unknown, unknown>): void => {
      timer(milliseconds).subscribe(() => outcome$.next(outcome));
    };
    watched(
      () => {
        for (const ms of [100, 110, 150]) after(ms, left(full));
        after(1_200, left(full));
        for (const ms of [1_700, 2_200, 2_201, 9_000]) after(ms, right('taken'));
        after(9_100, left(new Error('something else')));
        // That of the stage itself, which would go slower because it is too slow.
        after(9_200, left(new Overflowed('gap', 1, 0, 'dropOldest')));
        return NEVER.pipe(
          governRate<never>({ ...hundred, adapt: { outcome$, increase: 0.1, onShare: share => shares.push(share.toFixed(4)) } }),
        );
      },
      shown,
      10_000,
    );
    expect(shares).toEqual(['0.5000', '0.2500', '0.3000', '0.3500', '0.3501', '0.4501']);
  });

  it('never goes below the least share, nor above the full rate', () => {
    const shares: number[] = [];
    const outcome$ = new Subject<Either<unknown, unknown>>();
    watched(
      () => {
        for (let s = 1; s <= 5; s++) timer(s * 1_000).subscribe(() => outcome$.next(left(full)));
        for (let s = 6; s <= 10; s++) timer(s * 1_000).subscribe(() => outcome$.next(right('taken')));
        return NEVER.pipe(
          governRate<never>({ ...hundred, adapt: { outcome$, least: 0.2, increase: 0.5, onShare: share => shares.push(share) } }),
        );
      },
      shown,
      20_000,
    );
    expect(shares).toEqual([0.5, 0.25, 0.2, 0.7, 1]);
  });

  it('sends at the share it has', () => {
    const outcome$ = new Subject<Either<unknown, unknown>>();
    const out = watched(() => {
      timer(0).subscribe(() => outcome$.next(left(full)));
      return range(1, 5).pipe(governRate({ messagesPerSecond: 100, burst: { messages: 1 }, adapt: { outcome$ } }));
    }, shown);
    expect(out).toEqual(['0 1', '20 2', '40 3', '60 4', '80 5', '80 complete']);
  });

  it('what came in before the rate went down has come in', () => {
    const outcome$ = new Subject<Either<unknown, unknown>>();
    const out = watched(() => {
      timer(5).subscribe(() => outcome$.next(left(full)));
      return range(1, 2).pipe(governRate({ messagesPerSecond: 100, burst: { messages: 1 }, adapt: { outcome$ } }));
    }, shown);
    expect(out).toEqual(['0 1', '15 2', '15 complete']);
  });

  it('in front of publishTo: hardly any message is spent on a nucleus whose spool is full, and none is lost on the way', () => {
    const refused: { readonly at: number; readonly all: number }[] = [];
    let taken = 0;
    const share: number[] = [];
    const component = (governed: boolean): void =>
      marbles(
        ({ nucleus, run, cold, scheduler }) => {
          nucleus.faults('1s f 4999ms g', { f: 'spool full', g: 'spool free' });
          const outcome$ = new Subject<Either<unknown, unknown>>();
          const adapt = governed ? { outcome$, onShare: (now: number) => share.push(now) } : undefined;
          run(
            cold(`${'a 9ms '.repeat(1_200)}|`).pipe(
              governRate({ messagesPerSecond: 100, buffer: { messages: 2_000 }, adapt }),
              onRights(value$ =>
                value$.pipe(publishTo(nucleus.proxy, payload => ({ topicName: 'readings', payload, qos: QOS.AT_LEAST_ONCE }))),
              ),
              tap(outcome => {
                if (outcome._tag === 'Right') taken++;
                else refused.push({ at: scheduler.now(), all: taken });
                outcome$.next(outcome);
              }),
            ),
          );
        },
        { expectations: 'outside' },
      )();

    component(false);
    expect([refused.length, taken]).toEqual([500, 700]);
    refused.length = taken = 0;
    component(true);
    expect(refused.length + taken).toBe(1_200);
    expect(refused.length).toBeLessThan(160);
    expect(share.slice(0, 4)).toEqual([0.5, 0.25, 0.125, 0.0625]);
    expect(share.at(-1)).toBeGreaterThan(0.9);
  });
});

describe('governRate, properties', () => {
  const arrival = fc.record({ after: fc.nat(40), size: fc.integer({ min: 0, max: 120 }) });
  const rates = fc.record({ perSecond: fc.integer({ min: 10, max: 200 }), messages: fc.integer({ min: 1, max: 5 }), bytes: fc.integer({ min: 20, max: 100 }), bytesPerSecond: fc.integer({ min: 500, max: 5_000 }) }); // prettier-ignore
  interface Passed {
    readonly at: number;
    readonly size: number;
    readonly i: number;
  }

  const passedOf = (
    arrivals: readonly { readonly after: number; readonly size: number }[],
    options: GovernRateOptions<{ size: number; i: number }>,
  ): Passed[] => {
    const passed: Passed[] = [];
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(({ flush }) => {
      from(arrivals.map(({ after, size }, i) => ({ after, size, i })))
        .pipe(
          concatMap(a => (a.after === 0 ? of(a) : of(a).pipe(delay(a.after)))),
          governRate(options),
        )
        .subscribe(e => {
          if (e._tag === 'Right') passed.push({ at: scheduler.now(), size: e.right.size, i: e.right.i });
        });
      flush();
    });
    return passed;
  };

  it('in no time do more pass than came in meanwhile and had been saved up, in messages and in bytes', () => {
    fc.assert(
      fc.property(
        fc.array(arrival, { maxLength: 40 }),
        rates,
        fc.constantFrom('shape' as const, 'enforce' as const),
        (arrivals, r, mode) => {
          const burst = { messages: r.messages, bytes: r.bytes };
          const passed = passedOf(arrivals, {
            messagesPerSecond: r.perSecond,
            bytesPerSecond: r.bytesPerSecond,
            sizeOf: a => a.size,
            burst,
            mode,
          });
          passed.forEach((first, i) => {
            let messages = 0;
            let bytes = 0;
            for (const { at, size } of passed.slice(i)) {
              const seconds = (at - first.at) / 1_000;
              expect(messages + 1).toBeLessThanOrEqual(burst.messages + r.perSecond * seconds + 1e-3);
              expect(bytes + Math.min(size, burst.bytes)).toBeLessThanOrEqual(burst.bytes + r.bytesPerSecond * seconds + 1e-3);
              messages++;
              bytes += size;
            }
          });
          if (mode === 'shape') expect(passed.map(({ i }) => i)).toEqual(arrivals.map((_, i) => i));
        },
      ),
    );
  });

  it('passes each value as early as the messages before it allow', () => {
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 40 }), rates, (arrivals, { perSecond, messages }) => {
        const passed = passedOf(arrivals, { messagesPerSecond: perSecond, burst: { messages } });
        // Naive: the generic cell rate algorithm, which knows no tokens. Each message is due one interval after the one before was; it may
        // be early by the burst.
        const interval = 1_000 / perSecond;
        let now = 0;
        let due = 0;
        const naive = arrivals.map(({ after }) => {
          now += after;
          const at = Math.max(now, due - (messages - 1) * interval);
          due = Math.max(due, at) + interval;
          return at;
        });
        expect(passed).toHaveLength(naive.length);
        passed.forEach(({ at }, i) => expect(at).toBeCloseTo(naive[i] ?? Number.NaN, 2));
      }),
    );
  });
});
