import { concat, NEVER, of, range, Subject, take, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { batch, Ledger } from '../../src/flow/index.js';
import { marbles } from '../../src/testing/index.js';

describe('batch', () => {
  it(
    'emits when it has enough values, and the rest at completion',
    marbles(({ expectStream }) => {
      expectStream(range(1, 5).pipe(batch({ messages: 2 }))).toBeMarble('(abc|)', { a: [1, 2], b: [3, 4], c: [5] });
    }),
  );

  it(
    'starts its time with the first value, and again with the next batch',
    marbles(({ hot, expectStream }) => {
      const arrivals$ = hot('1---2 19ms 3');
      expectStream(arrivals$.pipe(batch({ within: 10 }))).toBeMarble('10ms a 23ms b', { a: ['1', '2'], b: ['3'] });
    }),
  );

  it(
    'forgets the time of a batch that was full before it was old',
    marbles(({ hot, expectStream }) => {
      const arrivals$ = hot('(12) 5ms 3');
      expectStream(arrivals$.pipe(batch({ messages: 2, within: 10 }))).toBeMarble('a 18ms b', { a: ['1', '2'], b: ['3'] });
    }),
  );

  it(
    'has no timer and emits nothing while nothing comes',
    marbles(({ expectStream }) => {
      expectStream(NEVER.pipe(batch({ within: 10 }))).toBeMarble('');
    }),
  );

  it('refuses a time that is none, waits no shorter for one that no timer can wait, and refuses a size that is none', () => {
    for (const within of [-1, Number.NaN]) expect(() => of(1).pipe(batch({ within }))).toThrow('within');
    for (const [within, emitted] of [
      [30 * 86_400_000, [30 * 86_400_000]],
      [Infinity, []],
    ] as const) {
      const times: number[] = [];
      const scheduler = new VirtualTimeScheduler();
      concat(of(1), NEVER)
        .pipe(batch({ within, scheduler }))
        .subscribe(() => times.push(scheduler.now()));
      for (const { delay } of scheduler.actions) expect(delay).toBe(2 ** 31 - 1);
      scheduler.flush();
      expect(times).toEqual(emitted);
    }
    for (const size of [Number.NaN, Infinity, -1]) {
      const errors: unknown[] = [];
      of(1)
        .pipe(batch({ bytes: 10, sizeOf: () => size }))
        .subscribe({ error: (error: unknown) => errors.push(error) });
      expect(errors).toEqual([new RangeError(`sizeOf must give a number of bytes from 0 on, and gave ${size}.`)]);
    }
  });

  it(
    'closes a batch before the value that would make it too large',
    marbles(({ expectStream }) => {
      const texts$ = of('aaaa', 'bbb', 'cccc', 'dddddddddddd', 'e');
      expectStream(texts$.pipe(batch({ bytes: 8, sizeOf: text => text.length }))).toBeMarble('(abcd|)', {
        a: ['aaaa', 'bbb'],
        b: ['cccc'],
        c: ['dddddddddddd'],
        d: ['e'],
      });
    }),
  );

  it('passes an error on at once and counts what was gathered as discarded', () => {
    const ledger = new Ledger();
    marbles(({ cold, expectStream }) => {
      const source$ = cold('(12#)', undefined, new Error('broken'));
      expectStream(source$.pipe(batch({ within: 5, ledger }))).toBeMarble('#', { '#': new Error('broken') });
    })();
    expect(ledger.snapshot().stages[0]).toMatchObject({ received: { messages: 2 }, discarded: { messages: 2 }, active: 0 });
  });

  it('ends its timer when the subscriber leaves', () => {
    const ledger = new Ledger();
    marbles(({ cold, expectStream }) => {
      expectStream(cold('1').pipe(batch({ within: 50, ledger })), '^ 19ms !').toBeMarble('');
    })();
    expect(ledger.snapshot().stages[0]).toMatchObject({ discarded: { messages: 1 }, buffered: { messages: 0 } });
  });

  it('keeps values that come while it emits', () => {
    const source = new Subject<number>();
    const seen: string[] = [];
    source.pipe(batch({ messages: 2 }), take(3)).subscribe(values => {
      seen.push(values.join());
      if (values[0] === 1) for (const value of [3, 4, 5]) source.next(value);
    });
    for (const value of [1, 2, 6]) source.next(value);
    expect(seen).toEqual(['1,2', '3,4', '5,6']);
  });

  it('refuses bytes without sizeOf, and batches of nothing', () => {
    expect(() => of(1).pipe(batch({ bytes: 10 }))).toThrow(TypeError);
    expect(() => of(1).pipe(batch({ messages: 0 }))).toThrow(RangeError);
  });
});
