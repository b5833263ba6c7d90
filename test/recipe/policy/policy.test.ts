import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PUBSUB_SERVICE } from '../../../src/recipe/policy/access-control.js';
import { classicPolicy, litePolicy as litePolicyWith } from '../../../src/recipe/policy/read-policies.js';
import { PUBLISH_TO_TOPIC } from '../../../src/shared/operations.js';
import { compileClassicResource, liteResourceAllows } from '../../../src/topic/resources.js';
import { allow, allowLocal, COMPONENT, OTHER, PROFILES, start } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, SUBSCRIBE } from '../../kit/nucleus/raw-client.js';

/** Resource, topics allowed and not, on classic and on lite. */
const RESULTS: readonly (readonly [
  resource: string,
  classic: readonly [yes: string[], no: string[]],
  lite: readonly [yes: string[], no: string[]],
])[] = [
  [
    'a/#',
    [
      ['a', 'a/', 'a/b/c'],
      ['ab', 'b', 'A/b'],
    ],
    [
      ['a/', 'a/b/c'],
      ['a', 'ab', 'A/b'],
    ],
  ],
  [
    'a/+',
    [
      ['a/b', 'a/', 'a/#', 'a/+'],
      ['a/b/c', 'a'],
    ],
    [
      ['a/b', 'a/', 'a/#'],
      ['a/b/c', 'a'],
    ],
  ],
  ['a/+/c', [['a/b/c', 'a//c', 'a/#/c'], ['a/b/x/c']], [['a/b/c', 'a//c', 'a/#/c'], ['a/b/x/c']]],
  ['+', [['a', '#'], ['a/b']], [['a', '#', ''], ['a/b']]],
  [
    '+/b',
    [
      ['a/b', '/b'],
      ['a/c', 'b'],
    ],
    [
      ['a/b', '/b'],
      ['a/c', 'b'],
    ],
  ],
  ['#', [['a', 'a/b', '$aws/x', '#'], []], [['a', 'a/b', '$aws/x', '#'], []]],
  ['*', [['a', 'a/b', '$aws/x', '#'], []], [['a', 'a/b', '$aws/x', '#'], []]],
  ['a*', [['a', 'ab', 'a/b/c', 'a/#'], ['b']], [['a', 'ab', 'a/b/c', 'a/#'], ['b']]],
  ['a/*/c', [['a/b/c', 'a/b/d/c', 'a//c'], ['a/c']], [['a/b/c', 'a/b/d/c', 'a//c'], ['a/c']]],
  ['a/b#', [['a/b#'], ['a/bc', 'a/b/c', 'a/b']], [['a/b#', 'a/bc', 'a/b/c'], ['a/c']]],
  ['a+/b', [['a+/b'], ['ax/b', 'a/b']], [['a+/b', 'ax/b', 'axy/b', 'a/b'], ['a/x/b']]],
  ['a/#/c', [['a/#/c'], ['a/b/c', 'a/b']], [['a/#/c', 'a/b/c', 'a/b'], ['b']]],
  [
    'x/*/#',
    [['x/y', 'x/', 'x/y/z'], ['x']],
    [
      ['x/y/#', 'x//#'],
      ['x/y', 'x/y/z'],
    ],
  ],
  ['a/${*}', [['a/*'], ['a/b', 'a/${*}']], [['a/*'], ['a/b', 'a/${*}']]],
  ['a/${?}${$}', [['a/?$'], ['a/b']], [['a/?$'], ['a/b']]],
  ['test/topic', [['test/topic'], ['test/topic/', 'test']], [['test/topic'], ['test/topic/', 'test']]],
];

describe('what a resource allows', () => {
  test.each(RESULTS)('%s', (resource, [classicYes, classicNo], [liteYes, liteNo]) => {
    const classic = compileClassicResource(resource);
    for (const topic of classicYes) expect([topic, classic?.(topic)]).toEqual([topic, true]);
    for (const topic of classicNo) expect([topic, classic?.(topic)]).toEqual([topic, false]);
    const lite = (topic: string): boolean => liteResourceAllows(resource, topic);
    for (const topic of liteYes) expect([topic, lite(topic)]).toEqual([topic, true]);
    for (const topic of liteNo) expect([topic, lite(topic)]).toEqual([topic, false]);
  });

  test.each(['a?', 'a/${x}', 'a/${#}', 'a/${*'])('classic skips %s', resource => {
    expect(compileClassicResource(resource)).toBeUndefined();
    const { authorize, problems } = classicPolicy(allow(resource, 'b'));
    expect(authorize(PUBLISH, 'b')).toBe(true);
    expect(problems.join()).toContain('is skipped');
  });

  test('neither ever throws, and a text allows itself where it has nothing special', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (resource, topic) => {
        compileClassicResource(resource)?.(topic);
        liteResourceAllows(resource, topic);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z/.()[\]^|\\-]{1,20}$/), text => {
        expect(compileClassicResource(text)?.(text)).toBe(true);
        expect(liteResourceAllows(text, text)).toBe(true);
      }),
    );
  });
});

const SERVICE = 'aws.greengrass.ipc.mqttproxy';

describe('a resource of a local topic has no wildcard but *', () => {
  const VARIABLES = { componentName: 'c', componentVersion: '1.0.0', configuration: {}, thingName: 't', rootPath: '/r' };
  test.each<readonly [resource: string, yes: readonly string[], no: readonly string[]]>([
    ['ok/#', ['ok/#'], ['ok/a', 'ok', 'ok/+']],
    ['one/+', ['one/+'], ['one/#', 'one/x']],
    ['#', ['#'], ['a', '+']],
    ['+', ['+'], ['a']],
    ['+/a', ['+/a'], ['x/a']],
    ['g/*', ['g/a', 'g/', 'g/a/b'], ['g']],
    ['glob*', ['glob', 'globx/y', 'glob/#', 'glob/+'], ['#']],
    ['a*b/#', ['axb/#', 'a/b/#'], ['axb/c']],
    ['${*}', ['*'], ['a']],
    ['*', ['a', '#', '$x'], []],
  ])('%s', (resource, yes, no) => {
    const document = allowLocal(resource);
    const classic = classicPolicy(document, PUBSUB_SERVICE);
    const lite = litePolicyWith(document, VARIABLES, PUBSUB_SERVICE);
    for (const { authorize } of [classic, lite]) {
      for (const topic of yes) expect([topic, authorize(PUBLISH_TO_TOPIC, topic)]).toEqual([topic, true]);
      for (const topic of no) expect([topic, authorize(PUBLISH_TO_TOPIC, topic)]).toEqual([topic, false]);
    }
  });

  test('and the policies of one service allow nothing of another', () => {
    expect(classicPolicy(allow('*'), PUBSUB_SERVICE).authorize(PUBLISH_TO_TOPIC, 'a')).toBe(false);
    expect(litePolicyWith(allow('*'), VARIABLES, PUBSUB_SERVICE).authorize(PUBLISH_TO_TOPIC, 'a')).toBe(false);
    expect(classicPolicy(allowLocal('*')).authorize(PUBLISH, 'a')).toBe(false);
  });
});

describe('classic takes a component’s policies all or not at all', () => {
  const good = { operations: [PUBLISH], resources: ['a'] };
  test.each([
    ['an unknown property', { [SERVICE]: { good, bad: { ...good, resource: ['b'] } } }],
    ['a null', { [SERVICE]: { good, bad: null } }],
    ['a text where a list belongs', { [SERVICE]: { good, bad: { ...good, operations: '*' } } }],
    ['a malformed policy of another service', { [SERVICE]: { good }, 'aws.greengrass.ipc.pubsub': { bad: { x: 1 } } }],
    ['a text that is not JSON', '{'],
    ['a list', [good]],
  ])('%s drops everything', (_, document) => {
    const { authorize, problems } = classicPolicy(document);
    expect(authorize(PUBLISH, 'a')).toBe(false);
    expect(problems).toHaveLength(1);
  });

  test('property names in any case, numbers as texts, JSON as a text', () => {
    expect(
      classicPolicy({ [SERVICE]: { p: { OPERATIONS: [PUBLISH], Resources: [5], POLICYdescription: 'x' } } }).authorize(PUBLISH, '5'),
    ).toBe(true);
    expect(classicPolicy(JSON.stringify({ [SERVICE]: { good } })).authorize(PUBLISH, 'a')).toBe(true);
  });

  test('a policy without operations is skipped, one without resources grants nothing, the others count', () => {
    const { authorize, problems } = classicPolicy({ [SERVICE]: { good, a: { resources: ['b'] }, b: { operations: [PUBLISH] } } });
    expect([authorize(PUBLISH, 'a'), authorize(PUBLISH, 'b')]).toEqual([true, false]);
    expect(problems).toHaveLength(2);
  });

  test('operations are exact, or * alone; an empty resource is never allowed', () => {
    const { authorize } = classicPolicy({
      [SERVICE]: { a: { operations: ['*'], resources: ['*'] }, b: { operations: ['aws.greengrass#*'], resources: ['#'] } },
    });
    expect([authorize(SUBSCRIBE, 'x'), authorize(SUBSCRIBE, '')]).toEqual([true, false]);
    expect(classicPolicy({ [SERVICE]: { b: { operations: ['aws.greengrass#*'], resources: ['#'] } } }).authorize(SUBSCRIBE, 'x')).toBe(
      false,
    );
  });
});

const VARIABLES = {
  componentName: COMPONENT,
  componentVersion: '1.0.0',
  configuration: { site: 'north', wild: '*' },
  thingName: 'thing-1',
  rootPath: '/greengrass/v2',
};
const litePolicy = (accessControl: unknown) => litePolicyWith(accessControl, VARIABLES);

describe('lite', () => {
  const good = { operations: ['*'], resources: ['a'] };

  test.each([
    ['a bare ?', { [SERVICE]: { p: { operations: ['*'], resources: ['a', 'b?'] }, good } }],
    ['a bare ? in a policy of another service', { [SERVICE]: { good }, other: { p: { resources: ['?'] } } }],
    ['a policy that is no map', { [SERVICE]: { p: [], good } }],
    ['no map of policies', { [SERVICE]: [good] }],
    ['a list of services', [good]],
    ['JSON as a text', JSON.stringify({ [SERVICE]: { good } })],
  ])('%s refuses everything', (_, document) => {
    const { authorize, problems } = litePolicy(document);
    expect(authorize(PUBLISH, 'a')).toBe(false);
    expect(problems).toHaveLength(1);
  });

  test.each([
    ['no resources', { operations: ['*'] }],
    ['no operations', { resources: ['b'] }],
    ['names in another case', { Operations: ['*'], resources: ['b'] }],
    ['a number among the resources', { operations: ['*'], resources: ['b', 1] }],
    ['a text where a list belongs', { operations: '*', resources: ['b'] }],
  ])('a policy with %s grants nothing, the others count', (_, policy) => {
    const { authorize, problems } = litePolicy({ [SERVICE]: { policy, good } });
    expect([authorize(PUBLISH, 'a'), authorize(PUBLISH, 'b')]).toEqual([true, false]);
    expect(problems).toHaveLength(1);
  });

  test('more than 4096 bytes of policies refuse everything', () => {
    const resources = Array.from({ length: 120 }, (_, i) => `sensors/room-${i}/temperature`);
    expect(litePolicy(allow(...resources.slice(0, 90))).authorize(PUBLISH, 'sensors/room-1/temperature')).toBe(true);
    expect(litePolicy(allow(...resources)).authorize(PUBLISH, 'sensors/room-1/temperature')).toBe(false);
  });

  test('other services’ policies do not matter', () => {
    expect(litePolicy({ ...allow('a'), 'aws.greengrass.ipc.pubsub': 'nonsense' }).authorize(PUBLISH, 'a')).toBe(true);
  });

  test('recipe variables in resources are filled in; a resource with one that has no value is skipped', () => {
    const { authorize, problems } = litePolicy(
      allow('{iot:thingName}/#', '{configuration:/site}/x', 'w/{configuration:/wild}', '{configuration:/none}/y', '{open', 'a/${*}'),
    );
    const allowed = ['thing-1/a', 'north/x', 'w/anything', 'a/*', '{configuration:/none}/y', '{open'].map(topic =>
      authorize(PUBLISH, topic),
    );
    expect(allowed).toEqual([true, true, true, true, false, false]);
    expect(problems).toHaveLength(2);
  });
});

test.each(PROFILES)('%s: policies are each component’s own, and problems are told', async profile => {
  await using nucleus = await start(profile, {
    components: [
      { name: COMPONENT, accessControl: allow('mine') },
      { name: OTHER, accessControl: allow('theirs?') },
      { name: 'com.example.None' },
    ],
  });
  const problems: string[] = [];
  const stop = nucleus.observe(event => {
    if (event.kind === 'policy') problems.push(event.component);
  });
  stop();
  expect(problems).toEqual([OTHER]);
  for (const [component, type] of [
    [COMPONENT, 0],
    [OTHER, 1],
    ['com.example.None', 1],
  ] as const) {
    const client = await RawClient.accepted(nucleus, component);
    client.publish(1, 'mine', 'x');
    expect([component, (await client.next()).type]).toEqual([component, type]);
  }
});
