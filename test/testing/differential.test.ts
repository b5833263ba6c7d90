import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QOS } from '../../src/qos.js';
import { localNucleus, play, twin, type Step } from './differential.js';

/** More of them: `GGRX_DIFFERENTIAL_RUNS=1000 npx vitest run test/testing/differential.test.ts`. */
const RUNS = Number(process.env['GGRX_DIFFERENTIAL_RUNS'] ?? 25);

const topicName = fc.constantFrom('t/a', 't/b', 't/a/deep', 't/own');
const simple = fc.constantFrom<Step['do'] & Exclude<Step, { topicName: string }>['do']>(
  'publish and lose the answer',
  'unsubscribe',
  'drop connection',
  'restart',
  'offline',
  'online',
  'lose subscriptions',
  'find subscriptions',
  'end subscriptions',
  'spool full',
  'spool free',
  'cut the next frame',
  'drop after two messages',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('message' as const), topicName, payload: fc.string({ maxLength: 8 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      topicName: fc.constantFrom('t/own', 't/out', 'forbidden', 't/+', 't/'.repeat(9)),
      qos: fc.constantFrom(QOS.AT_MOST_ONCE, QOS.AT_LEAST_ONCE),
      bytes: fc.constantFrom(0, 3, 6_000, 9_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      topicName: fc.constantFrom('t/a', 't/+', 't/#', 't/own', 'forbidden'),
      early: fc.constantFrom(undefined, undefined, undefined, 'message' as const, 'burst' as const, 'deny' as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: simple }) },
);

describe.each(['classic', 'lite'] as const)('%s: a script of messages and faults', profile => {
  test('gives the same in memory as over the socket', { timeout: 30_000 + RUNS * 500 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async steps => {
        const script: Step[] = [{ do: 'subscribe', topicName: 't/#' }, ...steps];
        expect(await play(twin(profile), script)).toEqual(await play(await localNucleus(profile), script));
      }),
      { numRuns: RUNS },
    );
  });
});

test('a script sees something happen', async () => {
  const script: Step[] = [
    { do: 'subscribe', topicName: 't/#' },
    { do: 'message', topicName: 't/a', payload: 'hi' },
    { do: 'drop connection' },
    { do: 'publish', topicName: 'forbidden', qos: QOS.AT_LEAST_ONCE, bytes: 1 },
  ];
  expect(await play(twin('lite'), script)).toEqual([
    '0 subscribe',
    '1 message',
    '  0 t/a hi 2 {}',
    '2 drop connection',
    '  0 Left Interrupted',
    '3 publish',
    '  published Unauthorized',
  ]);
});
