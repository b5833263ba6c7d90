import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import { EMPTY, NEVER, type Observable, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import * as OE from '../../src/stream/index.js';
import { absorbKinds, absorbTags, catchTag, catchTags, matchKinds, matchTags, orElse, orElseW } from '../../src/stream/index.js';
import { elements, T, type U } from '../kit/streams/elements.js';
import { marbles } from '../../src/testing/index.js';

type Failed = { readonly _tag: 'X' } | { readonly _tag: 'Y' } | typeof T | typeof U;
type Element = Either<Failed, string>;

const collect = <T>(source: Observable<T>): (T | 'complete')[] => {
  const seen: (T | 'complete')[] = [];
  source.subscribe({ next: value => seen.push(value), complete: () => seen.push('complete') });
  return seen;
};

describe('catchTag', () => {
  test('merges the stream of a handler in, while everything else passes at once', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>(' a-x-b-y-|', elements);
      const handled = cold<Element>('  ---A|', elements);
      expectStream(source.pipe(catchTag('X', () => handled))).toBeMarble('a---bAy-|', elements);
      expectSubscriptions(source).toBe('  ^-------!');
      expectSubscriptions(handled).toBe(' --^---!');
    })();
  });

  test('puts what is synchronous exactly in the place of the error', () => {
    const source = of<Element[]>(elements.a, elements.x, elements.b, elements.x);
    expect(collect(source.pipe(catchTag('X', () => of(right('A'), right('B')))))).toEqual([
      ...[right('a'), right('A'), right('B'), right('b'), right('A'), right('B')],
      'complete',
    ]);
  });

  test('goes on with the stream of a handler where the source has ended in a terminal error', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('a-(T|)', elements);
      expectStream(source.pipe(catchTag('T', () => cold<Element>('-A|', elements)))).toBeMarble('a--A|', elements);
      expectSubscriptions(source).toBe('^-!');
    })();
  });

  test('lets the streams of handlers finish before a terminal error that nobody caught', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('xT', elements);
      expectStream(source.pipe(catchTag('X', () => cold<Element>('--A|', elements)))).toBeMarble('--A(T|)', elements);
      expectSubscriptions(source).toBe('^!');
    })();
  });

  test('ends at a terminal error of a handler', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('x---a|', elements);
      expectStream(source.pipe(catchTag('X', () => cold<Element>('-U', elements)))).toBeMarble('-(U|)', elements);
      expectSubscriptions(source).toBe('^!');
    })();
  });

  test('raises what a handler throws and leaves the source', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const source = cold<Element>('a-x-b|', elements);
      const boom = (): Observable<never> => {
        throw new Error('boom');
      };
      expectStream(source.pipe(catchTag('X', boom))).toBeMarble('a-#', { ...elements, '#': new Error('boom') });
      expectSubscriptions(source).toBe('^-!');
    })();
  });

  test('runs the streams of several errors at the same time', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const handled = cold<Element>('---A|', elements);
      expectStream(cold<Element>('x-x|', elements).pipe(catchTag('X', () => handled))).toBeMarble('---A-A|', elements);
      expectSubscriptions(handled).toBe('^---!', '--^---!');
    })();
  });

  test('leaves the streams of handlers when it is left', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const handled = cold<Element>('----A|', elements);
      expectStream(cold<Element>('x-------', elements).pipe(catchTag('X', () => handled)), '^--!').toBeMarble('----', elements);
      expectSubscriptions(handled).toBe('^--!');
    })();
  });
});

describe('catchTags and absorbTags', () => {
  test('give each tag its handler', () => {
    const source = of<Element[]>(elements.x, elements.y, elements.a, elements.T);
    expect(collect(source.pipe(catchTags({ X: e => of(right(e._tag)), T: () => of(right('over')) })))).toEqual([
      ...[right('X'), left({ _tag: 'Y' }), right('a'), right('over')],
      'complete',
    ]);
    const all = absorbTags<Element, Record<Failed['_tag'], () => typeof EMPTY>>({
      X: () => EMPTY,
      Y: () => EMPTY,
      T: () => EMPTY,
      U: () => EMPTY,
    });
    expect(collect(source.pipe(all))).toEqual([right('a'), 'complete']);
  });

  test('take a tag that is data for data', () => {
    const odd = of(left({ _tag: 'constructor' }), left({ _tag: '__proto__' }), left(null), left('X'));
    const handlers: Record<string, () => typeof EMPTY> = { X: () => EMPTY };
    expect(collect(odd.pipe(catchTags(handlers as never)))).toEqual([
      ...[left({ _tag: 'constructor' }), left({ _tag: '__proto__' }), left(null), left('X')],
      'complete',
    ]);
  });
});

describe('absorbKinds', () => {
  test('gives each kind its handler, and errors without a kind the one for messages', () => {
    const gap = { kind: 'gap' as const };
    const source = of<Either<typeof gap | typeof T | 'bare', string>[]>(left('bare'), left(gap), right('a'), left(T));
    const run = source.pipe(absorbKinds({ message: e => of(right(e.toUpperCase())), gap: () => EMPTY, terminal: e => of(left(e._tag)) }));
    expect(collect(run)).toEqual([right('BARE'), right('a'), left('T'), 'complete']);
  });
});

describe('matchTags and matchKinds', () => {
  test('call the function of the tag, or of the kind', () => {
    const error = T as typeof T | { readonly _tag: 'X' };
    expect(pipe(error, matchTags({ T: e => e.kind, X: () => 'x' }))).toBe('terminal');
    expect(pipe(error, matchKinds({ message: () => 1, terminal: () => 2 }))).toBe(2);
  });

  test('throw, with the error as cause, on one that its type excludes', () => {
    const intruder = { _tag: 'Z' };
    const match = matchTags<{ readonly _tag: 'X' }, { X: () => number }>({ X: () => 1 });
    expect(() => match(intruder as never)).toThrow(expect.objectContaining({ name: 'TypeError', cause: intruder }) as unknown);
  });
});

describe('orElse', () => {
  test('with left changes nothing, neither values nor instants', () => {
    marbles(({ cold, expectStream }) => {
      expectStream(cold<Element>('a-x-(by)-(T|)', elements).pipe(orElse(e => OE.left(e)))).toBeMarble('a-x-(by)-(T|)', elements);
    })();
  });

  test('replaces the terminal error too', () => {
    marbles(({ cold, expectStream }) => {
      expectStream(cold<Element>('a-x-(T|)', elements).pipe(orElseW(() => cold<Element>('-A|', elements)))).toBeMarble('a--A-A|', elements);
    })();
  });

  test('is not over before the streams it has begun', () => {
    marbles(({ cold, expectStream }) => {
      expectStream(cold<Element>('x|', elements).pipe(orElseW(() => NEVER))).toBeMarble('----', elements);
    })();
  });
});
