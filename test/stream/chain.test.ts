import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import { concat, lastValueFrom, of, range, take, tap, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import * as OE from '../../src/stream/index.js';
import { elements, T } from '../kit/streams/elements.js';
import { marbles } from '../../src/testing/index.js';

type Element = Either<{ readonly _tag: string }, string>;

describe('chain', () => {
  test('runs one stream after the other, and keeps errors of the source in line', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('axb--|', elements);
      const inner = cold<Element>(' -A-B|', elements);
      expectStream(source.pipe(OE.chain(() => inner))).toBeMarble('-A-BxA-B|', elements);
      expectSubscriptions(source).toBe('^----!');
      expectSubscriptions(inner).toBe('^---!', '----^---!');
    })();
  });

  test('ends at a terminal error of one of the streams: nothing else begins, and the source is left', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('ab---|', elements);
      const inner = cold<Element>(' -AT', elements);
      expectStream(source.pipe(OE.chain(() => inner))).toBeMarble('-A(T|)', elements);
      expectSubscriptions(source).toBe('^-!');
      expectSubscriptions(inner).toBe('^-!');
    })();
  });

  test('lets the results before a terminal error of the source finish', () => {
    marbles(({ cold, expectStream }) => {
      expectStream(cold<Element>('aT', elements).pipe(OE.chain(() => cold<Element>('-A-B|', elements)))).toBeMarble('-A-B(T|)', elements);
    })();
  });

  test('raises what the callback throws', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('-a-b|', elements);
      const boom = (): OE.ObservableEither<never, string> => {
        throw new Error('boom');
      };
      expectStream(source.pipe(OE.chainW(boom))).toBeMarble('-#', { ...elements, '#': new Error('boom') });
      expectSubscriptions(source).toBe('^!');
    })();
  });

  test('chainFirst keeps the result and passes the errors of the step', async () => {
    const run = pipe(
      OE.fromObservable(range(1, 3)),
      OE.chainFirstW(n => (n === 2 ? OE.left('even') : OE.right('ignored'))),
    );
    expect(await lastValueFrom(run.pipe(toArray()))).toEqual([right(1), left('even'), right(3)]);
  });

  test('chainEitherK ends at a terminal error', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('ab-c', elements);
      const step = OE.chainEitherKW((v: string) => (v === 'a' ? right('A') : left(T)));
      expectStream(source.pipe(step)).toBeMarble('A(T|)', elements);
      expectSubscriptions(source).toBe('^!');
    })();
  });

  test('chainTaskEitherK runs a task at a time', async () => {
    const order: string[] = [];
    const task =
      (n: number): TE.TaskEither<string, number> =>
      async () => {
        order.push(`begin ${n}`);
        await Promise.resolve();
        order.push(`end ${n}`);
        return n === 2 ? left('two') : right(n);
      };
    const run = pipe(OE.fromObservable(range(1, 2)), OE.chainTaskEitherKW(task));
    expect(await lastValueFrom(run.pipe(toArray()))).toEqual([right(1), left('two')]);
    expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
  });
});

describe('chainMerge', () => {
  test('runs the streams together and passes errors of the source at once', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('axb---T', elements);
      const inner = cold<Element>(' --A|', elements);
      expectStream(source.pipe(OE.chainMerge(() => inner))).toBeMarble('-xA-A-(T|)', elements);
      expectSubscriptions(source).toBe('^-----!');
      expectSubscriptions(inner).toBe('^--!', '--^--!');
    })();
  });

  test('lets what runs finish before a terminal error of the source', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('aT', elements);
      expectStream(source.pipe(OE.chainMerge(() => cold<Element>('--A|', elements)))).toBeMarble('--A(T|)', elements);
      expectSubscriptions(source).toBe('^!');
    })();
  });

  test('ends all at a terminal error of one of the streams', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>(' ab----|', elements);
      const failing = cold<Element>('---T', elements);
      const other = cold<Element>('  -----B|', elements);
      expectStream(source.pipe(OE.chainMerge(v => (v === 'a' ? failing : other)))).toBeMarble('---(T|)', elements);
      expectSubscriptions(source).toBe('^--!');
      expectSubscriptions(other).toBe(' -^-!');
    })();
  });
});

describe('chainSwitch', () => {
  test('leaves a stream for the next result, not for an error', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('ab---x|', elements);
      const inner = cold<Element>(' --A--|', elements);
      expectStream(source.pipe(OE.chainSwitch(() => inner))).toBeMarble('---A-x|', elements);
      expectSubscriptions(inner).toBe('^!', '-^----!');
    })();
  });
});

describe('chainExhaust', () => {
  test('drops results while a stream runs, and never an error', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('abx--c-|', elements);
      const inner = cold<Element>(' ---A|', elements);
      expectStream(source.pipe(OE.chainExhaust(() => inner))).toBeMarble('--xA----A|', elements);
      expectSubscriptions(inner).toBe('^---!', '-----^---!');
    })();
  });
});

describe('endAtTerminal', () => {
  test('leaves a source that goes on after its terminal error', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('ax-T-b|', elements);
      expectStream(source.pipe(OE.endAtTerminal())).toBeMarble('ax-(T|)', elements);
      expectSubscriptions(source).toBe('^--!');
    })();
  });
});

describe('Do notation', () => {
  test('gives every combination of results its names, in order, and errors their place', async () => {
    const run = pipe(
      OE.Do,
      OE.apS('n', concat(OE.fromObservable(range(1, 2)))),
      OE.bindW('half', ({ n }) => (n === 1 ? OE.left('odd') : OE.right(n / 2))),
      OE.let('text', ({ n, half }) => `${n}/${half}`),
    );
    expect(await lastValueFrom(run.pipe(toArray()))).toEqual([left('odd'), right({ n: 2, half: 1, text: '2/1' })]);
    expect(await lastValueFrom(pipe(OE.right(1), OE.bindTo('n')))).toEqual(right({ n: 1 }));
  });

  test('stops a synchronous source as soon as nobody listens', () => {
    let produced = 0;
    const source = OE.fromObservable(range(0, 1_000_000).pipe(tap(() => (produced += 1))));
    pipe(source, OE.bindTo('n'), OE.bindW('m', ({ n }) => of(right(n)))).pipe(take(2)).subscribe(); // prettier-ignore
    expect(produced).toBe(2);
  });
});
