import { describe, test } from 'vitest';
import { mergeW } from '../../src/stream/index.js';
import { elements, virtual } from './virtual.js';

describe('mergeW', () => {
  test('passes everything and completes with the last', () => {
    virtual(({ cold, expectObservable }) => {
      expectObservable(mergeW(cold('a--x-|', elements), cold('-b-----|', elements))).toBe('ab-x---|', elements);
    });
  });

  test('ends at the first terminal left and leaves all sources', () => {
    virtual(({ cold, expectObservable, expectSubscriptions }) => {
      const [first, second] = [cold('a--T', elements), cold('-b---b', elements)];
      expectObservable(mergeW(first, second)).toBe('ab-(T|)', elements);
      expectSubscriptions(first.subscriptions).toBe('^--!');
      expectSubscriptions(second.subscriptions).toBe('^--!');
    });
  });

  test('of nothing completes', () => {
    virtual(({ expectObservable }) => {
      expectObservable(mergeW()).toBe('|');
    });
  });
});
