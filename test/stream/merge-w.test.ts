import { describe, test } from 'vitest';
import { mergeW } from '../../src/stream/index.js';
import { elements } from '../kit/streams/elements.js';
import { marbles } from '../../src/testing/index.js';

describe('mergeW', () => {
  test('passes everything and completes with the last', () => {
    marbles(({ cold, expectStream }) => {
      expectStream(mergeW(cold('a--x-|', elements), cold('-b-----|', elements))).toBeMarble('ab-x---|', elements);
    })();
  });

  test('ends at the first terminal left and leaves all sources', () => {
    marbles(({ cold, expectStream, expectSubscriptions }) => {
      const [first, second] = [cold('a--T', elements), cold('-b---b', elements)];
      expectStream(mergeW(first, second)).toBeMarble('ab-(T|)', elements);
      expectSubscriptions(first).toBe('^--!');
      expectSubscriptions(second).toBe('^--!');
    })();
  });

  test('of nothing completes', () => {
    marbles(({ expectStream }) => {
      expectStream(mergeW()).toBeMarble('|');
    })();
  });
});
