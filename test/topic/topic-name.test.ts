import { describe, expect, test } from 'vitest';
import { publishTopicProblem } from '../../src/topic/index.js';

const slashes = (count: number) => Array.from({ length: count + 1 }, () => 'x').join('/');

describe('publishTopicProblem', () => {
  test.each([
    ['one level', 'a'],
    ['empty levels', 'a//b'],
    ['a leading and a trailing slash', '/a/'],
    ['only a slash', '/'],
    ['spaces', 'living room/lamp 1'],
    ['control characters other than NUL', 'a\tb'],
    ['a whole surrogate pair', 'plant/🌡'],
    ['256 bytes', 'x'.repeat(256)],
    ['256 bytes in 64 characters of four', '🌡'.repeat(64)],
    ['7 slashes', slashes(7)],
    ['Basic Ingest without a topic behind the rule', '$aws/rules/daily'],
    ['256 bytes after $aws/rules/<rule>/', `$aws/rules/daily/${'x'.repeat(256)}`],
    ['7 slashes after $aws/rules/<rule>/', `$aws/rules/daily/${slashes(7)}`],
    ['a reserved topic with 8 slashes', '$aws/things/gauge/shadow/name/calibration/update/accepted/x'],
    ['a reserved topic of 512 bytes', `$aws/things/${'x'.repeat(500)}`],
  ])('allows %s', (_, topicName) => {
    expect(publishTopicProblem(topicName)).toBeUndefined();
  });

  test.each([
    ['an empty name', '', /is empty/],
    ['NUL', 'a\u0000b', /"a\\u0000b" contains the character U\+0000/],
    ['a high surrogate alone', 'a\uD83C', /surrogate/],
    ['a low surrogate alone', '\uDF21a', /surrogate/],
    ['two halves in the wrong order', '\uDF21\uD83C', /surrogate/],
    ['+', 'a/+/b', /"a\/\+\/b" contains a wildcard/],
    ['+ inside a level', 'a+b', /wildcard/],
    ['#', 'a/#', /wildcard/],
    ['257 bytes', 'x'.repeat(257), /257 bytes.*at most 256/],
    ['257 bytes in fewer than 256 characters', `${'🌡'.repeat(64)}x`, /257 bytes/],
    ['8 slashes', slashes(8), /8 slashes.*at most 7/],
    ['257 bytes after $aws/rules/<rule>/', `$aws/rules/daily/${'x'.repeat(257)}`, /257 bytes/],
    ['8 slashes after $aws/rules/<rule>/', `$aws/rules/daily/${slashes(8)}`, /8 slashes/],
    ['a reserved topic of 513 bytes', `$aws/things/${'x'.repeat(501)}`, /513 bytes.*at most 512/],
  ])('refuses %s', (_, topicName, problem) => {
    expect(publishTopicProblem(topicName)).toMatch(problem);
  });

  test('answers with sentences that end, and stay short however long the name is', () => {
    const problem = publishTopicProblem('x'.repeat(100_000));
    expect(problem).toMatch(/^The topic name "x+"….*\. Use a shorter name\.$/);
    expect(problem?.length).toBeLessThan(300);
  });
});
