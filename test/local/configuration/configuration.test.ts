import { ComponentConfigurations } from '../../../src/local/configuration/component-configurations.js';
import { describe, expect, test } from 'vitest';
import { readRecipe, startLocalNucleus, type LocalNucleus, type Profile, type RecipeComponent } from '../../../src/local/index.js';
import { GET_CONFIGURATION, SUBSCRIBE_TO_CONFIGURATION_UPDATE, UPDATE_CONFIGURATION } from '../../../src/shared/operations.js';
import { COMPONENT, OTHER, PROFILES } from '../../kit/nucleus/nuclei.js';
import { RawClient, body } from '../../kit/nucleus/raw-client.js';

const DEFAULTS = { node: { leaf: 'a', Inner: { deep: 1 } }, list: [1, 'b'], flag: true, empty: {}, big: 'x'.repeat(2000) };

function component(version = '1.0.0', defaults: object = DEFAULTS): RecipeComponent {
  const recipe = readRecipe(
    JSON.stringify({
      RecipeFormatVersion: '2020-01-25',
      ComponentName: COMPONENT,
      ComponentVersion: version,
      ComponentConfiguration: { DefaultConfiguration: defaults },
      Manifests: [{ Platform: { os: 'linux', runtime: '*' }, Lifecycle: { run: 'x' } }],
    }),
  );
  if (recipe._tag === 'Left') throw recipe.left;
  return { recipe: recipe.right };
}

const begin = (profile: Profile, own = component()): Promise<LocalNucleus> =>
  startLocalNucleus({ profile, components: [own, { name: OTHER }] });

/** A client that counts its streams. */
class Client {
  readonly #raw: RawClient;
  #stream = 0;
  /** Events that came while an answer was waited for. */
  skipped = 0;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  static async of(nucleus: LocalNucleus, name = COMPONENT): Promise<Client> {
    return new Client(await RawClient.accepted(nucleus, name));
  }

  /** What the request is answered with: the answer's members, or the error's code and text. */
  async ask(operation: string, request: unknown): Promise<unknown> {
    const id = ++this.#stream;
    this.#raw.request(id, operation, request);
    for (;;) {
      const reply = await this.#raw.next();
      if (reply.streamId !== id) {
        this.skipped++;
        continue;
      }
      if (reply.contentType === 'text/plain') return reply.payload;
      const { _message: message = '', _errorCode: code, ...members } = body(reply);
      return reply.type === 0 ? members : `${String(code)} ${String(message)}`;
    }
  }

  get(keyPath?: unknown, componentName?: string): Promise<unknown> {
    return this.ask(GET_CONFIGURATION, { keyPath, componentName });
  }

  update(keyPath: readonly string[], valueToMerge: unknown, timestamp = '9999999999.5'): Promise<unknown> {
    return this.ask(UPDATE_CONFIGURATION, `${JSON.stringify({ keyPath, valueToMerge }).slice(0, -1)},"timestamp":${timestamp}}`);
  }

  watch(keyPath: readonly string[]): Promise<unknown> {
    return this.ask(SUBSCRIBE_TO_CONFIGURATION_UPDATE, { keyPath, componentName: COMPONENT });
  }

  /** The place that the next event of a subscription names. */
  async change(): Promise<string> {
    const { componentName, keyPath } = body(await this.#raw.next())['configurationUpdateEvent'] as {
      componentName: string;
      keyPath: string[];
    };
    expect(componentName).toBe(COMPONENT);
    return keyPath.join('/');
  }

  close(): void {
    this.#raw.close();
  }
}

const reply = (value: unknown): unknown => ({ componentName: COMPONENT, value });
const NOT_FOUND = { classic: 'ResourceNotFoundError Key not found', lite: 'ResourceNotFoundError Key not found.' };
const INVALID = 'ServiceError Received invalid parameters.';

describe.each(PROFILES)(`%s: GetConfiguration`, profile => {
  test.each<readonly [name: string, keyPath: unknown, value: unknown]>([
    ['a node', ['node', 'Inner'], reply({ deep: 1 })],
    ['a leaf', ['node', 'leaf'], reply({ leaf: 'a' })],
    ['a list', ['list'], reply({ list: [1, 'b'] })],
    ['an empty map', ['empty'], reply({})],
    ['a key that is missing', ['none'], NOT_FOUND[profile]],
    ['a key below a leaf', ['node', 'leaf', 'x'], NOT_FOUND[profile]],
    ['an index into a list', ['list', '0'], NOT_FOUND[profile]],
    ['an empty key', [''], NOT_FOUND[profile]],
    ['another case', ['NODE', 'INNER'], profile === 'classic' ? reply({ deep: 1 }) : NOT_FOUND.lite],
    ['a leaf in another case', ['node', 'LEAF'], profile === 'classic' ? reply({ leaf: 'a' }) : NOT_FOUND.lite],
    ['a text as path', 'node', profile === 'classic' ? 'InternalServerError' : INVALID],
    ['null as path', null, profile === 'classic' ? reply(DEFAULTS) : INVALID],
    ['a number in the path', [1], profile === 'classic' ? NOT_FOUND.classic : INVALID],
    ['13 keys', Array(13).fill('a'), profile === 'classic' ? NOT_FOUND.classic : 'ServiceError Config path depth larger than supported.'],
  ])('%s', async (_, keyPath, expected) => {
    await using nucleus = await begin(profile);
    const client = await Client.of(nucleus);
    expect(await client.get(keyPath)).toEqual(expected);
    client.close();
  });

  test('any component reads that of any other, all of it if asked without a path', async () => {
    await using nucleus = await begin(profile);
    const client = await Client.of(nucleus, OTHER);
    expect(await client.get(undefined, COMPONENT)).toEqual(reply(DEFAULTS));
    expect(await client.get([])).toEqual({ componentName: OTHER, value: {} });
    expect(await client.get([], 'com.example.None')).toBe(NOT_FOUND[profile]);
    client.close();
  });
});

test('lite: an answer over 10 000 bytes is an error without a text', async () => {
  await using nucleus = await begin('lite', component('1.0.0', { a: 'x'.repeat(6000), b: 'x'.repeat(6000) }));
  const client = await Client.of(nucleus);
  expect(await client.get([])).toBe('ServiceError ');
  expect(await client.get(['a'])).toEqual(reply({ a: 'x'.repeat(6000) }));
  client.close();
});

test('lite: what comes from a YAML recipe is a text', async () => {
  const yaml = [
    "RecipeFormatVersion: '2020-01-25'",
    `ComponentName: ${COMPONENT}`,
    "ComponentVersion: '1.0.0'",
    'ComponentConfiguration:',
    '  DefaultConfiguration: { number: 5, flag: true, list: [1, null] }',
    "Manifests: [{ Platform: { os: linux, runtime: '*' }, Lifecycle: { run: x } }]",
  ].join('\n');
  const recipe = readRecipe(yaml, 'recipe.yaml');
  if (recipe._tag === 'Left') throw recipe.left;
  await using nucleus = await begin('lite', { recipe: recipe.right });
  const client = await Client.of(nucleus);
  expect(await client.get([])).toEqual(reply({ number: '5', flag: 'true', list: ['1', 'null'] }));
  client.close();
});

const FORBIDDEN = 'InvalidArgumentsError Config update is not allowed for following field';

describe.each(PROFILES)(`%s: UpdateConfiguration`, profile => {
  const isClassic = profile === 'classic';
  test.each<readonly [name: string, request: string, expected: unknown]>([
    ['a member', '{"keyPath":["node"],"valueToMerge":{"leaf":"b"},"timestamp":9999999999.5}', {}],
    ['no path', '{"valueToMerge":{"new":1},"timestamp":9999999999.5}', {}],
    [
      'no fraction',
      '{"valueToMerge":{"a":1},"timestamp":9999999999}',
      isClassic ? {} : 'InvalidArgumentsError Received invalid parameters.',
    ],
    [
      'a time as text',
      '{"valueToMerge":{"a":1},"timestamp":"9999999999.5"}',
      isClassic ? {} : 'InvalidArgumentsError Received invalid parameters.',
    ],
    [
      'an ISO time',
      '{"valueToMerge":{"a":1},"timestamp":"2026-01-01T00:00:00Z"}',
      isClassic ? 'InternalServerError' : 'InvalidArgumentsError Received invalid parameters.',
    ],
    [
      'no time',
      '{"valueToMerge":{"a":1}}',
      isClassic ? 'InvalidArgumentsError Timestamp is required' : 'InvalidArgumentsError Received invalid parameters.',
    ],
    [
      'no value',
      '{"timestamp":1.5}',
      isClassic ? 'InvalidArgumentsError ValueToMerge is required' : 'InvalidArgumentsError Received invalid parameters.',
    ],
    [
      'a value that is no map',
      '{"keyPath":["flag"],"valueToMerge":false,"timestamp":9999999999.5}',
      isClassic ? 'InternalServerError' : {},
    ],
    [
      'accessControl',
      '{"valueToMerge":{"accessControl":{}},"timestamp":1.5}',
      isClassic ? `${FORBIDDEN}s [accessControl]` : `${FORBIDDEN} [accessControl]`,
    ],
    [
      'a path into accessControl',
      '{"keyPath":["accessControl"],"valueToMerge":{},"timestamp":1.5}',
      isClassic ? `${FORBIDDEN}s [accessControl]` : `${FORBIDDEN} [accessControl]`,
    ],
    ['accessControl in another case', '{"keyPath":["ACCESSCONTROL"],"valueToMerge":{"x":1},"timestamp":9999999999.5}', {}],
    [
      'a map in place of a leaf',
      '{"keyPath":["flag"],"valueToMerge":{"a":7},"timestamp":9999999999.5}',
      isClassic ? {} : 'ServiceError Failed to update the configuration.',
    ],
    [
      'a leaf in place of a map',
      '{"valueToMerge":{"node":1},"timestamp":9999999999.5}',
      isClassic ? {} : 'ServiceError Failed to update the configuration.',
    ],
    [
      'a leaf of 1025 bytes',
      `{"valueToMerge":{"t":"${'x'.repeat(1023)}"},"timestamp":9999999999.5}`,
      isClassic ? {} : 'ServiceError Failed to update the configuration.',
    ],
  ])('%s', async (_, request, expected) => {
    await using nucleus = await begin(profile);
    const client = await Client.of(nucleus);
    expect(await client.ask(UPDATE_CONFIGURATION, request)).toEqual(expected);
    client.close();
  });

  test('is merged below the path, lists whole, and survives a deployment of new defaults', async () => {
    await using nucleus = await begin(profile);
    const client = await Client.of(nucleus);
    expect(await client.update(['node'], { leaf: 'b', list: [1] })).toEqual({});
    expect(await client.update([], { list: ['c'] })).toEqual({});
    expect(nucleus.deploy(component('1.1.0', { ...DEFAULTS, node: { leaf: 'new', other: 2 }, list: [] })).problems).toEqual([]);
    expect(await client.get(['node'])).toEqual(reply({ leaf: 'b', Inner: { deep: 1 }, list: [1], other: 2 }));
    expect(await client.get(['list'])).toEqual(reply({ list: ['c'] }));
    client.close();
  });

  test('older than what is there: refused by classic, passed over in silence by lite', async () => {
    await using nucleus = await begin(profile);
    const client = await Client.of(nucleus);
    await client.update(['node'], { leaf: 'b' });
    expect(await client.update(['node'], { leaf: 'c' }, '9999999998.5')).toEqual(
      isClassic ? "FailedUpdateConditionCheckError Proposed timestamp is older than the config's latest modified timestamp" : {},
    );
    expect(await client.get(['node', 'leaf'])).toEqual(reply({ leaf: 'b' }));
    client.close();
  });
});

test.each(PROFILES)('%s: what a component writes is bounded: a write that goes beyond it is refused and changes nothing', async profile => {
  await using nucleus = await begin(profile);
  const client = await Client.of(nucleus);
  const refusal: unknown =
    profile === 'classic'
      ? expect.stringMatching(/^ServiceError The local nucleus keeps at most 10000 names/)
      : 'ServiceError Failed to update the configuration.';
  // A hundred at a time: Lite reads no more than 133 members of a request.
  const members = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
  for (let batch = 0; batch < 99; batch++) expect(await client.update([`batch${batch}`], members)).toEqual({});
  for (let batch = 99; batch < 101; batch++) await client.update([`batch${batch}`], members);
  expect(await client.update([], { oneMore: members })).toEqual(refusal);
  expect(await client.get(['oneMore'])).toMatch(/^ResourceNotFoundError/);
  expect(await client.update(['batch7'], { k7: 'again' })).toEqual({});
  expect(await client.get(['batch7', 'k7'])).toEqual(reply({ k7: 'again' }));
  client.close();
});

test('classic: neither is there room for a value of 4 MiB, nor for more than 100 levels', async () => {
  await using nucleus = await begin('classic');
  const client = await Client.of(nucleus);
  const refusal: unknown = expect.stringMatching(/^ServiceError The local nucleus keeps/);
  expect(await client.update([], { text: 'x'.repeat(4 * 1024 * 1024) })).toEqual(refusal);
  const deep = (levels: number): object => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as object;
  expect(await client.update([], deep(101))).toEqual(refusal);
  expect(await client.update([], deep(100))).toEqual({});
  client.close();
});

test('classic: a new map is written and answered with an error where the nucleus’ clock is ahead', async () => {
  await using nucleus = await begin('classic');
  const client = await Client.of(nucleus);
  expect(await client.update(['node'], { fresh: { a: 1 } }, '1.5')).toMatch(/^FailedUpdateConditionCheckError/);
  expect(await client.get(['node', 'fresh'])).toEqual(reply({ a: 1 }));
  expect(await client.update(['made'], { a: 1 }, '1.5')).toEqual({});
  client.close();
});

describe.each(PROFILES)(`%s: SubscribeToConfigurationUpdate`, profile => {
  const twice = (path: string): readonly string[] => (profile === 'classic' ? [path, path] : [path]);

  test('names each leaf that has changed, wherever it is subscribed above, a new one twice on classic', async () => {
    await using nucleus = await begin(profile);
    const writer = await Client.of(nucleus);
    for (const keyPath of [[], ['node'], ['node', 'leaf']]) {
      const watcher = await Client.of(nucleus, OTHER);
      expect(await watcher.watch(keyPath)).toEqual({});
      await writer.update(['node'], { leaf: keyPath.length, Inner: { deep: 1 } });
      expect(await watcher.change()).toBe('node/leaf');
      await writer.update(['node'], { [`new${keyPath.length}`]: { z: 1 }, leaf: 'end' });
      // A leaf's own subscription hears of nothing else.
      const expected = [...(keyPath.length === 2 ? [] : twice(`node/new${keyPath.length}/z`)), 'node/leaf'];
      const seen = [];
      while (seen.length < expected.length) seen.push(await watcher.change());
      expect(seen.sort()).toEqual(expected.sort());
      watcher.close();
    }
    writer.close();
  });

  test('of a place that is not there is refused', async () => {
    await using nucleus = await begin(profile);
    const client = await Client.of(nucleus);
    expect(await client.watch(['none'])).toBe('ResourceNotFoundError Key not found');
    client.close();
  });

  test('hears of deployments: a change, and of a reset the root and the leaf, the map in between nothing', async () => {
    const own = component('1.0.0', { keep: 1 });
    await using nucleus = await begin(profile, own);
    nucleus.deploy({ ...own, configurationUpdate: { merge: { vv: { q: 1 } } } });
    const [root, node, leaf] = [await Client.of(nucleus), await Client.of(nucleus), await Client.of(nucleus)];
    await root.watch([]);
    await node.watch(['vv']);
    await leaf.watch(['vv', 'q']);
    nucleus.deploy({ ...own, configurationUpdate: { reset: ['/vv'] } });
    expect([await root.change(), await leaf.change()]).toEqual(['vv', 'vv/q']);
    nucleus.deploy({ ...own, configurationUpdate: { merge: { vv: { q: 2 }, keep: 2 } } });
    const seen = [];
    while (seen.length < (profile === 'classic' ? 3 : 2)) seen.push(await root.change());
    expect(seen.sort()).toEqual(['keep', ...twice('vv/q')]);
    // It was not asked again, and an answer comes after all events.
    expect(await node.get(['keep'])).toEqual(reply({ keep: 2 }));
    expect(node.skipped).toBe(0);
    for (const client of [root, node, leaf]) client.close();
  });
});

test('a component that was removed leaves no times behind by which what it is given later would be old', () => {
  const configurations = new ComponentConfigurations(
    'classic',
    () => 1_000,
    () => undefined,
  );
  configurations.replace('a', { limit: 1 });
  expect(configurations.merge('a', ['limit'], 2, 900_000)).toBe('written');
  expect(configurations.merge('a', ['limit'], 3, 800_000)).toBe('older');
  configurations.remove('a');
  configurations.replace('a', { limit: 1 });
  expect(configurations.merge('a', ['limit'], 3, 800_000)).toBe('written');
});
