import { expect, test } from 'vitest';
import { classicPolicy } from '../../../src/recipe/policy/read-policies.js';

const PUBLISH = 'aws.greengrass#PublishToIoTCore';

/** Resources of one operation, what they allow together, and what they do not: by the rules of the nucleus' `WildcardTrie`. */
const VERDICTS: readonly (readonly [resources: readonly string[], allowed: readonly string[], refused: readonly string[]])[] = [
  [['a'], ['a'], ['b', 'ab', 'a/']],
  [
    ['a', 'ab'],
    ['a', 'ab'],
    ['abc', 'b'],
  ],
  [['*'], ['a', 'a/b', '$SYS/a', '*', '#'], []],
  [['#'], ['a', 'a/b', '$SYS/a', '/'], []],
  [['+'], ['a', '+', '#'], ['a/b', '/']],
  [['a/#'], ['a', 'a/', 'a/b', 'a/b/c', 'a/#', 'a/+'], ['ab', 'b/a', 'b']],
  [['a/+'], ['a/b', 'a/', 'a/+', 'a/#'], ['a', 'a/b/c', 'b/b']],
  [['+/a'], ['x/a', '/a', '+/a'], ['a', 'x/y/a', 'x/b']],
  [['+/a/+'], ['x/a/y', '/a/'], ['x/a', 'x/a/y/z']],
  [['a/+/b'], ['a/x/b', 'a//b'], ['a/b', 'a/x/y/b']],
  [['a/+/b/#'], ['a/x/b', 'a/x/b/c/d'], ['a/x/c', 'a/x/y/b']],
  [['a*'], ['a', 'ab', 'a/b/c'], ['b', 'ba']],
  [['*a'], ['a', 'ba', 'b/a'], ['ab', 'b']],
  [['a/*/b'], ['a/x/b', 'a/x/y/b', 'a//b'], ['a/b', 'a/x/c']],
  [['a/*/#'], ['a/x', 'a/x/', 'a/x/y/z', 'a/'], ['b/x']],
  [['*/#'], ['x', 'x/y', '/'], []],
  [['a#'], ['a#'], ['a', 'ab', 'a/b']],
  [['a/#/b'], ['a/#/b'], ['a/x/b', 'a/b', 'a']],
  [['a+'], ['a+'], ['a', 'ab']],
  [['a+/b'], ['a+/b'], ['ax/b', 'a/b']],
  [['a/${*}'], ['a/*'], ['a/b', 'a/']],
  [['a/${?}'], ['a/?'], ['a/b']],
  [['a/${$}{x}'], ['a/${x}'], ['a/x']],
  // An escape before a later wildcard is read twice, and then it is a wildcard itself.
  [['devices/${*}/#'], ['devices/x', 'devices/x/y', 'devices/x/y/z', 'devices/*/a'], ['other/x']],
  [['a${*}b*'], ['axb', 'a*b', 'axxbc'], ['a', 'cb']],
  [['a/${*}/+'], ['a/x/b', 'a/*/b', 'a/x/y/b'], ['b/x/b']],
  // Together they allow what neither does alone: the valid + of one is a wildcard for the other.
  [
    ['+', '+ab/'],
    ['a', '+', 'bcab/', 'xab/', '+ab/'],
    ['bc/ab/', 'a/b'],
  ],
  [['+ab/'], ['+ab/'], ['a', 'bcab/', 'xab/']],
  [['a/+', 'a/+b/c'], ['a/x', 'a/xb/c'], ['a/x/c']],
  [['a/+b/c'], ['a/+b/c'], ['a/xb/c']],
  // A lone * is no longer the end of a resource where another one has set it back.
  [['*', '${*}+'], [], ['a', 'a/b']],
  [['${*}+', '*'], ['a', 'a/b'], []],
  [['a/#', 'a/b'], ['a', 'a/b', 'a/c', 'a/b/c'], ['b']],
];

test.each(VERDICTS)('classic: the resources %j allow together what the nucleus’ trie allows', (resources, allowed, refused) => {
  const { authorize } = classicPolicy({ 'aws.greengrass.ipc.mqttproxy': { 'policy:1': { operations: [PUBLISH], resources } } });
  expect(allowed.filter(topic => !authorize(PUBLISH, topic))).toEqual([]);
  expect(refused.filter(topic => authorize(PUBLISH, topic))).toEqual([]);
});

test('classic: resources of one operation share a trie across policies, those of * have their own', () => {
  const authorizes = (first: string, second: string): boolean =>
    classicPolicy({
      'aws.greengrass.ipc.mqttproxy': {
        'policy:1': { operations: [first], resources: ['+'] },
        'policy:2': { operations: [second], resources: ['+ab/'] },
      },
    }).authorize(PUBLISH, 'bcab/');
  expect([authorizes(PUBLISH, PUBLISH), authorizes('*', PUBLISH), authorizes('*', '*')]).toEqual([true, false, true]);
});

test.each(['a?', '${x}', 'a${*', '', 'a/${*b}'])('classic: the resource %j is skipped with a word', resource => {
  const { authorize, problems } = classicPolicy({
    'aws.greengrass.ipc.mqttproxy': { 'policy:1': { operations: [PUBLISH], resources: [resource, 'a/$${*}{x}'] } },
  });
  expect(problems).toEqual([expect.stringContaining(JSON.stringify(resource))]);
  expect([authorize(PUBLISH, resource), authorize(PUBLISH, 'a/$*{x}')]).toEqual([false, true]);
});

test('classic: a policy made to be slow is not', () => {
  const { authorize } = classicPolicy({
    'aws.greengrass.ipc.mqttproxy': { 'policy:1': { operations: [PUBLISH], resources: [`${'*a'.repeat(40)}b`] } },
  });
  expect(authorize(PUBLISH, 'a'.repeat(200))).toBe(false);
});
