import { left, right, type Either } from 'fp-ts/lib/Either.js';
import {
  concatMap,
  delay,
  EMPTY,
  filter,
  finalize,
  interval,
  last,
  map,
  merge,
  Observable,
  of,
  range,
  retry,
  Subject,
  take,
  takeUntil,
  tap,
  toArray,
} from 'rxjs';
import { describe, expect, test } from 'vitest';
import { onRights } from '../../src/stream/index.js';
import { elements, T, U } from '../kit/streams/elements.js';
import { marbles } from '../../src/testing/index.js';

const upper = map((value: string) => value.toUpperCase());

describe('onRights', () => {
  test('projects the rights and passes the lefts at the instant they come', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  -a-x-b-(cy)-|', elements);
      expectStream(source.pipe(onRights(r$ => r$.pipe(upper)))).toBeMarble('-A-x-B-(Cy)-|', elements);
      expectSubscriptions(source).toBe('^-----------!');
    })();
  });

  test('does not hold a left back behind work under way', () => {
    marbles(({ cold, expectStream }) => {
      const source = cold('  a-x-------|', elements);
      expectStream(source.pipe(onRights(r$ => r$.pipe(upper, delay(5))))).toBeMarble('--x--A----|', elements);
    })();
  });

  test('waits for the inner stream when the source completes', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  ab|', elements);
      expectStream(source.pipe(onRights(r$ => r$.pipe(concatMap(v => of(v.toUpperCase()).pipe(delay(4))))))).toBeMarble(
        '----A---(B|)',
        elements,
      );
      expectSubscriptions(source).toBe('^-!');
    })();
  });

  test('lets the inner stream finish before a terminal left, and leaves the source at once', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  ab-T--c--|', elements);
      expectStream(source.pipe(onRights(r$ => r$.pipe(upper, delay(5))))).toBeMarble('-----A(BT|)', elements);
      expectSubscriptions(source).toBe('^--!');
    })();
  });

  test('flushes what the inner stream holds before a terminal left', () => {
    const seen: unknown[] = [];
    of(elements.a, elements.b, elements.T, elements.c)
      .pipe(onRights(r$ => r$.pipe(toArray())))
      .subscribe({ next: e => seen.push(e), complete: () => seen.push('complete') });
    expect(seen).toEqual([right(['a', 'b']), left(T), 'complete']);
  });

  test('ends and leaves the source when the inner stream completes early', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  -a-b-x-|', elements);
      expectStream(source.pipe(onRights(r$ => r$.pipe(upper, take(2))))).toBeMarble('-A-(B|)', elements);
      expectSubscriptions(source).toBe('^--!');
    })();
  });

  test('never subscribes to the source when the inner stream is over before it begins', () => {
    let subscribed = false;
    const source = new Observable<Either<string, number>>(() => {
      subscribed = true;
    });
    let completed = false;
    source.pipe(onRights(() => EMPTY)).subscribe({ complete: () => (completed = true) });
    expect([subscribed, completed]).toEqual([false, true]);
  });

  test('passes eithers of the inner stream as they are, ends at a terminal one and leaves the source', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  a-b-c-|', elements);
      const stage = map((v: string) => (v === 'a' ? elements.x : v === 'b' ? right('B') : left(T)));
      expectStream(source.pipe(onRights(r$ => r$.pipe(stage)))).toBeMarble('x-B-(T|)', elements);
      expectSubscriptions(source).toBe('^---!');
    })();
  });

  test('has one terminal left only, when the inner stream ends in one of its own while flushing', () => {
    const seen: unknown[] = [];
    of(elements.a, elements.T)
      .pipe(
        onRights(r$ =>
          r$.pipe(
            toArray(),
            map(() => left(U)),
          ),
        ),
      )
      .subscribe(e => seen.push(e));
    expect(seen).toEqual([left(U)]);
  });

  test('takes results that merely look like eithers for plain values', () => {
    const seen: unknown[] = [];
    const lookAlikes = [{ _tag: 'Right' }, { _tag: 'Left' }, { _tag: 'Some', value: 1 }, null, undefined, 'Right'];
    of(right(0))
      .pipe(onRights(r$ => r$.pipe(concatMap(() => lookAlikes))))
      .subscribe(e => seen.push(e));
    expect(seen).toEqual(lookAlikes.map(value => right(value)));
  });

  test('raises a defect of the inner stream and leaves the source', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  -a-b-|', elements);
      const stage = map((v: string): string => {
        if (v === 'b') throw new Error('defect');
        return v.toUpperCase();
      });
      expectStream(source.pipe(onRights(r$ => r$.pipe(stage)))).toBeMarble('-A-#', { ...elements, '#': new Error('defect') });
      expectSubscriptions(source).toBe('^--!');
    })();
  });

  test('raises what project itself throws', () => {
    let raised: unknown;
    of(right(1))
      .pipe(
        onRights((): Observable<number> => {
          throw new Error('project');
        }),
      )
      .subscribe({ error: (e: unknown) => (raised = e) });
    expect(raised).toEqual(new Error('project'));
  });

  test("raises a defect of the source even where the inner stream retries, and drops the inner stream's", () => {
    marbles(({ cold, expectStream }) => {
      const source = cold('  -a-#', elements, 'defect');
      expectStream(source.pipe(onRights(r$ => r$.pipe(upper, delay(5), retry())))).toBeMarble('---#', { ...elements, '#': 'defect' });
    })();
  });

  test('lets the inner stream retry its own operators on the live source', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  -a-b-c-|', elements);
      const flaky = map((v: string) => {
        if (v === 'b') throw new Error('flaky');
        return v.toUpperCase();
      });
      expectStream(source.pipe(onRights(r$ => r$.pipe(flaky, retry())))).toBeMarble('-A---C-|', elements);
      expectSubscriptions(source).toBe('^------!');
    })();
  });

  test('is left at any moment without flushing or leaking', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  -a-b-c-|', elements);
      const inner: string[] = [];
      const out = source.pipe(
        onRights(r$ =>
          r$.pipe(
            toArray(),
            tap(() => inner.push('flushed')),
            finalize(() => inner.push('finalized')),
          ),
        ),
      );
      expectStream(out, '^---!').toBeMarble('-----', elements);
      expectSubscriptions(source).toBe('^---!');
      setTimeout(() => {
        expect(inner).toEqual(['finalized']);
      });
    })();
  });

  test('stops a source that emits while being subscribed to', () => {
    let produced = 0;
    const firehose = range(0, 1_000_000).pipe(
      tap(() => (produced += 1)),
      map(n => (n === 3 ? left(n) : right(n))),
    );
    const seen: unknown[] = [];
    firehose
      .pipe(
        onRights(r$ => r$.pipe(map(n => n * 2))),
        take(5),
      )
      .subscribe(e => seen.push(e));
    expect(seen).toEqual([right(0), right(2), right(4), left(3), right(8)]);
    expect(produced).toBe(5);
  });

  test('keeps the order of a source that is fed by what comes out', () => {
    const source = new Subject<Either<string, number>>();
    const seen: unknown[] = [];
    source.pipe(onRights(r$ => r$.pipe(map(n => n * 10)))).subscribe(e => {
      seen.push(e);
      if (e._tag === 'Right' && e.right === 10) {
        source.next(left('in between'));
        source.next(right(2));
        source.complete();
      }
    });
    source.next(right(1));
    expect(seen).toEqual([right(10), left('in between'), right(20)]);
    expect(source.observed).toBe(false);
  });

  test('survives being left from inside its own result', () => {
    const source = new Subject<Either<string, number>>();
    const seen: unknown[] = [];
    const subscription = source.pipe(onRights(r$ => r$.pipe(map(n => n * 10)))).subscribe(e => {
      seen.push(e);
      subscription.unsubscribe();
    });
    source.next(right(1));
    source.next(right(2));
    expect(seen).toEqual([right(10)]);
    expect(source.observed).toBe(false);
  });

  test('shares one source among several uses of the rights', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold('  -a-b-|', elements);
      const out = source.pipe(onRights(r$ => merge(r$.pipe(filter(v => v === 'a'), upper), r$.pipe(filter(v => v === 'b'), upper)))); // prettier-ignore
      expectStream(out).toBeMarble('-A-B-|', elements);
      expectSubscriptions(source).toBe('^----!');
    })();
  });

  test('a side input that never ends keeps a terminal left waiting, and one that ends with the rights does not', () => {
    marbles(({ cold, expectStream }) => {
      const source = cold('  -----T', elements);
      const side = interval(2).pipe(map(() => 'a'));
      expectStream(source.pipe(onRights(r$ => merge(r$, side))), '^---------!').toBeMarble('--a-a-a-a-', elements);
      const ended = onRights((r$: Observable<string>) => merge(r$, side.pipe(takeUntil(r$.pipe(last(null, null))))));
      expectStream(source.pipe(ended), '^---------!').toBeMarble('--a-a(T|)', elements);
    })();
  });

  describe('gap$', () => {
    const gapX = { kind: 'gap' as const, _tag: 'GapX' as const };
    const withGap = { ...elements, g: left(gapX) };

    test('emits each gap where it is: after the values before it, before it passes, before the next value', () => {
      const order: string[] = [];
      of(withGap.a, withGap.g, withGap.b, withGap.x, withGap.g)
        .pipe(
          onRights(
            (value$, gap$) =>
            merge(value$, gap$.pipe(tap({ next: gap => order.push(`gap$ ${gap._tag}`), complete: () => order.push('gap$ complete') }), filter((_): _ is never => false))), // prettier-ignore
          ),
        )
        .subscribe(e => order.push(e._tag === 'Right' ? e.right : e.left._tag));
      expect(order).toEqual(['a', 'gap$ GapX', 'GapX', 'b', 'X', 'gap$ GapX', 'GapX', 'gap$ complete']);
    });

    test('comes at the instant of the gap, and lets it pass in its place', () => {
      marbles(({ cold, expectStream }) => {
        const source = cold('  -a-g----x-b-T', withGap);
        const out = source.pipe(onRights((value$, gap$) => merge(value$, gap$.pipe(map(gap => `reset at ${gap._tag}`)))));
        expectStream(out).toBeMarble('-a-(Rg)-x-b-(T|)', { ...withGap, R: right('reset at GapX') });
      })();
    });

    test('of a terminal left it says nothing, and it ends with the source', () => {
      const seen: unknown[] = [];
      of(withGap.a, withGap.T)
        .pipe(onRights((value$, gap$) => merge(value$, gap$.pipe(toArray()))))
        .subscribe(e => seen.push(e));
      expect(seen).toEqual([right('a'), right([]), left(T)]);
    });
  });
});
