import { left, right } from 'fp-ts/lib/Either.js';
import { concat, concatMap, debounceTime, map, mergeMap, of, take, takeUntil, timer } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { Interrupted, Unauthorized } from '../../src/errors/errors.js';
import { onRights, rights } from '../../src/stream/index.js';
import { marbles, type MarbleKit } from '../../src/testing/index.js';

const denied = new Unauthorized('terminal', 'aws.greengrass#SubscribeToIoTCore', 't', '');

function complaint(check: (kit: MarbleKit) => void): string {
  try {
    marbles(check)();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '(it passed)';
}

describe('a plain operator', () => {
  test(
    'is tested without a nucleus, and without being given a scheduler',
    marbles(({ cold, hot, expectStream, expectSubscriptions }) => {
      const source$ = cold('-a-b 2s c|');
      expectStream(source$.pipe(debounceTime(1_000))).toBeMarble('1003ms b 1s -(c|)');
      expectSubscriptions(source$).toBe('^--- 2s -!');

      const hot$ = hot('-a-b-^-c-d-|');
      expectStream(hot$.pipe(take(1)), '-^').toBeMarble('--(c|)');
      expectSubscriptions(hot$).toBe('-^!');
    }),
  );

  test(
    'on Eithers has a symbol for each Left',
    marbles(({ coldEither, hotEither, expectStream, expectSubscriptions }) => {
      const source$ = coldEither('-a-I-b-(U|)', { a: 1, b: 2 }, { I: new Interrupted('t'), U: denied });
      expectStream(source$.pipe(onRights(map(n => n * 10)))).toBeMarble(
        '-a-I-b-(U|)',
        { a: 10, b: 20 },
        { I: 'Interrupted', U: { _tag: 'Unauthorized', topicName: 't' } },
      );
      expectSubscriptions(source$).toBe('^------!');
      expectStream(hotEither('--a-L|', undefined, { L: 7 }).pipe(rights())).toBeMarble('--a--|');
    }),
  );

  test('equals another one, value for value and frame for frame', () => {
    const check = (delay: number, last: object) =>
      complaint(({ cold, coldEither, expectStream }) => {
        const source$ = cold('-a-b--|');
        expectStream(source$.pipe(concatMap(x => timer(2).pipe(map(() => x)))), '-^').toEqual(
          source$.pipe(mergeMap(x => timer(delay).pipe(map(() => x)))),
        );
        expectStream(coldEither('a|', { a: { n: 1 } }, {})).toEqual(coldEither('a|', { a: last }, {}));
      });
    expect(check(2, { n: 1 })).toBe('(it passed)');
    expect(check(3, { n: 2 })).toMatchInlineSnapshot(`
      "The stream does not equal the other.

        expected  -----a-(b|)
        received  ----a-b|
                      ^^^^^^^

        frame 4: expected nothing, received a
        frame 5: expected a, received nothing
        frame 6: expected nothing, received b
        frame 7: expected (b|), received |

      The stream does not equal the other.

        expected  a|
        received  A|
                  ^

        frame 0: expected a, received A
          .right.n: expected 2, received 1
        a = Right({ n: 2 })
        A = { n: 1 }"
    `);
  });

  test('that fails equals only one that fails alike', () => {
    const check = (message: string) =>
      complaint(({ cold, expectStream }) => expectStream(cold('-#', {}, new Error('a'))).toEqual(cold('-#', {}, new Error(message))));
    expect(check('a')).toBe('(it passed)');
    expect(check('b')).toMatchInlineSnapshot(`
      "The stream does not equal the other.

        expected  -#
        received  -#
                   ^

        frame 1: expected #, received #
          the error: expected Error: b, received Error: a"
    `);
  });

  test('with an error of another message is told', () => {
    expect(
      complaint(({ cold, expectStream }) => expectStream(cold('-#', {}, new Error('broken'))).toBeMarble('-#', { '#': new Error('bent') })),
    ).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  -#
        received  -#
                   ^

        frame 1: expected #, received #
          the error: expected Error: bent, received Error: broken"
    `);
    expect(
      complaint(({ expectStream }) => expectStream(of(left(new Error('broken')))).toBeMarble('(L|)', {}, { L: new Error('bent') })),
    ).toMatch(/expected \(L\|\), received \(A\|\)/);
  });
});

describe('a source', () => {
  test('with a symbol in no table is refused, where RxJS would emit undefined', () => {
    expect(complaint(({ cold }) => void cold('-a-x', { a: 1 }))).toMatchInlineSnapshot(
      `"The symbol "x" of the source "-a-x" is in no table."`,
    );
    expect(complaint(({ hot }) => void hot('-y', {}))).toMatchInlineSnapshot(`"The symbol "y" of the source "-y" is in no table."`);
    expect(complaint(({ coldEither }) => void coldEither('-a-U', { a: 1 }, { L: 2 }))).toMatchInlineSnapshot(
      `"The symbol "U" of the source "-a-U" is in no table."`,
    );
  });

  test('has its subscriptions told when they are others', () => {
    expect(
      complaint(({ cold, run, expectSubscriptions }) => {
        const source$ = cold('-a-a-a');
        run(concat(source$.pipe(take(1)), source$.pipe(takeUntil(timer(3)))));
        expectSubscriptions(source$).toBe('^!', '-^-!');
      }),
    ).toMatchInlineSnapshot(`
      "The subscriptions are not as drawn.

        expected  ^!
        received  ^!

        expected  -^-!
        received  -^--!
                     ^^"
    `);
  });

  test(
    'of Eithers without tables has the Right of each symbol',
    marbles(({ coldEither, expectStream }) => {
      expectStream(coldEither('a(b|)')).toEqual(of(right('a'), right('b')).pipe(mergeMap((either, i) => timer(i).pipe(map(() => either)))));
    }),
  );
});
