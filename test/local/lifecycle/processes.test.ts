import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  readRecipe,
  startLocalNucleus,
  type ComponentState,
  type LocalNucleus,
  type ProcessStart,
  type Profile,
  type Recipe,
  type RollOut,
} from '../../../src/local/index.js';
import { UPDATE_STATE } from '../../../src/shared/operations.js';
import { COMPONENT, OTHER, PROFILES } from '../../kit/nucleus/nuclei.js';
import { RawClient } from '../../kit/nucleus/raw-client.js';
import { HandClock } from '../../kit/time/hand-clock.js';

function recipe(lifecycle: object, version = '1.0.0', name = COMPONENT, colour = 'blue'): Recipe {
  const read = readRecipe(
    JSON.stringify({
      RecipeFormatVersion: '2020-01-25',
      ComponentName: name,
      ComponentVersion: version,
      ComponentConfiguration: { DefaultConfiguration: { colour } },
      Manifests: [{ Platform: { os: '*', runtime: '*' }, Lifecycle: lifecycle }],
    }),
  );
  if (read._tag === 'Left') throw read.left;
  return read.right;
}

const STARTUP = { startup: { Script: 'exec node main.js', Timeout: 5 } };
const RUN = { run: 'exec node main.js' };

/** A process that does what its test says. A signal ends it, unless it is stubborn. */
class FakeProcess {
  readonly ended: Promise<number | null>;
  readonly signals: string[] = [];
  #end: (code: number | null) => void = () => undefined;

  readonly start: ProcessStart;
  readonly isStubborn: boolean;

  constructor(start: ProcessStart, isStubborn: boolean) {
    this.start = start;
    this.isStubborn = isStubborn;
    this.ended = new Promise(resolve => (this.#end = resolve));
  }

  readonly exit = (code: number): void => this.#end(code);

  readonly signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
    this.signals.push(name);
    if (name === 'SIGKILL' || !this.isStubborn) this.#end(null);
  };
}

class Device {
  readonly clock = new HandClock();
  readonly processes: FakeProcess[] = [];
  readonly states: string[] = [];
  isStubborn = false;
  /** What a process does as soon as it has started. */
  atStart: (process: FakeProcess) => void = () => undefined;

  static async begin(profile: Profile): Promise<Device & { readonly nucleus: LocalNucleus }> {
    const device = new Device();
    const nucleus = await startLocalNucleus({
      profile,
      clock: device.clock,
      components: [],
      startProcess: start => {
        const process = new FakeProcess(start, device.isStubborn);
        device.processes.push(process);
        device.atStart(process);
        return process;
      },
    });
    onTestFinished(() => {
      device.isStubborn = false;
      for (const process of device.processes) process.exit(0);
      return nucleus.stop();
    });
    nucleus.observe(event => {
      if (event.kind === 'stateChanged') device.states.push(`${event.component.replace('com.example.', '')} ${event.state}`);
    });
    return Object.assign(device, { nucleus });
  }

  get last(): FakeProcess {
    const last = this.processes.at(-1);
    if (last === undefined) throw new Error('no process was started');
    return last;
  }

  /** Lets virtual time pass second by second, and lets whatever follows happen in between. */
  async pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 500) {
      await new Promise(setImmediate);
      this.clock.advance(500);
    }
    await new Promise(setImmediate);
  }

  /** The outcome of a deployment, for which time passes. */
  async outcome(rollingOut: Promise<RollOut>): Promise<RollOut> {
    let outcome: RollOut | undefined;
    void rollingOut.then(is => (outcome = is));
    while (outcome === undefined) await this.pass(500);
    return outcome;
  }
}

const report = async (nucleus: LocalNucleus, state: ComponentState, component = COMPONENT): Promise<void> => {
  const client = await RawClient.accepted(nucleus, component);
  client.request(1, UPDATE_STATE, { state });
  await client.next();
  client.close();
};

describe.each(PROFILES)(`%s`, profile => {
  test('a startup step is waited for until the component reports that it runs; what it is started with is told', async () => {
    const device = await Device.begin(profile);
    const { nucleus } = device;
    let isDone = false;
    const rollingOut = nucleus.rollOut([{ recipe: recipe(STARTUP) }]).finally(() => (isDone = true));
    await device.pass(4000);
    expect([isDone, device.states]).toEqual([false, ['Test STARTING']]);
    expect(device.last.start).toMatchObject({
      step: 'startup',
      script: 'exec node main.js',
      environment: { SVCUID: nucleus.authToken(COMPONENT) },
    });
    await report(nucleus, 'RUNNING');
    expect(await device.outcome(rollingOut)).toMatchObject({ status: 'SUCCEEDED' });
    expect(device.states).toEqual(['Test STARTING', 'Test RUNNING']);
  });

  test.each([
    ['ends with another code than 0', (process: FakeProcess) => process.exit(3)],
    ['does not report', () => undefined],
  ])('a startup step that %s three times fails the deployment', async (_, atStart) => {
    const device = await Device.begin(profile);
    device.atStart = atStart;
    const outcome = await device.outcome(device.nucleus.rollOut([{ recipe: recipe(STARTUP) }]));
    expect(outcome).toMatchObject(
      profile === 'classic'
        ? { status: 'FAILED_ROLLBACK_COMPLETE', reason: `Service ${COMPONENT} in broken state after deployment` }
        : { status: 'FAILED_ROLLBACK_NOT_REQUESTED', reason: `${COMPONENT} is broken.` },
    );
    expect(device.processes.length).toBe(3);
    expect(device.states.filter(state => state === 'Test STARTING').length).toBe(3);
    if (profile === 'classic') expect(() => device.nucleus.authToken(COMPONENT)).toThrow('No component');
    else expect(device.nucleus.authToken(COMPONENT)).not.toBe('');
  });

  test('an end with 0 after the report leaves it RUNNING without a process', async () => {
    const device = await Device.begin(profile);
    const rollingOut = device.nucleus.rollOut([{ recipe: recipe(STARTUP) }]);
    await device.pass(500);
    await report(device.nucleus, 'RUNNING');
    await device.outcome(rollingOut);
    device.last.exit(0);
    await device.pass(60_000);
    expect([device.states.at(-1), device.processes.length]).toEqual(['Test RUNNING', 1]);
  });

  test('a run step runs as soon as it is started: three quick failures fail the deployment, one that is seen running does not', async () => {
    const device = await Device.begin(profile);
    device.atStart = process => process.exit(78);
    expect(await device.outcome(device.nucleus.rollOut([{ recipe: recipe(RUN) }]))).toMatchObject({
      status: profile === 'classic' ? 'FAILED_ROLLBACK_COMPLETE' : 'FAILED_ROLLBACK_NOT_REQUESTED',
    });
    device.atStart = () => undefined;
    expect(await device.outcome(device.nucleus.rollOut([{ recipe: recipe(RUN, '2.0.0') }]))).toMatchObject({ status: 'SUCCEEDED' });
    for (const _ of [1, 2, 3]) {
      device.last.exit(78);
      await device.pass(2000);
    }
    expect(device.states.at(-1)).toBe('Test BROKEN');
  });

  test('a run step that ends with 0 is FINISHED, and the deployment has succeeded', async () => {
    const device = await Device.begin(profile);
    device.atStart = process => process.exit(0);
    expect(await device.outcome(device.nucleus.rollOut([{ recipe: recipe(RUN) }]))).toMatchObject({ status: 'SUCCEEDED' });
    expect(device.states).toEqual(['Test STARTING', 'Test RUNNING', 'Test FINISHED']);
  });

  test('a process is ended before the next version is started, by force where it does not end; another configuration alone leaves it', async () => {
    const device = await Device.begin(profile);
    device.isStubborn = true;
    await device.outcome(device.nucleus.rollOut([{ recipe: recipe(RUN) }]));
    const configuration = device.nucleus.rollOut([{ recipe: recipe(RUN), configurationUpdate: { merge: { colour: 'red' } } }]);
    expect(await device.outcome(configuration)).toMatchObject({ status: 'SUCCEEDED', deployments: [{ configuration: { colour: 'red' } }] });
    expect(device.processes.length).toBe(1);
    await device.outcome(device.nucleus.rollOut([{ recipe: recipe(RUN, '2.0.0') }]));
    expect(device.processes.map(({ signals }) => signals)).toEqual([['SIGTERM', 'SIGKILL'], []]);
    expect(device.states.slice(2)).toEqual(['Test STOPPING', 'Test FINISHED', 'Test STARTING', 'Test RUNNING']);
  });
});

test.each(PROFILES)('%s: a version without a process ends that of the one before', async profile => {
  const device = await Device.begin(profile);
  await device.outcome(device.nucleus.rollOut([{ recipe: recipe(RUN) }]));
  const next = device.nucleus.rollOut([{ recipe: recipe({ install: 'true' }, '2.0.0') }]);
  expect(await device.outcome(next)).toMatchObject({ status: 'SUCCEEDED' });
  expect([device.processes.length, device.last.signals, device.states.at(-1)]).toEqual([1, ['SIGTERM'], 'Test FINISHED']);
});

test('classic: a rolled back deployment puts every component of it back to its version and configuration, and starts it again', async () => {
  const device = await Device.begin('classic');
  const { nucleus } = device;
  await device.outcome(nucleus.rollOut([{ recipe: recipe(RUN, '1.0.0', OTHER) }]));
  device.atStart = ({ start, exit }) => {
    if (start.recipe.componentName === COMPONENT) exit(3);
  };
  const next = [{ recipe: recipe(STARTUP) }, { recipe: recipe(RUN, '2.0.0', OTHER), configurationUpdate: { merge: { colour: 'red' } } }];
  expect(await device.outcome(nucleus.rollOut(next))).toMatchObject({ status: 'FAILED_ROLLBACK_COMPLETE' });
  const others = device.processes.map(({ start }) => start.recipe).filter(({ componentName }) => componentName === OTHER);
  expect(others.map(({ componentVersion }) => componentVersion)).toEqual(['1.0.0', '2.0.0', '1.0.0']);
  expect(nucleus.deploy({ recipe: recipe(RUN, '1.0.0', OTHER) }).configuration).toEqual({ colour: 'blue' });
});

test('classic: where nobody asks for a rollback the broken component stays, and breaks the next deployment', async () => {
  const device = await Device.begin('classic');
  device.atStart = ({ start, exit }) => {
    if (start.recipe.componentName === COMPONENT) exit(3);
  };
  const failing = device.nucleus.rollOut([{ recipe: recipe(STARTUP) }], { failureHandlingPolicy: 'DO_NOTHING' });
  expect(await device.outcome(failing)).toMatchObject({ status: 'FAILED_ROLLBACK_NOT_REQUESTED' });
  const other = device.nucleus.rollOut([{ recipe: recipe(RUN, '1.0.0', OTHER) }], { failureHandlingPolicy: 'DO_NOTHING' });
  expect(await device.outcome(other)).toMatchObject({ reason: `Service ${COMPONENT} in broken state after deployment` });
  expect(device.processes.length).toBe(7);
});

test('classic: a version that cannot be gone back to, because it does not start any more either, says so', async () => {
  const device = await Device.begin('classic');
  await device.outcome(device.nucleus.rollOut([{ recipe: recipe(RUN) }]));
  device.atStart = process => process.exit(3);
  expect(await device.outcome(device.nucleus.rollOut([{ recipe: recipe(STARTUP, '2.0.0') }]))).toMatchObject({
    status: 'FAILED_UNABLE_TO_ROLLBACK',
  });
});

test.each([
  ['classic', 3, 'Test BROKEN'],
  ['lite', 1, 'Test RUNNING'],
] as const)(
  '%s: a report of ERRORED ends the process and counts as a failure on classic, and is nothing on Lite',
  async (profile, processes, state) => {
    const device = await Device.begin(profile);
    const rollingOut = device.nucleus.rollOut([{ recipe: recipe(STARTUP) }]);
    await device.pass(500);
    await report(device.nucleus, 'RUNNING');
    await device.outcome(rollingOut);
    for (const _ of [1, 2, 3]) {
      await report(device.nucleus, 'ERRORED');
      await device.pass(500);
      await report(device.nucleus, 'RUNNING');
    }
    expect([device.processes.length, device.states.at(-1)]).toEqual([processes, state]);
  },
);

test('classic: failures more than an hour apart do not add up', async () => {
  const device = await Device.begin('classic');
  await device.outcome(device.nucleus.rollOut([{ recipe: recipe(RUN) }]));
  for (const _ of [1, 2, 3, 4]) {
    device.last.exit(1);
    await device.pass(500);
    device.clock.advance(3_600_001);
  }
  expect([device.states.at(-1), device.processes.length]).toEqual(['Test RUNNING', 5]);
});

test('lite: a script that execs and ends with 0 before its report has failed; one that ends by itself is ready', async () => {
  const device = await Device.begin('lite');
  device.atStart = process => process.exit(0);
  expect(await device.outcome(device.nucleus.rollOut([{ recipe: recipe(STARTUP) }]))).toMatchObject({ reason: `${COMPONENT} is broken.` });
  const plain = recipe({ startup: 'node main.js &' }, '2.0.0');
  expect(await device.outcome(device.nucleus.rollOut([{ recipe: plain }]))).toMatchObject({ status: 'SUCCEEDED' });
});

test('a process that cannot be signalled keeps the nucleus from nothing', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => void vi.restoreAllMocks());
  const ended = { resolve: (_: null): void => undefined };
  const nucleus = await startLocalNucleus({
    profile: 'classic',
    components: [],
    startProcess: () => ({
      ended: new Promise(resolve => (ended.resolve = resolve)),
      signal: () => {
        ended.resolve(null);
        throw new Error('no such process');
      },
    }),
  });
  const rollingOut = nucleus.rollOut([{ recipe: recipe(STARTUP) }]);
  await new Promise(setImmediate);
  await nucleus.stop();
  expect(await rollingOut).toMatchObject({ reason: 'the local nucleus has been stopped' });
});

test('the processes end with the nucleus, and a deployment under way fails', async () => {
  const device = await Device.begin('classic');
  const rollingOut = device.nucleus.rollOut([{ recipe: recipe(STARTUP) }]);
  await device.pass(500);
  await device.nucleus.stop();
  expect(await rollingOut).toMatchObject({ status: 'FAILED_ROLLBACK_NOT_REQUESTED', reason: 'the local nucleus has been stopped' });
  expect(device.last.signals).toEqual(['SIGTERM']);
  expect(await device.nucleus.rollOut([{ recipe: recipe(STARTUP) }])).toMatchObject({ status: 'FAILED_NO_STATE_CHANGE' });
});

test.each(PROFILES)('%s: where nobody starts processes a deployment of a recipe has succeeded at once', async profile => {
  const nucleus = await startLocalNucleus({ profile, clock: new HandClock(), components: [] });
  onTestFinished(() => nucleus.stop());
  expect(await nucleus.rollOut([{ recipe: recipe(STARTUP) }])).toMatchObject({ status: 'SUCCEEDED' });
});
