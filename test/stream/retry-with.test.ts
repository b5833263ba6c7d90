import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { asapScheduler, asyncScheduler, concat, defer, NEVER, Observable, of, queueScheduler, take, type SchedulerLike } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { budgeted, exponential, fixed, fullJitter, limited, resetAfter } from '../../src/schedule/index.js';
import { type Retry, retryWith } from '../../src/stream/retry.js';
import { marbles } from '../../src/testing/index.js';

interface Problem {
  readonly kind: 'message' | 'gap' | 'terminal';
  readonly retryable?: boolean;
}
const down: Problem = { kind: 'terminal', retryable: true };
const elements: Record<string, Either<Problem, string>> = {
  a: right('a'),
  b: right('b'),
  D: left(down),
  R: left({ kind: 'terminal', retryable: false }),
  S: left({ kind: 'terminal' }),
  M: left({ kind: 'message', retryable: true }),
  N: left({ kind: 'message', retryable: false }),
  G: left({ kind: 'gap', retryable: true }),
};

describe('retryWith', () => {
  test('subscribes again after each wait, keeps the Lefts to itself, and passes the last one when the schedule gives up', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-a-(D|)', elements);
      expectStream(source.pipe(retryWith(pipe(exponential(3, 3), limited(2))))).toBeMarble('-a-----a-----------a-(D|)', elements);
      expectSubscriptions(source).toBe('^--!', '------^--!', '------------------^--!');
    })();
  });

  test('completes when a later try does', () => {
    marbles(({ cold, expectStream }) => {
      const tries = [cold('-a-(D|)', elements), cold('-b-|', elements)];
      const source = defer(() => tries.shift() ?? NEVER);
      expectStream(source.pipe(retryWith(fixed(2)))).toBeMarble('-a----b-|', elements);
    })();
  });

  test('lets go of the source at the Left, before the wait, even where it goes on', () => {
    marbles(({ hot, expectStream, expectSubscriptions }) => {
      const source = hot('-a-D-a-b-R-b-', elements);
      expectStream(source.pipe(retryWith(fixed(3)))).toBeMarble('-a-----b-(R|)', elements);
      expectSubscriptions(source).toBe('^--!', '------^--!');
    })();
  });

  test('passes what is not worth a retry, without asking the schedule', () => {
    const delay = vi.fn(() => 1);
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-a-(R|)', elements);
      expectStream(source.pipe(retryWith({ delay, resetAfter: undefined }))).toBeMarble('-a-(R|)', elements);
      expectSubscriptions(source).toBe('^--!');
    })();
    expect(delay).not.toHaveBeenCalled();
  });

  test('retries an error that does not say whether it is retryable', () => {
    marbles(({ cold, expectStream }) => {
      expectStream(cold('-(S|)', elements).pipe(retryWith(pipe(fixed(2), limited(1))))).toBeMarble('----(S|)', elements);
    })();
  });

  test('asks `while` instead of the error where it is given', () => {
    marbles(({ cold, expectStream }) => {
      const once = pipe(fixed(2), limited(1));
      expectStream(cold('-(R|)', elements).pipe(retryWith(once, { while: () => true }))).toBeMarble('----(R|)', elements);
      expectStream(cold('-(D|)', elements).pipe(retryWith(once, { while: error => error !== down }))).toBeMarble('-(D|)', elements);
    })();
  });

  test('lets the Lefts pass behind which the stream goes on', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-M-G-N-a|', elements);
      expectStream(source.pipe(retryWith(fixed(1)))).toBeMarble('-M-G-N-a|', elements);
      expectSubscriptions(source).toBe('^-------!');
    })();
  });

  describe("with lefts: 'all'", () => {
    test('retries the Left of a stream that gives one answer', () => {
      marbles(({ cold, expectStream, expectSubscriptions }) => {
        const tries = [cold('-(M|)', elements), cold('-(M|)', elements), cold('-(a|)', elements)];
        let subscribed = 0;
        const source = defer(() => tries[subscribed++] ?? NEVER);
        expectStream(source.pipe(retryWith(fixed(2), { lefts: 'all' }))).toBeMarble('-------(a|)', elements);
        for (const [index, attempt] of tries.entries()) expectSubscriptions(attempt).toBe(`${'---'.repeat(index)}^!`);
      })();
    });

    test('passes one that is not worth it, and the last one of the schedule', () => {
      marbles(({ cold, expectStream }) => {
        const options = { lefts: 'all' } as const;
        expectStream(cold('-(N|)', elements).pipe(retryWith(fixed(2), options))).toBeMarble('-(N|)', elements);
        expectStream(cold('-(M|)', elements).pipe(retryWith(pipe(fixed(2), limited(1)), options))).toBeMarble('----(M|)', elements);
      })();
    });
  });

  test('a source that flaps does not begin a new series with each first element', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('a-(D|)', elements);
      expectStream(source.pipe(retryWith(pipe(fixed(1), limited(3), resetAfter(3))))).toBeMarble('a--a--a--a-(D|)', elements);
      expectSubscriptions(source).toBe('^-!', '---^-!', '------^-!', '---------^-!');
    })();
  });

  test('begins a new series after the stable time, and not a millisecond before', () => {
    marbles(({ cold, expectStream }) => {
      const endless = pipe(exponential(1, 4), limited(2), resetAfter(5));
      const unstable = cold('a 3ms D', elements);
      // Tries of 4 ms: waits of 1 and 4, then it is over.
      expectStream(unstable.pipe(retryWith(endless))).toBeMarble('a 4ms a 7ms a 3ms (D|)', elements);
      const stable = cold('a 4ms D', elements);
      // Tries of 5 ms: always the first wait.
      expectStream(stable.pipe(retryWith(endless), take(5))).toBeMarble('a 5ms a 5ms a 5ms a 5ms (a|)', elements);
    })();
  });

  test('the budget counts tries and waits', () => {
    marbles(({ cold, expectStream }) => {
      const source = cold('a--(D|)', elements);
      // Fails at 3, 8, 13; the next try would begin at 15, which is 12 after the first failure.
      expectStream(source.pipe(retryWith(pipe(fixed(2), budgeted(11))))).toBeMarble('a----a----a--(D|)', elements);
    })();
  });

  test('tells onRetry of each retry, and of nothing else', () => {
    const retries: Retry<Problem>[] = [];
    marbles(({ cold, expectStream }) => {
      const options = { onRetry: (retry: Retry<Problem>) => retries.push(retry), random: () => 0.5 };
      const source = cold('M(D|)', elements);
      expectStream(source.pipe(retryWith(pipe(exponential(4), fullJitter, limited(2)), options))).toBeMarble('M--M----M(D|)', elements);
    })();
    expect(retries).toEqual([
      { error: down, attempt: 1, delay: 2 },
      { error: down, attempt: 2, delay: 4 },
    ]);
  });

  test('every subscriber has a series of its own, and so has a second subscription', () => {
    marbles(({ cold, expectStream }) => {
      const retried = cold('(D|)', elements).pipe(retryWith(pipe(fixed(2), limited(1))));
      expectStream(retried).toBeMarble('--(D|)', elements);
      expectStream(retried, '-^').toBeMarble('---(D|)', elements);
      expectStream(concat(retried, retried)).toBeMarble('--D-(D|)', elements);
    })();
  });

  test('unsubscribing ends the source while it is subscribed to', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-a-(D|)', elements);
      expectStream(source.pipe(retryWith(fixed(2))), '^------!').toBeMarble('-a----a-', elements);
      expectSubscriptions(source).toBe('^--!', '-----^-!');
    })();
  });

  test('unsubscribing ends the wait', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-a-(D|)', elements);
      expectStream(source.pipe(retryWith(fixed(2))), '^---!').toBeMarble('-a---', elements);
      expectSubscriptions(source).toBe('^--!');
    })();
  });

  test('unsubscribing inside onRetry, or at an element, leaves no timer', () => {
    vi.useFakeTimers();
    try {
      const subscription = of(elements['D'] ?? left(down))
        .pipe(retryWith(fixed(5), { onRetry: ({ attempt }) => attempt === 2 && subscription.unsubscribe() }))
        .subscribe();
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(5);
      expect(vi.getTimerCount()).toBe(0);
      of(right('a'), left(down))
        .pipe(retryWith(fixed(5)), take(1))
        .subscribe();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a defect of the source passes at once and is not retried', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('-a-#', elements, { retryable: true });
      expectStream(source.pipe(retryWith(fixed(1)))).toBeMarble('-a-#', { ...elements, '#': { retryable: true } });
      expectSubscriptions(source).toBe('^--!');
    })();
  });

  test.each<readonly [string, Parameters<typeof retryWith>]>([
    ['while', [fixed(1), { while: () => fail() }]],
    ['onRetry', [fixed(1), { onRetry: () => fail() }]],
    ['random', [pipe(fixed(1), fullJitter), { random: () => fail() }]],
    ['the schedule', [{ delay: () => fail(), resetAfter: undefined }]],
  ])('what %s throws comes out as an error, and the source is let go of', (_, [schedule, options]) => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Either<unknown, string>>('-a-D-a', elements);
      expectStream(source.pipe(retryWith(schedule, options))).toBeMarble('-a-#', { ...elements, '#': defect });
      expectSubscriptions(source).toBe('^--!');
    })();
  });

  test('a wait that is no number comes out as an error', () => {
    const errors: unknown[] = [];
    of(left(down))
      .pipe(retryWith({ delay: () => NaN, resetAfter: undefined }))
      .subscribe({ error: error => errors.push(error) });
    expect(errors).toEqual([expect.any(RangeError)]);
  });

  test('a wait of 0 still goes through the scheduler', () => {
    marbles(({ expectStream }) => {
      const order: string[] = [];
      let tries = 0;
      const source = defer(() => {
        order.push(`try ${++tries}`);
        return of(tries < 3 ? left(down) : right(order));
      });
      const result = source.pipe(retryWith(fixed(0)));
      const after = defer(() => {
        order.push('after');
        return NEVER;
      });
      expectStream(result).toBeMarble('(o|)', { o: right(order) });
      expectStream(after).toBeMarble('');
      asyncScheduler.schedule(() => {
        expect(order).toEqual(['try 1', 'after', 'try 2', 'try 3']);
      }, 1);
    })();
  });

  test.each<readonly [string, SchedulerLike | undefined, number]>([
    ['asyncScheduler', undefined, 300],
    ['asapScheduler', asapScheduler, 20_000],
    ['queueScheduler', queueScheduler, 20_000],
  ])('a source that fails at once, again and again, does not grow the stack on %s', async (_, scheduler, failures) => {
    let tries = 0;
    const source = defer(() => of<Either<Problem, number>>(++tries <= failures ? left(down) : right(tries)));
    const depths = new Set<number>();
    const random = () => {
      if (tries % 100 === 0) depths.add(depth());
      return 0;
    };
    const value = await new Promise(resolve =>
      source.pipe(retryWith(pipe(fixed(0), fullJitter), { scheduler, random })).subscribe(resolve),
    );
    expect(value).toEqual(right(failures + 1));
    expect(depths.size).toBeLessThanOrEqual(2);
  });

  test('a synchronous source without an end is let go of at its terminal Left', () => {
    let emitted = 0;
    marbles(({ expectStream }) => {
      const endless = new Observable<Either<Problem, number>>(subscriber => {
        while (!subscriber.closed && emitted < 1_000) subscriber.next(++emitted % 2 === 0 ? left(down) : right(emitted));
      });
      const values = { a: right(1), b: right(3), D: left(down) };
      expectStream(endless.pipe(retryWith(pipe(fixed(2), limited(1))))).toBeMarble('a-(bD|)', values);
    })();
    expect(emitted).toBe(4);
  });
});

const defect = new Error('a defect');
function fail(): never {
  throw defect;
}

function depth(): number {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Infinity;
  const frames = new Error().stack?.split('\n').length ?? 0;
  Error.stackTraceLimit = limit;
  return frames;
}
