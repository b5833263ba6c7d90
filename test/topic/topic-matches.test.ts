import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topicMatches } from '../../src/topic/index.js';

/** MQTT 3.1.1 section 4.7 written down a second time, the slow way. */
function matchesLevels(filter: readonly string[], topic: readonly string[]): boolean {
  const [head, ...rest] = filter;
  if (head === undefined) return topic.length === 0;
  if (head === '#') return true;
  const [first, ...others] = topic;
  if (first === undefined) return false;
  return (head === '+' || head === first) && matchesLevels(rest, others);
}

describe('topicMatches', () => {
  test.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/tennis/player1/#', 'sport/tennis/player10', false],
    ['sport/#', 'sport', true],
    ['sport/#', 'sport/', true],
    ['#', 'sport', true],
    ['#', '/', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['+/+/#', 'a/b', true],
    ['+/+/#', 'a', false],
    ['#', '$SYS/monitor', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/monitor/Clients', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['a/+', 'a/$b', true],
    ['ACCOUNTS', 'Accounts', false],
    ['a', 'a/', false],
    ['a/', 'a', false],
    ['a//b', 'a//b', true],
    ['a/+/b', 'a//b', true],
    ['$share/group/a/+', 'a/b', true],
    ['$share/group/#', '$aws/x', false],
    ['$share/group/a', '$share/group/a', false],
  ])('%s and %s: %s', (filter, topicName, expected) => {
    expect(topicMatches(filter, topicName)).toBe(expected);
  });

  test('agrees with the specification over random filters and names', () => {
    const name = fc.array(fc.constantFrom('', 'a', 'b', 'ab'), { minLength: 1, maxLength: 5 });
    const filter = fc
      .tuple(fc.array(fc.constantFrom('', 'a', 'b', 'ab', '+', '+'), { minLength: 0, maxLength: 5 }), fc.boolean())
      .map(([levels, hash]) => [...levels, ...(hash || levels.length === 0 ? ['#'] : [])]);
    let matched = 0;
    fc.assert(
      fc.property(filter, name, (filterLevels, nameLevels) => {
        const expected = matchesLevels(filterLevels, nameLevels);
        matched += expected ? 1 : 0;
        expect(topicMatches(filterLevels.join('/'), nameLevels.join('/'))).toBe(expected);
      }),
      { numRuns: 5_000, seed: 1 },
    );
    expect(matched).toBeGreaterThan(200);
  });
});
