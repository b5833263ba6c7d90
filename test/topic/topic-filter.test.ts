import { describe, expect, test } from 'vitest';
import { topicFilterProblem } from '../../src/topic/index.js';

const slashes = (count: number) => Array.from({ length: count + 1 }, () => '+').join('/');

describe('topicFilterProblem', () => {
  test.each([
    'a',
    'a/b',
    'a//b',
    '/',
    '#',
    '+',
    '+/+',
    '/+',
    'a/#',
    'a/+/b',
    '+/b/#',
    '$aws/things/+/shadow/#',
    '$share/group/a/+',
    '$share/group/#',
    '$share/group//',
    '$share',
    '$shared/a',
    slashes(7),
    'x'.repeat(256),
    `$share/${'g'.repeat(40)}/${'x'.repeat(256)}`,
    `$share/group/${slashes(7)}`,
    `$aws/rules/daily/${slashes(7)}`,
  ])('allows %s', topicFilter => {
    expect(topicFilterProblem(topicFilter)).toBeUndefined();
  });

  test.each([
    ['', /is empty/],
    ['a\u0000', /U\+0000/],
    ['a\uD800/b', /surrogate/],
    ['a/#/b', /# before its end/],
    ['#/b', /# before its end/],
    ['#/', /# before its end/],
    ['a#', /level "a#"/],
    ['a/b#', /level "b#"/],
    ['a/##', /level "##"/],
    ['a/b+', /level "b\+"/],
    ['a/+b/c', /level "\+b"/],
    ['++', /level "\+\+"/],
    ['$share/', /no shared subscription/],
    ['$share/group', /no shared subscription/],
    ['$share/group/', /no shared subscription/],
    ['$share//a', /no shared subscription/],
    ['$share/gr+up/a', /no shared subscription/],
    ['$share/#/a', /no shared subscription/],
    ['$share/group/a/#/b', /# before its end/],
    ['$share/group/a+', /level "a\+"/],
    [slashes(8), /8 slashes/],
    [`$share/group/${slashes(8)}`, /8 slashes/],
    ['x'.repeat(257), /257 bytes/],
    [`$share/group/${'x'.repeat(257)}`, /257 bytes/],
    ['ä'.repeat(129), /258 bytes/],
    [`$aws/things/${'x'.repeat(501)}`, /513 bytes/],
  ])('refuses %j', (topicFilter, problem) => {
    expect(topicFilterProblem(topicFilter)).toMatch(problem);
  });
});
