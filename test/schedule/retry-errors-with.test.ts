import { left } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { defer, NEVER, of, take, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test, vi } from 'vitest';
import { exponential, fixed, fullJitter, limited, resetAfter, type Retry, retryErrorsWith } from '../../src/schedule/index.js';

const virtually = (body: Parameters<TestScheduler['run']>[0]) => {
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  }).run(body);
};

const broken = new Error('broken');
const refused = Object.assign(new Error('refused'), { retryable: false });

describe('retryErrorsWith', () => {
  test('subscribes again after each wait, and errors with the last error when the schedule gives up', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a-#', undefined, broken);
      expectObservable(source.pipe(retryErrorsWith(pipe(exponential(3, 3), limited(2))))).toBe('-a-----a-----------a-#', undefined, broken);
      expectSubscriptions(source.subscriptions).toBe(['^--!', '------^--!', '------------------^--!']);
    });
  });

  test('completes when a later try does', () => {
    virtually(({ cold, expectObservable }) => {
      const tries = [cold('-a-#'), cold('-b-|')];
      expectObservable(defer(() => tries.shift() ?? NEVER).pipe(retryErrorsWith(fixed(2)))).toBe('-a----b-|');
    });
  });

  test('retries unless the error says it is not retryable, or `while` says otherwise', () => {
    virtually(({ cold, expectObservable }) => {
      const once = pipe(fixed(2), limited(1));
      const failing = (error: unknown) => cold('-#', undefined, error);
      expectObservable(failing('a string').pipe(retryErrorsWith(once))).toBe('----#', undefined, 'a string');
      expectObservable(failing(undefined).pipe(retryErrorsWith(once))).toBe('----#', undefined, undefined);
      expectObservable(failing(refused).pipe(retryErrorsWith(once))).toBe('-#', undefined, refused);
      expectObservable(failing(refused).pipe(retryErrorsWith(once, { while: () => true }))).toBe('----#', undefined, refused);
      expectObservable(failing(broken).pipe(retryErrorsWith(once, { while: error => error !== broken }))).toBe('-#', undefined, broken);
    });
  });

  test('takes Lefts for values', () => {
    virtually(({ cold, expectObservable }) => {
      const values = { L: left({ kind: 'terminal', retryable: true }) };
      expectObservable(cold('-L-|', values).pipe(retryErrorsWith(fixed(1)))).toBe('-L-|', values);
    });
  });

  test('a source that flaps does not begin a new series with each first element; a stable one does', () => {
    virtually(({ cold, expectObservable }) => {
      const schedule = pipe(fixed(1), limited(2), resetAfter(3));
      expectObservable(cold('a-#').pipe(retryErrorsWith(schedule))).toBe('a--a--a-#');
      expectObservable(cold('a--#').pipe(retryErrorsWith(schedule), take(5))).toBe('a---a---a---a---(a|)');
    });
  });

  test('tells onRetry of each retry', () => {
    const retries: Retry<unknown>[] = [];
    virtually(({ cold, expectObservable }) => {
      const onRetry = (retry: Retry<unknown>) => retries.push(retry);
      const schedule = pipe(fixed(8), fullJitter, limited(2));
      expectObservable(cold('#', undefined, broken).pipe(retryErrorsWith(schedule, { onRetry, random: () => 0.25 }))).toBe(
        '----#',
        undefined,
        broken,
      );
    });
    expect(retries).toEqual([
      { error: broken, attempt: 1, delayMilliseconds: 2 },
      { error: broken, attempt: 2, delayMilliseconds: 2 },
    ]);
  });

  test.each(['while', 'onRetry', 'random'])('what %s throws comes out instead of the error', name => {
    const fail = (): never => {
      throw broken;
    };
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-#', undefined, 'the first error');
      expectObservable(source.pipe(retryErrorsWith(pipe(fixed(1), fullJitter), { [name]: fail }))).toBe('-#', undefined, broken);
      expectSubscriptions(source.subscriptions).toBe('^!');
    });
  });

  test('unsubscribing ends the source and the wait', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a-#');
      const retried = source.pipe(retryErrorsWith(fixed(2)));
      expectObservable(retried, '^------!').toBe('-a----a-');
      expectSubscriptions(source.subscriptions).toBe(['^--!', '-----^-!']);
    });
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a-#');
      expectObservable(source.pipe(retryErrorsWith(fixed(2))), '^---!').toBe('-a---');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
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
    virtually(({ cold, expectObservable }) => {
      const retried = cold('-#').pipe(retryErrorsWith(pipe(fixed(2), limited(1))));
      expectObservable(retried).toBe('----#');
      expectObservable(retried, '--^').toBe('------#');
    });
  });

  test('a source that errors at once does not spin, even with a wait of 0', async () => {
    let tries = 0;
    const source = defer(() => (++tries <= 200 ? throwError(() => broken) : of(tries)));
    const value = new Promise(resolve => source.pipe(retryErrorsWith(fixed(0))).subscribe(resolve));
    expect(tries).toBe(1);
    expect(await value).toBe(201);
  });
});
