import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  lintPolicies,
  readRecipe,
  type LocalComponent,
  type PolicyFinding,
  type PolicyRule,
  type RecipeComponent,
} from '../../../src/local/index.js';
import { liteResourceIsValid } from '../../../src/topic/resources.js';
import { classicPolicy, litePolicy } from '../../../src/recipe/policy/read-policies.js';
import { PUBLISH_TO_TOPIC, SUBSCRIBE_TO_TOPIC } from '../../../src/shared/operations.js';
import { allow } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, SUBSCRIBE } from '../../kit/nucleus/raw-client.js';

const SERVICE = 'aws.greengrass.ipc.mqttproxy';
const NAME = 'com.example.Sensor';

/** One policy for the MQTT proxy. */
function policy(body: unknown, id = 'sensor:1'): unknown {
  return { [SERVICE]: { [id]: body } };
}

/** A component whose document may be anything, as one in a recipe may. */
function component(accessControl: unknown, others: Record<string, unknown> = {}, name = NAME): RecipeComponent {
  const recipe = readRecipe(
    JSON.stringify({
      RecipeFormatVersion: '2020-01-25',
      ComponentName: name,
      ComponentVersion: '1.0.0',
      ComponentConfiguration: { DefaultConfiguration: { ...others, ...(accessControl === undefined ? {} : { accessControl }) } },
      Manifests: [{ Lifecycle: { run: 'x' } }],
    }),
  );
  if (recipe._tag === 'Left') throw recipe.left;
  return { recipe: recipe.right };
}

/** One policy for local topics. */
function local(operation: string, resource: string): unknown {
  return { 'aws.greengrass.ipc.pubsub': { 'local:1': { operations: [operation], resources: [resource] } } };
}

function lint(accessControl: unknown, others: Record<string, unknown> = {}): readonly PolicyFinding[] {
  return lintPolicies([component(accessControl, others)]);
}

const resources = (...all: readonly string[]): unknown => policy({ operations: [SUBSCRIBE], resources: all });
const many = Array.from({ length: 120 }, (_, i) => `sensors/room-${i}/temperature`);

/** A document, the one finding there is in it, and the example: topic, allowed on classic, allowed on lite. */
const FINDINGS: readonly (readonly [name: string, document: unknown, rule: PolicyRule, topic: string, classic: boolean, lite: boolean])[] =
  [
    ['a last + also allows #', resources('cmd/+'), 'plus-allows-hash', 'cmd/#', true, true],
    ['a lone + allows # itself', resources('+'), 'plus-allows-hash', '#', true, true],
    ['a bare ?', resources('a/b?'), 'malformed-resource', 'a/b?', false, false],
    ['an escape there is not', resources('a/${#}'), 'malformed-resource', 'a/${#}', false, false],
    ['the parent of #', resources('a/#'), 'profiles-differ', 'a', true, false],
    ['# within a level', resources('a/b#'), 'profiles-differ', 'a/bx', false, true],
    ['+ within a level', resources('a+/b'), 'profiles-differ', 'ax/b', false, true],
    ['# before the end', resources('a/#/c'), 'profiles-differ', 'a/x/c', false, true],
    ['* takes slashes', resources('a/*/c'), 'star-crosses-levels', 'a/x/y/c', true, true],
    ['everything by *', resources('*'), 'allows-everything', '$aws/things/another/shadow/update', true, true],
    ['everything by #', resources('#'), 'allows-everything', '$aws/things/another/shadow/update', true, true],
    ['a recipe variable', resources('{iot:thingName}/cmd'), 'recipe-variable', 'local-thing/cmd', false, true],
    ['a recipe variable without a value', resources('{configuration:/none}'), 'recipe-variable', '{configuration:/none}', true, false],
    [
      'an operation without its prefix',
      policy({ operations: ['PublishToIoTCore'], resources: ['a'] }),
      'unknown-operation',
      'a',
      false,
      false,
    ],
    ['a * within an operation', policy({ operations: ['aws.greengrass#*'], resources: ['a'] }), 'partial-operation', 'a', false, false],
    ['no operations', policy({ operations: [], resources: ['a'] }), 'operations-missing', 'a', false, false],
    ['no resources', policy({ operations: ['*'], resources: [] }), 'resources-missing', 'a/b', false, false],
    ['names in another case', policy({ Operations: [SUBSCRIBE], resources: ['a'] }), 'operations-missing', 'a', true, false],
    ['an unknown member', policy({ operations: [SUBSCRIBE], resources: ['a'], effect: 'allow' }), 'classic-drops-all', 'a', false, true],
    ['more than lite decodes', resources(...many), 'lite-too-large', 'sensors/room-0/temperature', true, false],
    ['a text of JSON', JSON.stringify(resources('a')), 'lite-refuses-all', 'a', true, false],
    [
      'nearly the service',
      { 'aws.greengrass.ipc.mqttProxy': { p: { operations: ['*'], resources: ['a'] } } },
      'unknown-service',
      'a',
      false,
      false,
    ],
  ];

describe('the linter finds', () => {
  test.each(FINDINGS)('%s', (_, document, rule, topic, classic, lite) => {
    const findings = lint(document);
    expect(findings.map(({ rule: found, example }) => [found, example.topic, example.allowed])).toEqual([[rule, topic, { classic, lite }]]);
    expect(findings[0]?.message).not.toBe('');
    expect(findings[0]?.remedy).not.toBe('');
  });

  test('a * together with #, which allows next to nothing on lite', () => {
    expect(lint(resources('a/*/#')).map(({ rule, example }) => [rule, example.topic, example.allowed])).toEqual([
      ['star-crosses-levels', 'a/x/y/x/y', { classic: true, lite: false }],
      ['profiles-differ', 'a/x', { classic: true, lite: false }],
    ]);
  });

  test('an escape before a wildcard, which classic reads as a wildcard too', () => {
    const [first] = lint(resources('devices/${*}/#'));
    expect([first?.rule, first?.profiles, first?.example.topic]).toEqual([
      'escape-before-wildcard',
      ['classic'],
      expect.stringMatching(/^devices\/any/),
    ]);
    expect(first?.example.allowed).toEqual({ classic: true, lite: false });
    expect(lint(resources('a/+/${*}')).map(({ rule }) => rule)).not.toContain('escape-before-wildcard');
  });

  test('where in the document it is, as a pointer', () => {
    expect(lint(policy({ operations: [SUBSCRIBE], resources: ['fine', 'cmd/+'] }, 'a/b'))[0]?.path).toBe(`/${SERVICE}/a~1b/resources/1`);
  });

  test('a policy that changed under its old id, with a topic that the old one goes on to refuse', () => {
    const findings = lintPolicies([component(resources('new/topic'))], { previous: [component(resources('old/topic'))] });
    expect(findings.map(({ rule, example }) => [rule, example])).toEqual([
      ['inactive-policy', { operation: SUBSCRIBE, topic: 'new/topic', allowed: { classic: false, lite: false } }],
    ]);
    expect(findings[0]?.remedy).toContain("reset: ['/accessControl']");
  });

  test('nothing in one that did not change, has a new id, or is another component’s', () => {
    const now = component(resources('a'));
    for (const before of [
      now,
      component(policy({ operations: ['*'], resources: ['b'] }, 'sensor:0')),
      component(resources('b'), {}, 'com.example.Other'),
    ]) {
      expect(lintPolicies([now], { previous: [before] })).toEqual([]);
    }
  });

  test('an id that two components share, in both', () => {
    const both: readonly LocalComponent[] = ['A', 'B'].map(name => ({ name, accessControl: allow('a') }));
    expect(lintPolicies(both).map(({ rule, component: name }) => [rule, name])).toEqual([
      ['duplicate-id', 'A'],
      ['duplicate-id', 'B'],
    ]);
  });

  test('only what matters on the profiles asked for', () => {
    const document = policy({ operations: [SUBSCRIBE], resources: ['a'], effect: 'allow' });
    expect(lintPolicies([component(document)], { profiles: ['lite'] })).toEqual([]);
    expect(lintPolicies([component(document)], { profiles: ['classic'] })).toHaveLength(1);
  });

  test('no recipe variable where the nucleus fills it in', () => {
    expect(lintPolicies([component(resources('{iot:thingName}/a'))], { interpolateComponentConfiguration: true, thingName: 't' })).toEqual(
      [],
    );
  });
});

describe('the linter has nothing to say', () => {
  test.each([
    ['of no policies', undefined],
    ['of plain topics', resources('a/b', 'c', 'd/${*}')],
    ['of publishing on a +: what is published has no wildcards', policy({ operations: [PUBLISH], resources: ['a/+'] })],
    ['of a + in the middle', resources('a/+/c')],
    ['of the parent, where it is named too', resources('a/#', 'a')],
    ['of a +, where # is granted anyway', resources('a/+', 'a/#', 'a')],
    ['of other services', { 'aws.greengrass.SecretManager': { p: { operations: ['aws.greengrass#GetSecretValue'], resources: ['*'] } } }],
    ['of local topics with a star', local(PUBLISH_TO_TOPIC, 'a/*')],
  ])('%s', (_, document) => {
    expect(lint(document)).toEqual([]);
  });
});

describe('policies for local topics', () => {
  const at = '/aws.greengrass.ipc.pubsub/local:1';
  test.each<readonly [name: string, document: unknown, rule: PolicyRule, severity: string, path: string, topic: string, allowed: boolean]>([
    ['the habit of the MQTT proxy', local(PUBLISH_TO_TOPIC, 'a/#'), 'plain-wildcard', 'error', `${at}/resources/0`, 'a/x', false],
    ['all operations', local('*', 'a/+'), 'plain-wildcard', 'error', `${at}/resources/0`, 'a/x', false],
    ['a filter to subscribe with', local(SUBSCRIBE_TO_TOPIC, 'a/#'), 'plain-wildcard', 'note', `${at}/resources/0`, 'a/x', false],
    ['everything', local('*', '*'), 'allows-everything', 'warning', `${at}/resources/0`, 'another/component', true],
    ['an operation of the MQTT proxy', local(PUBLISH, 'a'), 'unknown-operation', 'error', `${at}/operations/0`, 'a', false],
    ['a bare ?', local(PUBLISH_TO_TOPIC, 'a?'), 'malformed-resource', 'error', `${at}/resources/0`, 'a?', false],
    [
      'a service that is nearly theirs',
      { 'aws.greengrass.pubsub': {} },
      'unknown-service',
      'error',
      '/aws.greengrass.pubsub',
      'a/b',
      false,
    ],
  ])('%s', (_, document, rule, severity, path, topic, allowed) => {
    expect(lint(document)).toMatchObject([{ rule, severity, path, example: { topic, allowed: { classic: allowed, lite: allowed } } }]);
  });

  test('share their ids with no policy of another component, whatever its service', () => {
    const findings = lintPolicies([
      { name: 'a', accessControl: { 'aws.greengrass.ipc.pubsub': { same: { operations: [PUBLISH_TO_TOPIC], resources: ['x'] } } } },
      { name: 'b', accessControl: { [SERVICE]: { same: { operations: [PUBLISH], resources: ['x'] } } } },
    ]);
    expect(findings.map(({ rule, component: name, remedy }) => [rule, name, remedy])).toEqual([
      ['duplicate-id', 'a', 'Name it after its component, such as a:pubsub:1'],
      ['duplicate-id', 'b', 'Name it after its component, such as b:mqttproxy:1'],
    ]);
  });

  test('that change under their old id are told once', () => {
    const before = component(local(PUBLISH_TO_TOPIC, 'a'));
    const findings = lintPolicies([component(local(PUBLISH_TO_TOPIC, 'b'))], { previous: [before] });
    expect(findings).toMatchObject([{ rule: 'inactive-policy', path: at }]);
  });
});

test('where the profiles differ for some topic, the linter says so', () => {
  const text = fc.stringMatching(/^[ab/+#*]{1,6}$/);
  const variables = { componentName: NAME, componentVersion: '1.0.0', configuration: {}, thingName: 't', rootPath: '/r' };
  fc.assert(
    fc.property(text, text, (resource, topic) => {
      const document = resources(resource);
      const differs =
        classicPolicy(document).authorize(SUBSCRIBE, topic) !== litePolicy(document, variables).authorize(SUBSCRIBE, topic) &&
        liteResourceIsValid(topic);
      if (differs)
        expect([resource, topic, lint(document).map(({ rule }) => rule)]).toEqual([
          resource,
          topic,
          expect.arrayContaining(['profiles-differ']),
        ]);
    }),
    { numRuns: 3000 },
  );
});

test('nothing is thrown, whatever the document', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.jsonValue().map(policy),
        fc.jsonValue().map(value => policy({ operations: value, resources: value })),
      ),
      document => {
        for (const { message, remedy } of lint(document)) expect([message, remedy]).not.toContain('');
      },
    ),
  );
});
