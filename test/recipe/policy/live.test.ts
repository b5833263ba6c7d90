import { describe, expect, test } from 'vitest';
import { readRecipe, type NucleusEvent, type Recipe } from '../../../src/local/index.js';
import { COMPONENT, PROFILES, allow, start } from '../../kit/nucleus/nuclei.js';
import { RawClient, eventOf } from '../../kit/nucleus/raw-client.js';

function recipe(accessControl: unknown, others: Record<string, unknown> = {}, version = '1.0.0'): Recipe {
  const read = readRecipe(
    JSON.stringify({
      RecipeFormatVersion: '2020-01-25',
      ComponentName: COMPONENT,
      ComponentVersion: version,
      ComponentConfiguration: { DefaultConfiguration: { ...others, accessControl } },
      Manifests: [{ Lifecycle: { run: 'x' } }],
    }),
  );
  if (read._tag === 'Left') throw read.left;
  return read.right;
}

/** Whether each topic may be published on, asked of the nucleus itself. */
async function may(client: RawClient, firstStream: number, ...topics: readonly string[]): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const [i, topic] of topics.entries()) {
    client.publish(firstStream + i, topic, 'x');
    answers.push((await client.next()).type === 0);
  }
  return answers;
}

describe.each(PROFILES)('%s: policies that change', profile => {
  test('count from the next request on, and what is subscribed stays', async () => {
    await using nucleus = await start(profile, { components: [{ name: COMPONENT, accessControl: allow('old/#') }] });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'old/#');
    await client.next();
    nucleus.deploy({ name: COMPONENT, accessControl: allow('new/#') });
    expect(await may(client, 2, 'old/a', 'new/a')).toEqual([false, true]);
    nucleus.publish({ topicName: 'old/a', payload: 'still' });
    expect(eventOf(await client.next())).toEqual({ topicName: 'old/a', text: 'still' });
  });

  test('are those of the recipe only after a reset: what is on the device wins', async () => {
    await using nucleus = await start(profile, { components: [{ recipe: recipe(allow('old/#')) }] });
    const events: NucleusEvent[] = [];
    nucleus.observe(event => events.push(event));
    const client = await RawClient.accepted(nucleus, COMPONENT);
    const inactive = nucleus.deploy({ recipe: recipe(allow('new/#'), {}, '1.1.0') });
    expect(inactive.problems).toEqual([expect.stringContaining('policy policy:1 is not as the recipe has it')]);
    expect(await may(client, 1, 'old/a', 'new/a')).toEqual([true, false]);
    expect(events).toContainEqual({ kind: 'policy', component: COMPONENT, problem: inactive.problems[0] });

    const second = { 'aws.greengrass.ipc.mqttproxy': { 'policy:2': { operations: ['*'], resources: ['more/#'] } } };
    expect(nucleus.deploy({ recipe: recipe(second) }).problems).toEqual([]);
    expect(await may(client, 3, 'old/a', 'more/a')).toEqual([true, true]);

    expect(nucleus.deploy({ recipe: recipe(allow('new/#')), configurationUpdate: { reset: ['/accessControl'] } }).problems).toEqual([]);
    expect(await may(client, 5, 'old/a', 'new/a', 'more/a')).toEqual([false, true, false]);
  });

  test('can come from merge, which replaces lists whole', async () => {
    await using nucleus = await start(profile, {
      components: [{ recipe: recipe(allow('a', 'b')), configurationUpdate: { merge: { accessControl: allow('c') } } }],
    });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    expect(await may(client, 1, 'a', 'b', 'c')).toEqual([false, false, true]);
  });

  test('belong to a component that is deployed while it runs, with a token of its own', async () => {
    await using nucleus = await start(profile, { components: [] });
    expect(() => nucleus.authToken(COMPONENT)).toThrow('nor deployed later');
    const { configuration } = nucleus.deploy({ recipe: recipe(allow('a'), { seconds: 1 }) });
    expect(configuration).toEqual({ seconds: 1, accessControl: allow('a') });
    const token = nucleus.authToken(COMPONENT);
    nucleus.deploy({ recipe: recipe(allow('b')) });
    expect(nucleus.authToken(COMPONENT)).toBe(token);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    expect(await may(client, 1, 'a', 'b')).toEqual([true, false]);
  });

  test('have their recipe variables filled in: on lite always, on classic if the device says so', async () => {
    const components = [{ recipe: recipe(allow('{iot:thingName}/{configuration:/site}'), { site: 'north' }) }];
    await using plain = await start(profile, { components });
    await using told = await start(profile, { components, interpolateComponentConfiguration: true, thingName: 'thing-1' });
    expect(await may(await RawClient.accepted(plain, COMPONENT), 1, 'local-thing/north')).toEqual([profile === 'lite']);
    expect(await may(await RawClient.accepted(told, COMPONENT), 1, 'thing-1/north')).toEqual([true]);
  });
});

test('a policy as JSON text counts on classic and not on lite', async () => {
  const components = [{ name: COMPONENT, accessControl: JSON.stringify(allow('a')) }];
  await using classic = await start('classic', { components });
  await using lite = await start('lite', { components });
  expect(await may(await RawClient.accepted(classic, COMPONENT), 1, 'a')).toEqual([true]);
  expect(await may(await RawClient.accepted(lite, COMPONENT), 1, 'a')).toEqual([false]);
});
