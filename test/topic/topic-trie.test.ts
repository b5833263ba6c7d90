import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topicMatches, TopicTrie } from '../../src/topic/index.js';

const trieOf = (...filters: readonly string[]): TopicTrie<string> => {
  const trie = new TopicTrie<string>();
  for (const filter of filters) trie.add(filter, filter);
  return trie;
};

/** The order that is promised, by comparing filters two at a time. */
const rank = (level: string | undefined): number => (level === '#' ? 2 : level === '+' ? 1 : 0);
const bySpecificity = (one: string, other: string): number => {
  const [a, b] = [one.split('/'), other.split('/')];
  const at = a.findIndex((level, i) => level !== b[i]);
  return at === -1 ? a.length - b.length : rank(a[at]) - rank(b[at]);
};

describe('TopicTrie', () => {
  test('finds the values of all filters that match, the most specific first', () => {
    const trie = trieOf('#', 'plant/#', 'plant/+/temperature', '+/7/temperature', 'plant/7/#', 'plant/7/temperature', 'office/#');
    expect(trie.match('plant/7/temperature')).toEqual([
      'plant/7/temperature',
      'plant/7/#',
      'plant/+/temperature',
      'plant/#',
      '+/7/temperature',
      '#',
    ]);
    expect(trie.mostSpecific('plant/8/temperature')).toBe('plant/+/temperature');
    expect(trie.match('plant')).toEqual(['plant/#', '#']);
    expect([trie.match('$aws/x'), trie.mostSpecific('$aws/x')]).toEqual([[], undefined]);
  });

  test('agrees with topicMatches on every filter, in the promised order', () => {
    const text = fc.constantFrom('', 'a', 'b', '$aws');
    const filter = fc
      .tuple(fc.array(fc.oneof(text, fc.constant('+')), { maxLength: 5 }), fc.boolean())
      .map(([levels, hash]) => [...levels, ...(hash ? ['#'] : [])].join('/'))
      .filter(name => name !== '');
    const name = fc
      .array(text, { minLength: 1, maxLength: 6 })
      .map(levels => levels.join('/'))
      .filter(joined => joined !== '');
    let found = 0;
    fc.assert(
      fc.property(fc.uniqueArray(filter, { maxLength: 30 }), name, (filters, topicName) => {
        const trie = trieOf(...filters);
        const expected = filters.filter(each => topicMatches(each, topicName)).sort(bySpecificity);
        expect(trie.match(topicName)).toEqual(expected);
        expect(trie.mostSpecific(topicName)).toBe(expected[0]);
        expect(trie.size).toBe(filters.length);
        found += expected.length;
      }),
      { numRuns: 3_000 },
    );
    expect(found).toBeGreaterThan(1_000);
  });

  test('keeps values of one filter in their order, counts a shared subscription as its filter, and refuses what is malformed', () => {
    const trie = new TopicTrie<number>();
    trie.add('a/+', 1);
    trie.add('$share/g/a/+', 2);
    expect([trie.match('a/b'), trie.mostSpecific('a/b')]).toEqual([[1, 2], 1]);
    expect(() => trie.add('a/#/b', 3)).toThrow('# before its end');
    expect(trie.size).toBe(2);
  });
});
