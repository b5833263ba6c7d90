import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topicMatches } from '../../src/topic/index.js';
import { filterCovers, filtersOverlap } from '../../src/topic/topic-matches.js';

/** Every topic of up to four levels out of two words, and the empty level. */
const TOPICS: readonly string[] = [1, 2, 3, 4]
  .flatMap(levels =>
    Array.from({ length: 3 ** levels }, (_, i) =>
      Array.from({ length: levels }, (_, at) => ['a', 'b', ''][Math.floor(i / 3 ** at) % 3]).join('/'),
    ),
  )
  .filter(topic => topic !== '');

const filters = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '+'), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([levels, hash]) => [...levels, ...(hash ? ['#'] : [])].join('/'));

describe('of two filters', () => {
  it('one covers the other where it matches every topic that the other does', () => {
    fc.assert(
      fc.property(filters, filters, (wide, narrow) => {
        const everyTopic = TOPICS.every(topic => !topicMatches(narrow, topic) || topicMatches(wide, topic));
        expect(filterCovers(wide, narrow)).toBe(everyTopic);
      }),
      { numRuns: 2_000 },
    );
  });

  it('there is a topic in common where they overlap', () => {
    fc.assert(
      fc.property(filters, filters, (one, other) => {
        const someTopic = TOPICS.some(topic => topicMatches(one, topic) && topicMatches(other, topic));
        expect(filtersOverlap(one, other)).toBe(someTopic);
      }),
      { numRuns: 2_000 },
    );
  });

  it('what begins with $ is covered by itself alone, and overlaps with no wildcard at the beginning', () => {
    expect(filterCovers('#', '$aws/things')).toBe(false);
    expect(filterCovers('$aws/#', '$aws/things')).toBe(false);
    expect(filterCovers('$aws/#', '$aws/#')).toBe(true);
    expect(filtersOverlap('#', '$aws/things')).toBe(false);
    expect(filtersOverlap('$aws/#', '$aws/things')).toBe(true);
    expect(filtersOverlap('$share/group/a/+', 'a/b')).toBe(true);
  });
});
