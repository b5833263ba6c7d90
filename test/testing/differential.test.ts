import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QOS } from '../../src/shared/qos.js';
import { scripts } from './differential-scripts.js';
import { localNucleus } from './differential-local.js';
import { twin } from './differential-twin.js';
import { play, type Step } from './differential.js';
import { timeLimit } from '../../scripts/time-limit.js';

/** Random ones: `npm run differential`. One that failed again: `DIFFERENTIAL_SEED=… npm run differential`. */
const { DIFFERENTIAL_RUNS, DIFFERENTIAL_SEED } = process.env;
const RUNS = Number(DIFFERENTIAL_RUNS ?? 60);
const SEED = DIFFERENTIAL_SEED === undefined ? (DIFFERENTIAL_RUNS === undefined ? { seed: 5 } : {}) : { seed: Number(DIFFERENTIAL_SEED) };

describe.each(['classic', 'lite'] as const)('%s: a script of messages and faults', profile => {
  test('gives the same in memory as over the socket', { timeout: timeLimit(RUNS * 200) }, async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async script => {
        expect(await play(twin(profile), script)).toEqual(await play(await localNucleus(profile), script));
      }),
      { numRuns: RUNS, ...SEED },
    );
  });
});

test('a script sees something happen', async () => {
  const script: Step[] = [
    { do: 'subscribe', topicName: 't/#' },
    { do: 'message', topicName: 't/a', payload: 'hi' },
    { do: 'drop connection' },
    { do: 'publish', topicName: 'forbidden', qos: QOS.AT_LEAST_ONCE, bytes: 1 },
    { do: 'publish and never hear of it' },
    { do: 'publish and lose the answer' },
  ];
  expect(await play(twin('lite'), script)).toEqual([
    '0 subscribe',
    '1 message',
    '  0 t/a hi 2 {}',
    '2 drop connection',
    '  0 Left Interrupted',
    '3 publish',
    '  published Unauthorized',
    '4 publish and never hear of it',
    '  0 t/own lost 4 {}',
    '  published TimedOut',
    '5 publish and lose the answer',
    '  0 Left Interrupted',
    '  published ConnectionLost',
  ]);
});

test('the scripts see all kinds of what can happen', async () => {
  const seen = new Set<string>();
  for (const script of fc.sample(scripts, { seed: 5, numRuns: 80 })) {
    for (const profile of ['classic', 'lite'] as const) {
      for (const line of await play(twin(profile), script)) seen.add(line.replace(/^ {2}\d+ /, '').replace(/^(t\/\S+) .*/, '$1'));
    }
  }
  expect([...seen].filter(line => !/^\d/.test(line)).sort()).toMatchInlineSnapshot(`
    [
      "  published ConnectionLost",
      "  published InvalidRequest",
      "  published ServiceFault OfflineQos0Dropped",
      "  published ServiceFault PublishFailed",
      "  published ServiceFault SpoolFull",
      "  published TimedOut",
      "  published TokenRefused",
      "  published Unauthorized",
      "  published mqtt-socket",
      "  published spooler",
      "Left Interrupted",
      "Left ServiceFault",
      "Left TimedOut",
      "Left TokenRefused",
      "Left Unauthorized",
      "complete",
      "t/a",
      "t/a/deep",
      "t/b",
      "t/burst",
      "t/early",
      "t/out",
      "t/own",
    ]
  `);
});
