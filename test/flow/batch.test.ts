import { concat, map, NEVER, of, range, Subject, take, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { batch, Ledger } from '../../src/flow/index.js';
import { watched } from './virtual.js';

const shown = (values: readonly unknown[]): string => values.join(',');

describe('batch', () => {
  it('emits when it has enough values, and the rest at completion', () => {
    expect(watched(() => range(1, 5).pipe(batch({ messages: 2 })), shown)).toEqual(['0 1,2', '0 3,4', '0 5', '0 complete']);
  });

  it('starts its time with the first value, and again with the next batch', () => {
    const arrivals$ = concat(of(1), timer(4).pipe(map(() => 2)), timer(20).pipe(map(() => 3)), NEVER);
    expect(watched(() => arrivals$.pipe(batch({ within: 10 })), shown)).toEqual(['10 1,2', '34 3']);
  });

  it('forgets the time of a batch that was full before it was old', () => {
    const arrivals$ = concat(of(1, 2), timer(9).pipe(map(() => 3)), NEVER);
    expect(watched(() => arrivals$.pipe(batch({ messages: 2, within: 10 })), shown)).toEqual(['0 1,2', '19 3']);
  });

  it('has no timer and emits nothing while nothing comes', () => {
    expect(watched(() => NEVER.pipe(batch({ within: 10 })), shown)).toEqual([]);
  });

  it('closes a batch before the value that would make it too large', () => {
    const texts$ = of('aaaa', 'bbb', 'cccc', 'dddddddddddd', 'e');
    expect(watched(() => texts$.pipe(batch({ bytes: 8, sizeOf: text => text.length })), shown)).toEqual([
      '0 aaaa,bbb',
      '0 cccc',
      '0 dddddddddddd',
      '0 e',
      '0 complete',
    ]);
  });

  it('passes an error on at once and counts what was gathered as discarded', () => {
    const ledger = new Ledger();
    const source$ = concat(
      of(1, 2),
      throwError(() => new Error('broken')),
    );
    expect(watched(() => source$.pipe(batch({ within: 5, ledger })), shown)).toEqual(['0 Error: broken']);
    expect(ledger.snapshot().stages[0]).toMatchObject({ received: { messages: 2 }, discarded: { messages: 2 }, active: 0 });
  });

  it('ends its timer when the subscriber leaves', () => {
    const ledger = new Ledger();
    expect(watched(() => concat(of(1), NEVER).pipe(batch({ within: 50, ledger })), shown, 20)).toEqual([]);
    expect(ledger.snapshot().stages[0]).toMatchObject({ discarded: { messages: 1 }, buffered: { messages: 0 } });
  });

  it('keeps values that come while it emits', () => {
    const source = new Subject<number>();
    const seen: string[] = [];
    source.pipe(batch({ messages: 2 }), take(3)).subscribe(values => {
      seen.push(shown(values));
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
