import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import {
  currentPlatform,
  interpolate,
  manifestFor,
  readRecipe,
  startLocalNucleus,
  type ComponentEnvironment,
  type LocalNucleus,
  type NucleusEvent,
  type Profile,
  type Recipe,
} from '../../src/local/index.js';
import { PROFILES } from '../kit/nucleus/nuclei.js';
import { build, unpack } from '../kit/process/built.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { follow, temporaryFolder } from '../kit/process/run-cli.js';

const EDGE = fileURLToPath(new URL('components/edge-aggregator.mjs', import.meta.url));

const STEPS = ['run', 'startup'] as const;

const out = mkdtempSync(join(tmpdir(), 'ggrx-built-'));
afterAll(() => rmSync(out, { recursive: true }));
let building: ReturnType<typeof build> | undefined;

/** What is built is the same for every step and every nucleus: it is built once. */
async function archive(): Promise<string> {
  building ??= build(process.cwd(), EDGE, '--out', out);
  expect(await building).toMatchObject({ code: 0 });
  return join(out, 'EdgeAggregator.zip');
}

/** The derived recipe, and what a device has when it has unpacked the archive. */
async function unpacked(step: (typeof STEPS)[number], profile: Profile) {
  const { stdout: text } = await inProcess(['recipe', EDGE, '--lifecycle', step]);
  const recipe = read(text);
  const lifecycle = manifestFor(recipe, currentPlatform(profile))?.lifecycle;
  const script = lifecycle?.steps[step]?.script ?? 'exit 99';
  const rootPath = temporaryFolder();
  const [decompressedPath, workPath] = [join(rootPath, 'unpacked'), join(rootPath, 'work')];
  mkdirSync(workPath);
  unpack(await archive(), join(decompressedPath, 'EdgeAggregator'));
  const variables = {
    componentName: recipe.componentName,
    componentVersion: recipe.componentVersion,
    configuration: recipe.defaultConfiguration,
    thingName: 'thing',
    rootPath,
    decompressedPath,
    workPath,
  };
  const setenv = Object.fromEntries(Object.entries(lifecycle?.setenv ?? {}).map(([name, value]) => [name, interpolate(value, variables)]));
  const run = (script: string, environment: ComponentEnvironment) => {
    const env = { PATH: process.env['PATH'], ...environment, ...setenv };
    const child = spawn('sh', ['-c', interpolate(script, variables)], { cwd: workPath, env, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    return follow(child);
  };
  return { text, recipe, script, shutdown: lifecycle?.steps.shutdown?.script ?? 'exit 99', run };
}

function read(text: string): Recipe {
  const recipe = readRecipe(text);
  if (recipe._tag === 'Left') throw recipe.left;
  return recipe.right;
}

function until(nucleus: LocalNucleus, done: (event: NucleusEvent) => boolean): Promise<void> {
  return new Promise(resolve => {
    const off = nucleus.observe(event => {
      if (!done(event)) return;
      off();
      resolve();
    });
  });
}

// Derived recipes are for Linux.
test.skipIf(IS_WINDOWS).each(PROFILES.flatMap(profile => STEPS.map(step => [step, profile] as const)))(
  'what the derived recipe says, with the step %s, is run and stopped as a %s device does it, under its policies',
  async (step, profile) => {
    const { recipe, script, shutdown, run } = await unpacked(step, profile);
    const configurationUpdate = { merge: { config: { deadband: 5 } } };
    await using nucleus = await startLocalNucleus({ profile, components: [{ recipe, configurationUpdate }] });
    const events: NucleusEvent[] = [];
    nucleus.observe(event => events.push(event));
    let missing = 3;
    const subscribed = until(nucleus, ({ kind }) => kind === 'subscribed' && --missing === 0);
    const echoed = until(nucleus, event => event.kind === 'published' && event.topicName === 'alarms/s1');
    const reported = until(nucleus, event => event.kind === 'stateReported' && event.state === 'RUNNING');
    const environment = nucleus.environment(recipe.componentName);
    const component = run(script, environment);
    await subscribed;
    await reported;
    nucleus.publish({ topicName: 'sensors/s1/temperature', payload: '{"celsius":4}' });
    nucleus.publish({ topicName: 'sensors/s1/temperature', payload: '{"celsius":6}' });
    nucleus.publish({ topicName: 'sensors/s1/alarm', payload: 'hot' });
    await echoed;
    expect(await run(shutdown, environment).ended).toEqual({ code: 0, signal: null });
    expect(await component.ended).toEqual({ code: 0, signal: null });
    const batches = events.flatMap(event =>
      event.kind === 'published' && event.topicName === 'telemetry/mean' ? [Buffer.from(event.payload).toString()] : [],
    );
    // One of two readings is over the deadband that the device has configured.
    expect(batches).toEqual(['1']);
    expect(events.filter(event => event.kind === 'failed')).toEqual([]);
  },
);

test.skipIf(IS_WINDOWS).each(PROFILES)(
  'a deployment of the derived startup recipe whose configuration its codec refuses fails on %s; classic goes back to the version before',
  async profile => {
    const { text, recipe, run } = await unpacked('startup', profile);
    await using nucleus = await startLocalNucleus({
      profile,
      components: [],
      startProcess: ({ script, environment }) => {
        const { child, ended } = run(script, environment);
        return { ended: ended.then(({ code }) => code), signal: name => void child.kill(name) };
      },
    });
    const states: string[] = [];
    nucleus.observe(event => {
      if (event.kind === 'stateChanged') states.push(event.state);
    });
    expect(await nucleus.rollOut([{ recipe }])).toMatchObject({ status: 'SUCCEEDED' });
    const next = read(text.replace('ComponentVersion: 1.2.0', 'ComponentVersion: 1.3.0'));
    const outcome = await nucleus.rollOut([{ recipe: next, configurationUpdate: { merge: { config: { deadband: 'much' } } } }]);
    expect(outcome.status).toBe(profile === 'classic' ? 'FAILED_ROLLBACK_COMPLETE' : 'FAILED_ROLLBACK_NOT_REQUESTED');
    expect(states.filter(state => state === 'BROKEN').length).toBe(1);
    if (profile === 'classic') expect(states.slice(-2)).toEqual(['STARTING', 'RUNNING']);
    const { deadband } = nucleus.deploy({ recipe }).configuration['config'] as { readonly deadband: unknown };
    expect(deadband).toBe(profile === 'classic' ? 0.5 : 'much');
  },
);
