import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { currentPlatform, interpolate, manifestFor, readRecipe, startLocalNucleus, type NucleusEvent } from '../../src/local/index.js';
import { PROFILES } from '../kit/nucleus/nuclei.js';
import { follow, runCli, temporaryFolder } from '../kit/process/run-cli.js';

const EDGE = fileURLToPath(new URL('components/edge-aggregator.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const STEPS = ['run', 'startup'] as const;

test.each(PROFILES.flatMap(profile => STEPS.map(step => [step, profile] as const)))(
  'what the derived recipe says, with the step %s, is run and stopped as a %s device does it, under its policies',
  async (ownStep, profile) => {
    const derived = runCli(['recipe', EDGE, '--lifecycle', ownStep]);
    await derived.ended;
    const read = readRecipe(derived.stdout());
    if (read._tag === 'Left') throw read.left;
    const recipe = read.right;
    const lifecycle = manifestFor(recipe, currentPlatform(profile))?.lifecycle;

    // What a device has when it has unpacked the archive.
    const rootPath = temporaryFolder();
    const [unpacked, work] = [join(rootPath, 'unpacked'), join(rootPath, 'work')];
    mkdirSync(join(unpacked, 'EdgeAggregator', 'node_modules'), { recursive: true });
    mkdirSync(work);
    symlinkSync(ROOT, join(unpacked, 'EdgeAggregator', 'node_modules', 'greengrass-rx'));
    const main = /run "[^"]*\/EdgeAggregator\/([^"]+)"/.exec(lifecycle?.steps[ownStep]?.script ?? '')?.[1] ?? '';
    mkdirSync(join(unpacked, 'EdgeAggregator', main, '..'), { recursive: true });
    symlinkSync(EDGE, join(unpacked, 'EdgeAggregator', main));

    await using nucleus = await startLocalNucleus({
      profile,
      components: [{ recipe, configurationUpdate: { merge: { config: { deadband: 5 } } } }],
    });
    const events: NucleusEvent[] = [];
    const until = (done: (event: NucleusEvent) => boolean): Promise<void> =>
      new Promise(resolve => {
        const off = nucleus.observe(event => {
          if (!done(event)) return;
          off();
          resolve();
        });
      });
    nucleus.observe(event => events.push(event));
    let missing = 3;
    const subscribed = until(({ kind }) => kind === 'subscribed' && --missing === 0);
    const echoed = until(event => event.kind === 'published' && event.topicName === 'alarms/s1');
    const variables = {
      componentName: recipe.componentName,
      componentVersion: recipe.componentVersion,
      configuration: recipe.defaultConfiguration,
      thingName: 'thing',
      rootPath,
      decompressedPath: unpacked,
      workPath: work,
    };
    const setenv = Object.fromEntries(
      Object.entries(lifecycle?.setenv ?? {}).map(([name, value]) => [name, interpolate(value, variables)]),
    );
    const env = { PATH: process.env['PATH'], ...nucleus.environment(recipe.componentName), ...setenv };
    const step = (script = 'exit 99') => {
      const child = spawn('sh', ['-c', interpolate(script, variables)], { cwd: work, env, stdio: ['ignore', 'pipe', 'pipe'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      return follow(child);
    };

    const reported = until(event => event.kind === 'stateReported' && event.state === 'RUNNING');
    const run = step(lifecycle?.steps[ownStep]?.script);
    await subscribed;
    await reported;
    nucleus.publish({ topicName: 'sensors/s1/temperature', payload: '{"celsius":4}' });
    nucleus.publish({ topicName: 'sensors/s1/temperature', payload: '{"celsius":6}' });
    nucleus.publish({ topicName: 'sensors/s1/alarm', payload: 'hot' });
    await echoed;
    expect(await step(lifecycle?.steps.shutdown?.script).ended).toEqual({ code: 0, signal: null });
    expect(await run.ended).toEqual({ code: 0, signal: null });
    const batches = events.flatMap(event =>
      event.kind === 'published' && event.topicName === 'telemetry/mean' ? [Buffer.from(event.payload).toString()] : [],
    );
    // One of two readings is over the deadband that the device has configured.
    expect(batches).toEqual(['1']);
    expect(events.filter(event => event.kind === 'failed')).toEqual([]);
  },
);
