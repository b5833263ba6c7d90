import { left, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { bufferCount, delay, EMPTY, endWith, interval, map, merge, mergeMap, NEVER, of, takeUntil, throwError } from 'rxjs';
import { expect, test } from 'vitest';
import { component, followConfig } from '../../src/component/index.js';
import { dryRun } from '../../src/dry-run/index.js';
import { ConfigurationInvalid } from '../../src/errors/errors.js';
import { marbles } from '../../src/testing/index.js';

const invalid = new ConfigurationInvalid('com.example.A', ['limit: expected number, got nothing'], undefined, 'message');
const refused = Object.assign(new Error('refused'), { kind: 'terminal' as const });

test(
  'what the old stream holds comes out before the new one begins, and a wrong configuration leaves it running',
  marbles(({ hot, hotEither, expectStream }) => {
    const source$ = hot('-a-b-c-d-e-f|');
    const config$ = hotEither('1---x-2-----|', { 1: '1', 2: '2' }, { x: invalid });
    const counted$ = followConfig(config$, (config, ending$) =>
      source$.pipe(
        takeUntil(ending$),
        bufferCount(100),
        map(values => right(`${config}: ${values.length}`)),
      ),
    );
    expectStream(counted$).toBeMarble('----x-o-----(n|)', { o: right('1: 3'), n: right('2: 3') }, { x: 'ConfigurationInvalid' });
  }),
);

test(
  'the new stream begins when the old one has completed, and of several changes meanwhile the last counts',
  marbles(({ hotEither, expectStream }) => {
    const config$ = hotEither('1--2-3----|');
    const slow$ = followConfig(config$, (config, ending$) =>
      merge(
        of(right(config)),
        NEVER.pipe(takeUntil(ending$)),
        ending$.pipe(
          delay(5),
          map(() => right(`${config} done`)),
        ),
      ),
    );
    // When there will be no other configuration the stream is told to end, too.
    expectStream(slow$).toBeMarble('a-------(bc)---(d|)', { a: right('1'), b: right('1 done'), c: right('3'), d: right('3 done') });
  }),
);

test(
  'a terminal Left ends it, and what make throws is a defect',
  marbles(({ hotEither, expectStream }) => {
    expectStream(followConfig(hotEither('1-2-3'), config => of(config === '2' ? left(refused) : right(config)))).toBeMarble('a-(b|)', {
      a: right('1'),
      b: left(refused),
    });
    const thrown = new Error('a bug');
    expectStream(
      followConfig(hotEither('1'), () => {
        throw thrown;
      }),
    ).toEqual(throwError(() => thrown));
  }),
);

test('nothing is made before there is a configuration', () => {
  let made = 0;
  followConfig(NEVER, () => {
    made++;
    return EMPTY;
  }).subscribe();
  expect(made).toBe(0);
});

test(
  'a change that waits when it is told to end is not begun, and who asks late whether it ends finds out at once',
  marbles(({ hotEither, expectStream, cold }) => {
    const made$ = followConfig(hotEither('1--2-|'), (config, ending$) =>
      merge(of(right(config)), cold('----------(e|)').pipe(mergeMap(() => NEVER.pipe(takeUntil(ending$), endWith(right('end')))))),
    );
    expectStream(made$).toBeMarble('1---------(e|)', { 1: right('1'), e: right('end') });
  }),
);

test('a timer that ends with ending$ ends when the component is told to stop, and so does a configuration that never changes', async () => {
  const ticker = component({
    name: 'com.example.Ticker',
    version: '1.0.0',
    config: t.type({ period: t.number }),
    defaults: { period: 1_000 },
    run: (_proxy, _config, { config$ }) =>
      followConfig(config$, ({ period }, ending$) => interval(period).pipe(takeUntil(ending$), map(right))),
  });
  const result = await dryRun(ticker);
  if (result._tag === 'Left') throw result.left;
  expect(result.right.findings.map(({ about }) => about)).toEqual([]);
  marbles(({ nucleus, expectStream }) => {
    nucleus.faults('----|', {});
    // Without a context, too.
    expectStream(ticker.run(nucleus.proxy, { period: 2 })).toBeMarble('--a-|', { a: right(0) });
  })();
});
