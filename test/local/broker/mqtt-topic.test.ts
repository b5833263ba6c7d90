import { expect, test } from 'vitest';
import { filterIsValid, topicIsValid } from '../../../src/local/broker/broker.js';
import { classicRoutes, filterMatches } from '../../../src/topic/topic-matches.js';

test.each([
  // filter, topic, a broker's answer, the classic nucleus' answer
  ['a/b', 'a/b', true, true],
  ['a/b', 'a/b/', false, true],
  ['a/b/', 'a/b', false, true],
  ['a/+', 'a/b', true, true],
  ['a/+', 'a', false, false],
  ['a/+', 'a/', true, false],
  ['a/+', 'a/b/c', false, false],
  ['a/#', 'a', true, false],
  ['a/#', 'a/b/c', true, true],
  ['#', 'a/b', true, true],
  ['#', '$aws/x', false, true],
  ['+/x', '$aws/x', false, true],
  ['$aws/#', '$aws/x', true, true],
  ['+/b/#', 'a/b/c', true, true],
  ['a//b', 'a//b', true, true],
  ['a/+/b', 'a//b', true, true],
  ['A', 'a', false, false],
])('%s on %s', (filter, topic, broker, nucleus) => {
  expect(filterMatches(filter, topic)).toBe(broker);
  expect(classicRoutes(filter, topic)).toBe(nucleus);
});

test('what a broker accepts', () => {
  expect(['a', '#', '+', 'a/#', 'a/+/b', '/', '$share/g/a'].map(filterIsValid)).not.toContain(false);
  expect(['', 'a/#/b', 'a#', 'a+/b', 'a/\0'].map(filterIsValid)).not.toContain(true);
  expect(topicIsValid('a/b')).toBe(true);
  expect(['', 'a/+', '#', 'a\0'].map(topicIsValid)).not.toContain(true);
});
