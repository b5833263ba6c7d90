import { left } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { defer, NEVER, of, take, throwError } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { exponential, fixed, fullJitter, limited, resetAfter } from '../../src/schedule/index.js';
import { type Retry, retryErrorsWith } from '../../src/stream/retry.js';
import { marbles } from '../../src/testing/index.js';

const broken = new Error('broken');
const refused = Object.assign(new Error('refused'), { retryable: false });

describe('retryErrorsWith', () => {
  test('subscribes again after each wait, and errors with the last error when the schedule gives up', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-a-#', undefined, broken);
      expectStream(source.pipe(retryErrorsWith(pipe(exponential(3, 3), limited(2))))).toBeMarble('-a-----a-----------a-#', { '#': broken });
      expectSubscriptions(source).toBe('^--!', '------^--!', '------------------^--!');
    })();
  });

  test('completes when a later try does', () => {
    marbles(({ cold, expectStream }) => {
      const tries = [cold('-a-#'), cold('-b-|')];
      expectStream(defer(() => tries.shift() ?? NEVER).pipe(retryErrorsWith(fixed(2)))).toBeMarble('-a----b-|');
    })();
  });

  test('retries unless the error says it is not retryable, or `while` says otherwise', () => {
    marbles(({ cold, expectStream }) => {
      const once = pipe(fixed(2), limited(1));
      const failing = (error: unknown) => cold('-#', undefined, error);
      expectStream(failing('a string').pipe(retryErrorsWith(once))).toBeMarble('----#', { '#': 'a string' });
      expectStream(failing(undefined).pipe(retryErrorsWith(once))).toBeMarble('----#', { '#': 'error' });
      expectStream(failing(refused).pipe(retryErrorsWith(once))).toBeMarble('-#', { '#': refused });
      expectStream(failing(refused).pipe(retryErrorsWith(once, { while: () => true }))).toBeMarble('----#', { '#': refused });
      expectStream(failing(broken).pipe(retryErrorsWith(once, { while: error => error !== broken }))).toBeMarble('-#', { '#': broken });
    })();
  });

  test('takes Lefts for values', () => {
    marbles(({ cold, expectStream }) => {
      const values = { L: left({ kind: 'terminal', retryable: true }) };
      expectStream(cold('-L-|', values).pipe(retryErrorsWith(fixed(1)))).toBeMarble('-L-|', values);
    })();
  });

  test('a source that flaps does not begin a new series with each first element; a stable one does', () => {
    marbles(({ cold, expectStream }) => {
      const schedule = pipe(fixed(1), limited(2), resetAfter(3));
      expectStream(cold('a-#').pipe(retryErrorsWith(schedule))).toBeMarble('a--a--a-#');
      expectStream(cold('a--#').pipe(retryErrorsWith(schedule), take(5))).toBeMarble('a---a---a---a---(a|)');
    })();
  });

  test('tells onRetry of each retry', () => {
    const retries: Retry<unknown>[] = [];
    marbles(({ cold, expectStream }) => {
      const onRetry = (retry: Retry<unknown>) => retries.push(retry);
      const schedule = pipe(fixed(8), fullJitter, limited(2));
      expectStream(cold('#', undefined, broken).pipe(retryErrorsWith(schedule, { onRetry, random: () => 0.25 }))).toBeMarble('----#', {
        '#': broken,
      });
    })();
    expect(retries).toEqual([
      { error: broken, attempt: 1, delay: 2 },
      { error: broken, attempt: 2, delay: 2 },
    ]);
  });

  test.each(['while', 'onRetry', 'random'])('what %s throws comes out instead of the error', name => {
    const fail = (): never => {
      throw broken;
    };
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-#', undefined, 'the first error');
      expectStream(source.pipe(retryErrorsWith(pipe(fixed(1), fullJitter), { [name]: fail }))).toBeMarble('-#', { '#': broken });
      expectSubscriptions(source).toBe('^!');
    })();
  });

  test('unsubscribing ends the source and the wait', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-a-#');
      const retried = source.pipe(retryErrorsWith(fixed(2)));
      expectStream(retried, '^------!').toBeMarble('-a----a-');
      expectSubscriptions(source).toBe('^--!', '-----^-!');
    })();
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-a-#');
      expectStream(source.pipe(retryErrorsWith(fixed(2))), '^---!').toBeMarble('-a---');
      expectSubscriptions(source).toBe('^--!');
    })();
  });

  test('leaves no timer behind', () => {
    vi.useFakeTimers();
    try {
      const subscription = throwError(() => broken)
        .pipe(retryErrorsWith(fixed(5), { onRetry: ({ attempt }) => attempt === 2 && subscription.unsubscribe() }))
        .subscribe();
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(5);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('each subscriber has a series of its own', () => {
    marbles(({ cold, expectStream }) => {
      const retried = cold('-#').pipe(retryErrorsWith(pipe(fixed(2), limited(1))));
      expectStream(retried).toBeMarble('----#');
      expectStream(retried, '--^').toBeMarble('------#');
    })();
  });

  test('a source that errors at once does not spin, even with a wait of 0', async () => {
    let tries = 0;
    const source = defer(() => (++tries <= 200 ? throwError(() => broken) : of(tries)));
    const value = new Promise(resolve => source.pipe(retryErrorsWith(fixed(0))).subscribe(resolve));
    expect(tries).toBe(1);
    expect(await value).toBe(201);
  });
});
