import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { startLocalNucleus, type LocalNucleus, type Profile, type RecipeComponent } from '../../src/local/index.js';
import { COMPONENT, event, Example } from './example.js';
import { javaExamples } from './java-examples.js';
import { javaJars, python } from './peers.js';
import { recipeOf } from '../kit/component/recipe-of.js';

const TOPIC = 'my/topic';
const PROFILES: readonly Profile[] = ['classic', 'lite'];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The component, with a limit that a deployment gives it. */
function deployed(limit: number): RecipeComponent {
  const accessControl = { 'aws.greengrass.ipc.pubsub': { 'peer:local:1': { operations: ['*'], resources: [TOPIC] } } };
  const recipe = recipeOf(COMPONENT, { accessControl, config: { limit: 1 } });
  return { recipe, configurationUpdate: { merge: { config: { limit } } } };
}

const start = (profile: Profile): Promise<LocalNucleus> => startLocalNucleus({ profile, components: [deployed(1)] });
/** What a component sees of an update that it defers once. Greengrass Lite announces none. */
async function seesAnUpdate(nucleus: LocalNucleus, example: Example): Promise<void> {
  if (nucleus.profile === 'lite') {
    await example.prints('no updates here');
    return;
  }
  await example.prints('waits for updates');
  const rollingOut = nucleus.rollOut([deployed(2)], { notifyComponents: true });
  await example.prints('defers');
  await example.prints('lets go on');
  await example.prints('updated');
  expect(await rollingOut).toMatchObject({ status: 'SUCCEEDED' });
}

/** A deployment that the component refuses; Greengrass Lite asks nobody. */
async function isRefused(nucleus: LocalNucleus, example: Example): Promise<void> {
  await example.prints('validates');
  expect(await nucleus.rollOut([deployed(2)])).toMatchObject({
    status: 'FAILED_NO_STATE_CHANGE',
    reason: expect.stringContaining('message = not today') as unknown,
  });
  expect(await example.ends()).toBe(0);
}

describe.skipIf(python === undefined).each(PROFILES)('the SDK for Python on %s, unchanged', profile => {
  const run = (nucleus: LocalNucleus, name: string, ...args: readonly string[]): Example =>
    new Example(nucleus, python ?? '', [here(`python/${name}.py`), ...args]);

  test('local topics: the subscriber gets bytes and JSON of the publisher', async () => {
    await using nucleus = await start(profile);
    await using subscriber = run(nucleus, 'subscribe_to_topic', TOPIC);
    await subscriber.prints('Subscribed');
    await using publisher = run(nucleus, 'publish_to_topic', TOPIC);
    await publisher.prints('Published');
    await subscriber.prints(`${TOPIC}: Hello, World`);
    await subscriber.prints(`${TOPIC}: 21.5`);
  });

  test('configuration is written and read, and the state is reported', async () => {
    await using nucleus = await start(profile);
    const reported = event(nucleus, 'stateReported');
    await using example = run(nucleus, 'configuration_and_state');
    await example.prints('5');
    await example.prints('Reported');
    expect(await reported).toMatchObject({ component: COMPONENT, state: 'RUNNING' });
  });

  test('a change of the configuration by a deployment is told', async () => {
    await using nucleus = await start(profile);
    await using example = run(nucleus, 'configuration_updates', 'follow');
    await example.prints('follows');
    nucleus.deploy(deployed(2));
    await example.prints('changed config/limit');
    expect(await example.ends()).toBe(0);
  });

  test('an update is deferred once and then goes on', async () => {
    await using nucleus = await start(profile);
    await using example = run(nucleus, 'component_updates');
    await seesAnUpdate(nucleus, example);
    expect(await example.ends()).toBe(0);
  });
});

test.skipIf(python === undefined)('the SDK for Python refuses a configuration before it takes effect', async () => {
  await using nucleus = await start('classic');
  await using example = new Example(nucleus, python ?? '', [here('python/configuration_updates.py'), 'validate']);
  await isRefused(nucleus, example);
});

describe.skipIf(javaJars === undefined)('the SDK for Java, unchanged', () => {
  const command = javaExamples();
  const run = (nucleus: LocalNucleus, ...args: readonly string[]): Example => {
    const [file, ...rest] = command('com.example.peers.NucleusServices', ...args);
    return new Example(nucleus, file, rest);
  };

  test.each(PROFILES)('on %s: it gets its own local messages, JSON and bytes, and the refusal of its model', async profile => {
    await using nucleus = await start(profile);
    await using example = run(nucleus, 'local', TOPIC);
    await example.prints(`json ${TOPIC} {celsius=21.5}`);
    await example.prints(`binary ${TOPIC} Hello, Java`);
    await example.prints('unauthorized');
    expect(await example.ends()).toBe(0);
  });

  test.each(PROFILES)('on %s: it writes its configuration, reads it, and is told what a deployment changes', async profile => {
    await using nucleus = await start(profile);
    await using example = run(nucleus, 'configuration');
    await example.prints('read 5');
    nucleus.deploy(deployed(2));
    await example.prints('changed config/limit');
    expect(await example.ends()).toBe(0);
  });

  test.each(PROFILES)('on %s: it reports that it runs, defers an update once and lets it go on', async profile => {
    await using nucleus = await start(profile);
    const reported = event(nucleus, 'stateReported');
    await using example = run(nucleus, 'updates');
    expect(await reported).toMatchObject({ component: COMPONENT, state: 'RUNNING' });
    await seesAnUpdate(nucleus, example);
    expect(await example.ends()).toBe(0);
  });

  test('on classic: it refuses a configuration before it takes effect', async () => {
    await using nucleus = await start('classic');
    await using example = run(nucleus, 'validate');
    await isRefused(nucleus, example);
  });
});
