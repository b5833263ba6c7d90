import { left, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asyncScheduler,
  bufferTime,
  concatMap,
  from,
  interval,
  map,
  NEVER,
  observeOn,
  of,
  repeat,
  retry,
  tap,
  throwError,
  timer,
  filter,
} from 'rxjs';
import { describe, expect, test } from 'vitest';
import { json } from '../../src/codec/index.js';
import { Interrupted, Unauthorized } from '../../src/errors/errors.js';
import { concurrently, counted, Ledger, publishTo } from '../../src/flow/index.js';
import { QOS } from '../../src/shared/qos.js';
import { deadLetterFile, deadLetterTo } from '../../src/sinks/index.js';
import { onRights } from '../../src/stream/index.js';
import { beginTest, endTest } from '../../src/testing/marbles.js';
import { having, marbles, type MarbleKit } from '../../src/testing/index.js';
import '../../src/testing/vitest.js';
import { complaint, said } from './complaint.js';

const to = (topicName: string, payload = '') => ({ topicName, payload, qos: QOS.AT_LEAST_ONCE });
const deniedForGood = new Unauthorized('terminal', 'aws.greengrass#PublishToIoTCore', 't', '');
const denied = new Unauthorized('message', 'aws.greengrass#PublishToIoTCore', 't', '');

test('what is no stream is said to be none, such as branches that are not merged', () => {
  const given = (value: unknown): string => complaint(({ run }) => void run(value as never));
  expect(given({ alarms: of(1), means: of(2) })).toBe(
    'A stream belongs here, and not several by their names (alarms, means): merge them, as in run(mergeBranches(component.run(…))).',
  );
  expect(given(undefined)).toBe('A stream belongs here, and not undefined.');
});

describe('toBeMarble says', () => {
  test('which values differ, and where in them', () => {
    expect(
      complaint(({ expectStream, cold }) => {
        const values = { a: { mean: 20, by: { s: 1 } }, b: { mean: 30, by: { s: 2 } } };
        expectStream(cold('-a-b-|', values)).toBeMarble('-a-b-|', { a: values.a, b: { mean: 30, by: { s: 3 } } });
      }),
    ).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  -a-b-|
        received  -a-A-|
                     ^

        frame 3: expected b, received A
          .by.s: expected 3, received 2
        b = { mean: 30, by: { s: 3 } }
        A = { mean: 30, by: { s: 2 } }"
    `);
  });

  test('what came too late, too much and in another order', () => {
    expect(complaint(({ expectStream, cold }) => expectStream(cold('-a--(bc)-----d|')).toBeMarble('-a-(cb)------|')))
      .toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  -a-(cb)------|
        received  -a--(bc)-----d|
                     ^^^^^     ^^

        frame 3: expected (cb), received nothing
        frame 4: expected nothing, received (bc)
        frame 13: expected |, received d
        frame 14: expected nothing, received |"
    `);
  });

  test('that nothing came', () => {
    expect(complaint(({ expectStream }) => expectStream(NEVER).toBeMarble('-a-|'))).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  -a-|
        received  (nothing)
                   ^ ^

        frame 1: expected a, received nothing
        frame 3: expected |, received nothing"
    `);
  });

  test('that something came, where nothing should', () => {
    expect(complaint(({ expectStream, cold }) => expectStream(cold('-a')).toBeEmpty())).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  (nothing)
        received  -a
                   ^

        frame 1: expected nothing, received a"
    `);
  });

  test('which Left came instead of which', () => {
    const stream$ = of(right(1), left(new Interrupted('t')), left(denied));
    expect(complaint(({ expectStream }) => expectStream(stream$).toBeMarble('(aII|)', { a: 1 }, { I: 'Interrupted' })))
      .toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  (aII|)
        received  (aIA|)
                  ^^^^^^

        frame 0: expected (aII|), received (aIA|)
          ._tag: expected 'Interrupted', received 'Unauthorized'
        a = 1
        I = Left 'Interrupted'
        A = Left(Unauthorized: The component may not call aws.greengrass#PublishToIoTCore on "t")"
    `);
  });

  test('that a Left stands where a value should, and the other way round', () => {
    expect(
      complaint(({ expectStream, cold }) =>
        expectStream(cold('a-b', { a: left(denied), b: right(2) })).toBeMarble('a-U', { a: 1 }, { U: 'Unauthorized' }),
      ),
    ).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  a-U
        received  U-A
                  ^ ^

        frame 0: expected a, received U
        frame 2: expected U, received A
        a = 1
        U = Left 'Unauthorized'
        A = 2"
    `);
  });

  test('what an asymmetric matcher wanted', () => {
    expect(
      complaint(({ expectStream, cold }) =>
        expectStream(cold('a-b', { a: 1, b: 'x' })).toBeMarble('n-n', { n: expect.any(Number) as unknown }),
      ),
    ).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  n-n
        received  n-A
                    ^

        frame 2: expected n, received A
        n = Any<Number>
        A = 'x'"
    `);
  });

  test('which error a stream failed with', () => {
    expect(
      complaint(({ expectStream }) => expectStream(throwError(() => new Error('broken'))).toBeMarble('#', { '#': { message: 'bent' } })),
    ).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  #
        received  #
                  ^

        frame 0: expected #, received #
          the error: expected { message: 'bent' }, received Error: broken"
    `);
  });

  test('an error that is no Error as a whole', () => {
    const error = { _tag: 'X', code: 1 };
    expect(
      complaint(({ coldEither, expectStream }) =>
        expectStream(coldEither('-X', {}, { X: error })).toBeMarble('-X', {}, { X: { _tag: 'X' } }),
      ),
    ).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  -X
        received  -A
                   ^

        frame 1: expected X, received A
          .code: expected undefined, received 1
        X = Left { _tag: 'X' }
        A = Left({ _tag: 'X', code: 1 })"
    `);
    expect(complaint(({ cold, expectStream }) => expectStream(cold('#', {}, error)).toBeMarble('#', { '#': { _tag: 'X' } })))
      .toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  #
        received  #
                  ^

        frame 0: expected #, received #
          the error: expected { _tag: 'X' }, received { _tag: 'X', code: 1 }"
    `);
    expect(
      complaint(({ cold, expectStream }) => {
        expectStream(cold('#', {}, error)).toBeMarble('#', { '#': 'X' });
        expectStream(cold('#', {}, error)).toBeMarble('#', { '#': { ...error } });
        expectStream(cold('#', {}, error)).toBeMarble('#', { '#': having({ _tag: 'X' }) });
      }),
    ).toBe('(it passed)');
  });

  test('values by their own letters, where the table names the error alone', () => {
    const check = (letter: string) =>
      complaint(({ expectStream, cold }) => expectStream(cold('-a-#', undefined, 'down')).toBeMarble(`-${letter}-#`, { '#': 'down' }));
    expect(check('a')).toBe('(it passed)');
    expect(check('b')).toMatch(/frame 1: expected b, received a$/);
  });

  test('with which error a stream failed that should not', () => {
    expect(complaint(({ expectStream }) => expectStream(throwError(() => new Error('broken'))).toBeMarble('(a|)'))).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  (a|)
        received  #
                  ^^^^

        frame 0: expected (a|), received #
        # = Error: broken"
    `);
  });

  test('long times in the units of a diagram', () => {
    expect(complaint(({ expectStream }) => expectStream(timer(3_600_000).pipe(map(() => 'a'))).toBeMarble('59m 59s 990ms a-------|')))
      .toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected   59m 59s 990ms a-------|
        received   59m 59s 990ms ----------(a|)
                                 ^       ^ ^^^^

        frame 3599990 (59m 59s 990ms): expected a, received nothing
        frame 3599998 (59m 59s 998ms): expected |, received nothing
        frame 3600000 (60m): expected nothing, received (a|)"
    `);
  });

  test('only the part around the first difference, of a long diagram', () => {
    const long = '-a'.repeat(200);
    expect(complaint(({ expectStream, cold }) => expectStream(cold(`${long}-b`)).toBeMarble(`${long}-c`))).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  …-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-c
        received  …-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-b
                                                                          ^

        frame 401: expected c, received b"
    `);
  });

  test('eight frames, and how many more', () => {
    expect(complaint(({ expectStream, cold }) => expectStream(cold('-a'.repeat(12))).toBeMarble('-b'.repeat(12)))).toMatchInlineSnapshot(`
      "The stream is not as drawn.

        expected  -b-b-b-b-b-b-b-b-b-b-b-b
        received  -a-a-a-a-a-a-a-a-a-a-a-a
                   ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^ ^

        frame 1: expected b, received a
        frame 3: expected b, received a
        frame 5: expected b, received a
        frame 7: expected b, received a
        frame 9: expected b, received a
        frame 11: expected b, received a
        frame 13: expected b, received a
        frame 15: expected b, received a
        and 4 more frames"
    `);
  });

  test('that the diagram has a symbol in no table', () => {
    expect(complaint(({ expectStream }) => expectStream(of(1)).toBeMarble('(ax|)', { a: 1 }, { L: 'Silent' }))).toMatchInlineSnapshot(
      `"The stream: The diagram has a "x" that is in no table. The tables have a, L."`,
    );
  });

  test('all that is wrong with a test, not only the first', () => {
    const wrong = complaint(({ expectStream, expectPublished }) => {
      expectStream(of(1)).toBeMarble('(a|)', { a: 2 });
      expectPublished('t').toBeMarble('-x');
    });
    expect(wrong.match(/is not as drawn/g)).toHaveLength(2);
  });

  test('where in the test it was asked for', () => {
    let failure: unknown;
    try {
      marbles(({ expectStream }) => expectStream(of(1)).toBeMarble('a'))();
    } catch (error) {
      failure = error;
    }
    const [first, second] = (failure as Error).stack?.split('\n    at ') ?? [];
    expect(first).toMatch(/^MarbleFailure: The stream is not as drawn\./);
    expect(second).toContain('failing.test.ts');
  });
});

describe('the matchers for frameworks say', () => {
  test('the same of a lane', () => {
    expect(
      complaint(({ nucleus, published }) => {
        nucleus.messages('t', '-a');
        expect(published('u')).toBeMarble('-a');
      }),
    ).toMatchInlineSnapshot(`
      "What was published on u is not as drawn.

        expected  -a
        received  (nothing)
                   ^

        frame 1: expected a, received nothing

      Meanwhile:
        run(…) was not called: there is no component to get them
        frame 1: nobody was subscribed to t, nor to anything else"
    `);
  });

  test('that a lane is as drawn and should not be', () => {
    expect(complaint(({ run }) => expect(run(of(1))).not.toBeMarble('(a|)', { a: 1 }))).toMatchInlineSnapshot(
      `"The pipeline is as drawn, and should not be: (a|)"`,
    );
    expect(complaint(({ run }) => expect(run(of(1))).not.toBeMarble('(a|)', { a: 2 }))).toBe('(it passed)');
  });

  test('that something is no lane', () => {
    expect(said(() => expect(of(1)).toBeMarble('a'))).toMatchInlineSnapshot(
      `"expected a lane, such as run() and published() of marbles() return; received Observable { _subscribe: [Function (anonymous)] }"`,
    );
  });

  test('what was published instead', () => {
    const check = (expectation: (kit: MarbleKit) => void) =>
      complaint(kit => {
        kit.run(timer(2).pipe(concatMap(() => kit.nucleus.proxy.publish$(to('agg/1', '{"mean":21}')))));
        expectation(kit);
      });
    expect(check(({ nucleus }) => expect(nucleus).toHavePublished('agg/+', { mean: 22 }))).toMatchInlineSnapshot(`
      "expected to have published a message on agg/+ with { mean: 22 }
      Published were:
        frame 2: agg/1 { mean: 21 }"
    `);
    expect(check(({ nucleus }) => expect(nucleus).toHavePublished('other'))).toMatchInlineSnapshot(`
      "expected to have published a message on other
      Published were:
        frame 2: agg/1 { mean: 21 }"
    `);
    expect(check(({ nucleus }) => expect(nucleus).not.toHavePublished('agg/1'))).toMatchInlineSnapshot(
      `"expected not to have published a message on agg/1"`,
    );
    expect(check(({ nucleus }) => expect(nucleus).toHavePublished('agg/1', { mean: 21 }))).toBe('(it passed)');
    expect(complaint(({ nucleus }) => expect(nucleus).toHavePublished('t'))).toMatchInlineSnapshot(`
      "expected to have published a message on t
      Nothing was published."
    `);
    expect(said(() => expect(1).toHavePublished('t'))).toMatchInlineSnapshot(
      `"expected a nucleus in memory, such as that of marbles(); received 1"`,
    );
  });

  test('which Either came', () => {
    expect(said(() => expect(left(denied)).toBeRight())).toMatchInlineSnapshot(
      `"expected a Right, received Left(Unauthorized: The component may not call aws.greengrass#PublishToIoTCore on "t")"`,
    );
    expect(said(() => expect(right({ a: [1, 2] })).toBeRight({ a: [1, 3] }))).toMatchInlineSnapshot(`
      "expected a Right with { a: [ 1, 3 ] }, received Right({ a: [ 1, 2 ] })
        .a[1]: expected 3, received 2"
    `);
    expect(said(() => expect(right(1)).not.toBeRight())).toMatchInlineSnapshot(`"expected no Right, received Right(1)"`);
    expect(said(() => expect(right(1)).toBeLeft('Unauthorized'))).toMatchInlineSnapshot(
      `"expected a Left Unauthorized, received Right(1)"`,
    );
    expect(said(() => expect(left(denied)).toBeLeft('Silent'))).toMatchInlineSnapshot(`
      "expected a Left Silent, received Left(Unauthorized: The component may not call aws.greengrass#PublishToIoTCore on "t")
        ._tag: expected 'Silent', received 'Unauthorized'"
    `);
    expect(said(() => expect(left(denied)).toBeLeft({ topicName: 'u' }))).toMatchInlineSnapshot(`
      "expected a Left with { topicName: 'u' }, received Left(Unauthorized: The component may not call aws.greengrass#PublishToIoTCore on "t")
        .topicName: expected 'u', received 't'"
    `);
    expect(said(() => expect(left(denied)).not.toBeLeft('Unauthorized'))).toMatchInlineSnapshot(
      `"expected no Left Unauthorized, received Left(Unauthorized: The component may not call aws.greengrass#PublishToIoTCore on "t")"`,
    );
    expect(said(() => expect(1).toBeLeft())).toMatchInlineSnapshot(`"expected a Either; received 1"`);
    expect(right(1)).toBeRight(1);
    expect(left(denied)).toBeLeft({ _tag: 'Unauthorized', topicName: expect.stringMatching(/t/) as unknown });
    expect(left(denied)).not.toBeRight();
    expect([right(1)]).toEqual([expect.toBeRight()]);
  });
});

describe('the other expectations say', () => {
  test('which subscriptions there were', () => {
    const sub = (...diagrams: string[]): string =>
      complaint(({ nucleus, run, expectSubscriptions }) => {
        run(nucleus.proxy.subscribe(to('t')), '--^--!');
        run(nucleus.proxy.subscribe(to('t')), '100ms ^');
        expectSubscriptions('t').toBe(...diagrams);
      });
    expect(sub('--^--!', '100ms ^')).toBe('(it passed)');
    expect(sub('--^---!')).toMatchInlineSnapshot(`
      "The subscriptions to t are not as drawn.

        expected  --^---!
        received  --^--!
                       ^^

        expected  (nothing)
        received   100ms ^
                         ^"
    `);
    expect(sub()).toMatchInlineSnapshot(`
      "The subscriptions to t are not as drawn.

        expected  (nothing)
        received  --^--!
                    ^  ^

        expected  (nothing)
        received   100ms ^
                         ^"
    `);
    expect(complaint(({ expectSubscriptions }) => expectSubscriptions().toBe('^!'))).toMatchInlineSnapshot(`
      "The subscriptions are not as drawn.

        expected  ^!
        received  (nothing)
                  ^^"
    `);
  });

  test('that nothing of what came reached a stage, or came out, and not of what was let through in part', () => {
    const check =
      (keep: (n: unknown) => boolean, publishes: boolean): ((kit: MarbleKit) => void) =>
      ({ nucleus, run, expectPublished }) => {
        nucleus.messages('in', '-a-b--|', { a: 1, b: 2 });
        const kept$ = nucleus.proxy
          .subscribe({ topicName: 'in', qos: QOS.AT_LEAST_ONCE, codec: json(t.number) })
          .pipe(onRights(message$ => message$.pipe(filter(({ value }) => keep(value)))));
        const out = { topicName: 'out', payload: 'x', qos: QOS.AT_LEAST_ONCE };
        run(publishes ? kept$.pipe(onRights(publishTo(nucleus.proxy, () => out))) : kept$);
        expectPublished('out').toBeMarble('-x-x--|', { x: 'x' });
      };
    const complaintOf = (keep: (n: unknown) => boolean, publishes: boolean): string => complaint(check(keep, publishes));
    // Tests before have fed stages of this name, from another subscription and from what is no stage.
    const earlier = marbles(({ nucleus, run, expectPublished }) => {
      nucleus.messages('earlier', '-a-|', { a: 1 });
      const publish = publishTo(nucleus.proxy, () => ({ topicName: 'out', payload: 'x', qos: QOS.AT_LEAST_ONCE }));
      run(of(1).pipe(publish));
      run(nucleus.proxy.subscribe({ topicName: 'earlier', qos: QOS.AT_LEAST_ONCE }).pipe(onRights(publish)));
      expectPublished('out').toBeMarble('xx-|', { x: 'x' });
    });
    earlier();
    expect(complaintOf(n => n === 3, true)).toContain(
      'Meanwhile:\n  2 messages left in and none came to publishTo: what is between them, such as a filter, took all',
    );
    expect(complaintOf(n => n === 3, false)).toContain(
      'Meanwhile:\n  2 messages came on in and the pipeline emitted nothing: an operator in it, such as a filter, took all',
    );
    expect(complaintOf(n => n === 1, true)).not.toContain('took all');
  });

  test('what was dropped', () => {
    const ledger = new Ledger();
    const check = (kit: MarbleKit): void => {
      const numbers$ = from([1, 2, 3, 4, 5]).pipe(
        concurrently(1, () => timer(10), { name: 'slow', buffer: { messages: 2, onFull: 'dropOldest' }, ledger }),
      );
      kit.run(numbers$);
      kit.expectNothingDropped();
      kit.expectStage('slow', { received: 6, emitted: 3 });
      kit.expectStage('quick', { received: 6 });
    };
    expect(complaint(check, { ledger })).toMatchInlineSnapshot(`
      "Messages were dropped.

        slow dropped 2 of 5 messages

      The ledger's account of "slow" is not as expected.

        received: expected 6, received 5

      The ledger has no stage "quick". It has slow.

      Meanwhile:
        frame 10: Left Overflowed: A buffer was full (buffer.messages) and dropped 2 messages (dropOldest). Let the stage work on more at once, give it a larger buffer, or send it less."
    `);
  });

  test('that a test before did not count', () => {
    const ledger = new Ledger();
    const check = (kit: MarbleKit): void => {
      kit.run(of(1).pipe(concurrently(1, n => of(n), { ledger })));
      kit.expectStage('concurrently', { received: 1, emitted: 1, dropped: 0 });
    };
    expect(complaint(check, { ledger })).toBe('(it passed)');
    expect(complaint(check, { ledger })).toBe('(it passed)');
  });

  test('that a stage of the same name and another kind, which a test before had, did not count', () => {
    const ledger = new Ledger();
    of(1).pipe(counted('readings', { ledger })).subscribe();
    const check = (kit: MarbleKit): void => {
      kit.run(of(1, 2).pipe(concurrently(1, n => of(n), { name: 'readings', ledger })));
      kit.expectStage('readings', { received: 2, emitted: 2 });
    };
    expect(complaint(check, { ledger })).toBe('(it passed)');
  });

  test('that a pipeline failed which no diagram expects', () => {
    expect(
      complaint(
        ({ run }) =>
          void run(
            timer(5).pipe(
              tap(() => {
                throw new TypeError('not a number');
              }),
            ),
          ),
      ),
    ).toMatchInlineSnapshot(`"The pipeline failed at frame 5, which no diagram expects: TypeError: not a number"`);
    expect(complaint(({ run, expectLane }) => expectLane(run(throwError(() => 1))).toBeMarble('#'))).toBe('(it passed)');
  });
});

describe('a promise', () => {
  test('that is awaited is told, with the place', () => {
    const message = complaint(({ nucleus, run }) => {
      nucleus.messages('t', '--a');
      run(nucleus.proxy.subscribe(to('t')).pipe(concurrently(1, async message => Promise.resolve(message))));
    });
    expect(message).toMatch(
      /^At frame 2 a promise was awaited \(.*\)\.\nVirtual time does not wait for promises: what comes of it comes after the test\. Use Observables all the way, such as publish\$/,
    );
  });

  test('of the proxy too, and the place is the line of the test', () => {
    const message = complaint(
      ({ nucleus, run }) =>
        void run(
          timer(7).pipe(
            concatMap(() =>
              nucleus.proxy
                .publish(to('t'))()
                .then(() => 1),
            ),
          ),
        ),
    );
    expect(message).toMatch(/^At frame 7 a promise was awaited \(.*failing\.test\.ts:\d+:\d+\)?\)\./);
  });

  test('is let pass when the test says so', () => {
    expect(
      complaint(({ run }) => void run(timer(7).pipe(tap(() => void Promise.resolve().then(() => 1)))), {
        promises: 'ignored',
        expectations: 'outside',
      }),
    ).toBe('(it passed)');
  });

  test('as the result of the test itself is refused', () => {
    // What only JavaScript lets through: TypeScript asks for a function without a result.
    const asynchronous: unknown = () => Promise.resolve();
    expect(complaint(asynchronous as () => void)).toMatchInlineSnapshot(
      `"The function given to marbles() is asynchronous. Virtual time does not wait for promises: make it synchronous."`,
    );
  });
});

describe('a drawing that makes no sense is refused', () => {
  const drawing = (draw: (kit: MarbleKit['nucleus']) => void): string => complaint(({ nucleus }) => draw(nucleus));
  test('in words', () => {
    expect(drawing(n => n.messages('t', '-a#'))).toMatchInlineSnapshot(
      `"The lane "t" has a "#": a lane cannot fail. Draw a fault, and say which in the table of faults."`,
    );
    expect(drawing(n => n.messages('t', '-a', {}))).toMatchInlineSnapshot(`"The symbol "a" on the lane "t" is in no table."`);
    expect(drawing(n => n.messages('t', '-a', { a: '' }, { a: 'offline' }))).toMatchInlineSnapshot(
      `"The symbol "a" on the lane "t" is both a value and a fault."`,
    );
    expect(drawing(n => n.messages('t/+', '-a', { a: '' }))).toMatchInlineSnapshot(
      `"A message on the lane "t/+" does not say its topic: give it one, such as { topicName: 'a/b', payload: … }."`,
    );
    expect(drawing(n => n.messages('t/+', '-a', { a: { topic: 't/a', json: {} } }))).toMatchInlineSnapshot(
      `"A message on the lane "t/+" does not say its topic: give it one, such as { topicName: 'a/b', payload: … } (topic is what nucleus.local.messages calls it)."`,
    );
    expect(drawing(n => n.messages('t/+', '-a', { a: { topicName: 'u', payload: '' } }))).toMatchInlineSnapshot(
      `"The topic "u" of a message does not fit its lane "t/+"."`,
    );
    expect(drawing(n => n.messages('t', '-a', { a: undefined }))).toMatchInlineSnapshot(
      `"A payload is undefined. For an empty one write an empty string."`,
    );
    expect(drawing(n => n.faults('-x', {}))).toMatchInlineSnapshot(`"The symbol "x" on the lane "(faults)" is in no table."`);
  });
});

test('a publishing pipeline that loses a window is caught', () => {
  const message = complaint(({ nucleus, run, expectPublished }) => {
    nucleus.messages('in', '-a-a-----a|');
    run(
      nucleus.proxy.subscribe(to('in')).pipe(
        bufferTime(5),
        map(all => all.length),
        publishTo(nucleus.proxy, n => to('out', String(n))),
      ),
    );
    expectPublished('out').toBeMarble('-----2---(1|)', { 2: 2, 1: 1 });
  });
  expect(message).toMatchInlineSnapshot(`
    "What was published on out is not as drawn.

      expected  -----2---(1|)
      received  -----2----(1|)
                         ^^^^^

      frame 9: expected (1|), received nothing
      frame 10: expected nothing, received (1|)
      1 = 1"
  `);
});

describe('a test that tests nothing', () => {
  test('fails when it expects nothing, unless it says that others do', () => {
    const expectsNothing = ({ cold, run }: MarbleKit): void => void run(cold('-a|'));
    expect(complaint(expectsNothing)).toMatch(/^The marble test expects nothing/);
    expect(complaint(expectsNothing, { expectations: 'outside' })).toBe('(it passed)');
    expect(complaint(({ cold, run }) => expect(run(cold('-a|'))).toBeMarble('-a|'))).toBe('(it passed)');
  });

  test('fails when it is never called', () => {
    beginTest();
    marbles(({ expectStream, cold }) => expectStream(cold('a|')).toBeMarble('b|'));
    expect(said(endTest)).toMatch(/^marbles\(\) gives a test that was never called/);
    beginTest();
    marbles(({ expectStream, cold }) => expectStream(cold('a|')).toBeMarble('a|'))();
    expect(said(endTest)).toBe('(it passed)');
  });
});

function* forEver(): Generator<number> {
  for (;;) yield 1;
}

describe('time that stands still fails with its frame', () => {
  test.each([
    ['timers without a delay', timer(5).pipe(concatMap(() => interval(0))), 'At frame 5 more than 100000 timers fired'],
    ['a source that never gives control back', timer(5).pipe(concatMap(() => from(forEver()))), 'At frame 5 more than 1000000 values came'],
    ['a timer repeated without a delay', timer(0).pipe(repeat()), 'At frame 0 more than 100000 timers fired'],
    [
      'a source that is asked again without a delay',
      throwError(() => new Error('no')).pipe(observeOn(asyncScheduler), retry()),
      'At frame 0 more than 100000 timers fired',
    ],
  ])('%s', (_what, stream$, sentence) => {
    const message = complaint(({ expectStream }) => expectStream(stream$).toBeEmpty());
    expect(message).toContain(sentence);
    expect(message).toContain('Give it a delay.');
  });
});

describe('having', () => {
  const publishes =
    (expected: unknown) =>
    ({ nucleus, run, expectPublished }: MarbleKit): void => {
      run(of('{"mean":30,"by":{"s":1}}').pipe(publishTo(nucleus.proxy, payload => to('out', payload))));
      expectPublished('out').toBeMarble('(n|)', { n: expected });
    };

  test('fits the JSON of a published payload, alone, inside a message and nested', () => {
    for (const fits of [
      having({ mean: 30 }),
      having({ by: having({ s: 1 }) }),
      having({ topicName: 'out', payload: having({ mean: 30 }) }),
      having({ payload: { by: { s: 1 } } }),
    ])
      expect(complaint(publishes(fits))).toBe('(it passed)');
  });

  test('says what it lacks, and calls no two values by what both are', () => {
    expect(complaint(publishes(having({ by: { s: expect.any(String) as unknown } })))).toMatchInlineSnapshot(`
      "What was published on out is not as drawn.

        expected  (n|)
        received  (A|)
                  ^^^^

        frame 0: expected (n|), received (A|)
          .by.s: expected Any<String>, received 1
        n = having { by: { s: Any<String> } }
        A = { mean: 30, by: { s: 1 } }"
    `);
    expect(complaint(publishes(having({ topicName: 'in' })))).toContain(".topicName: expected 'in', received 'out'");
    expect(complaint(publishes({ mean: having({ x: 1 }), by: { s: 1 } }))).toContain('n = { mean: having { x: 1 }, by: { s: 1 } }');
  });
});

test('dead letters are drawn as what deadLetterFile would write, and nothing is written', () => {
  const path = join(tmpdir(), 'greengrass-rx-never-written.ndjson');
  const check =
    (tag: string) =>
    ({ nucleus, run, hot, expectFile }: MarbleKit): void => {
      const outcomes$ = hot('-a-b|').pipe(
        publishTo(nucleus.proxy, payload => to(payload === 'a' ? 'wild/+' : 'out', payload)),
        deadLetterTo(deadLetterFile(path)),
      );
      run(outcomes$);
      expectFile(path).toBeMarble('-l--|', { l: having({ at: 1, tag, original: 'a' }) });
    };
  expect(complaint(check('InvalidRequest'))).toBe('(it passed)');
  expect(complaint(check('Unauthorized'))).toContain(".tag: expected 'Unauthorized', received 'InvalidRequest'");
  expect(existsSync(path)).toBe(false);
});

test('a list that is longer than drawn is not as drawn', () => {
  expect(complaint(({ expectStream, cold }) => expectStream(cold('a|', { a: [1, 2] })).toBeMarble('a|', { a: [1] }))).toContain(
    'expected a, received A',
  );
});

test('what a terminal failure discards is not nothing', () => {
  const fails = concurrently(1, () => timer(5).pipe(map(() => left(deniedForGood))), { name: 'one at a time' });
  const message = complaint(({ run, hot, expectLane, expectNothingDropped }) => {
    expectLane(run(hot('-ab').pipe(fails))).toBeMarble('------(D|)', {}, { D: 'Unauthorized' });
    expectNothingDropped();
  });
  expect(message).toContain('one at a time discarded 1 of 2 messages');
});

test(
  'a subscription that begins later ends at its own frame',
  marbles(({ cold, expectStream, expectSubscriptions }) => {
    const source$ = cold('-a-b-c-d-|');
    expectStream(source$, '---^---!').toBeMarble('----a-b');
    expectSubscriptions(source$).toBe('---^---!');
  }),
);
