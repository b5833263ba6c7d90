import { left, right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { bufferCount, delay, EMPTY, interval, map, merge, NEVER, type Observable, of, takeUntil, throwError } from 'rxjs';
import { expect, test } from 'vitest';
import { component, followConfig } from '../../src/component/index.js';
import { dryRun } from '../../src/dry-run/index.js';
import { ConfigurationInvalid } from '../../src/errors/errors.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
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
    expectStream(slow$).toBeMarble('a-------(bc)', { a: right('1'), b: right('1 done'), c: right('3') });
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

test.each<readonly [string, (ending$: Observable<void>, proxy: MqttProxy) => Observable<void>, readonly string[]]>([
  ['that knows the drain ends at a stop', (ending$, { draining$ }) => merge(ending$, draining$), []],
  ['that knows only changes does not, and the dry run warns of it', ending$ => ending$, ['branches']],
])('a timer %s', async (_, ends, warnedOf) => {
  const ticker = component({
    name: 'com.example.Ticker',
    version: '1.0.0',
    config: t.type({ period: t.number }),
    defaults: { period: 1_000 },
    run: (proxy, _config, { config$ }) =>
      followConfig(config$, ({ period }, ending$) => interval(period).pipe(takeUntil(ends(ending$, proxy)), map(right))),
  });
  const result = await dryRun(ticker);
  if (result._tag === 'Left') throw result.left;
  expect(result.right.findings.map(({ about }) => about)).toEqual(warnedOf);
});
