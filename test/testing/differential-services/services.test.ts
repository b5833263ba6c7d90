import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scripts } from './scripts.js';
import { play, type Step, SCRIPT_FAULTS, type World } from './services.js';
import { overASocket, twin } from './worlds.js';
import { timeLimit } from '../../../scripts/time-limit.js';

/** Random ones: `npm run differential`. One that failed again: `DIFFERENTIAL_SEED=… npm run differential`. */
const { DIFFERENTIAL_RUNS, DIFFERENTIAL_SEED } = process.env;
const RUNS = Number(DIFFERENTIAL_RUNS ?? 40);
const SEED = DIFFERENTIAL_SEED === undefined ? (DIFFERENTIAL_RUNS === undefined ? { seed: 7 } : {}) : { seed: Number(DIFFERENTIAL_SEED) };

describe.each(['classic', 'lite'] as const)('%s: a script of local messages, deployments, updates and faults', profile => {
  test('gives the same in memory as over the socket', { timeout: timeLimit(RUNS * 500) }, async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async script => {
        expect(await play(twin(profile), script)).toEqual(await play(await overASocket(profile), script));
      }),
      { numRuns: RUNS, ...SEED },
    );
  });
});

test('a script sees something happen', async () => {
  const script: Step[] = [
    { do: 'subscribe', topic: 't/#' },
    { do: 'follow', keyPath: ['config', 'limit'] },
    { do: 'watch updates' },
    { do: 'neighbour publishes', request: { topic: 't/a', json: { celsius: 21.5 } } },
    { do: 'deploy', config: { limit: 'many', unit: 'C' } },
    { do: 'announce an update' },
    { do: 'drop connection' },
    { do: 'report', state: 'RUNNING' },
  ];
  expect(await play(twin('classic'), script)).toEqual([
    '0 subscribe',
    '1 follow',
    '  1 1',
    '2 watch updates',
    '3 neighbour publishes',
    '  0 t/a json {"celsius":21.5} 16',
    '  nucleus: com.example.Neighbour published JSON to t/a',
    '  nucleus: t/a went to com.example.Component',
    '4 deploy',
    '  1 Left ConfigurationInvalid',
    '  nucleus: configuration changed at config/limit',
    '5 announce an update',
    '  2 an update begins',
    '  2 an update is over',
    '  nucleus: announced an update',
    '  nucleus: was answered with 0',
    '6 drop connection',
    '  0 Left Interrupted',
    '  2 Left Interrupted',
    '  1 Left Interrupted',
    '7 report',
    '  report: done',
    '  nucleus: told to be RUNNING',
  ]);
});

/** What could be wrong with one of the two, each alone; and the step that a script needs to come to it. */
const PLANTED: readonly (readonly [what: string, step: Step['do'] | undefined, plant: (world: World) => World])[] = [
  ['a deployment that changes nothing', 'deploy', world => ({ ...world, deploy: () => undefined })],
  ['an update that is not announced', 'announce an update', world => ({ ...world, announce: () => undefined })],
  ['a local message that is lost', 'neighbour publishes', world => ({ ...world, neighbour: () => undefined })],
  [
    'a local JSON message that comes as bytes',
    'neighbour publishes',
    world => ({
      ...world,
      neighbour: request => world.neighbour({ topic: request.topic, payload: request.payload ?? JSON.stringify(request.json) }),
    }),
  ],
  [
    'a clock that goes slower',
    undefined,
    world => ({ ...world, pass: milliseconds => world.pass(milliseconds === 15_000 ? 9_000 : milliseconds) }),
  ],
  ...SCRIPT_FAULTS.map(
    fault =>
      [
        `"${fault}", which does nothing`,
        fault,
        (world: World): World => ({ ...world, inflict: word => (word === fault ? undefined : world.inflict(word)) }),
      ] as const,
  ),
];

test.each(PLANTED)('a difference is found: %s', async (_, step, plant) => {
  const found = await fc.check(
    fc.asyncProperty(scripts, fc.constantFrom('classic' as const, 'lite' as const), async (script, profile) => {
      fc.pre(step === undefined || script.some(one => one.do === step));
      expect(await play(plant(twin(profile)), script)).toEqual(await play(twin(profile), script));
    }),
    { numRuns: 500, seed: 7, endOnFailure: true },
  );
  // It also fails when too few scripts have the step: that finds nothing.
  expect(found.counterexample).not.toBeNull();
});
