import { expect, test } from 'vitest';
import { type Held, leastRatio, type Row } from './bench/experiments/experiment.js';
import { budgetsOf, heldBy, overBudget, renewed, withoutBudget, withoutRatio } from './bench/report/budgets.js';
import { costOfRepeated } from './bench/measures/stopwatch.js';

const speed = (ratio: number): Held => ({ what: 'speed', ratio });
const memory = (ratio: number): Held => ({ what: 'memory', ratio });
const row = (measured: string, held: Row['held']): Row => ({
  what: 'a row',
  atLeast: '4 × SDK',
  measured,
  met: true,
  ...(held && { held }),
});
const tail = row('0.50 ×', { why: 'single pauses' });

test('a budget is so much over what is usual, and over the worst, be it on a loaded machine; more by the clock on the wall', () => {
  expect(budgetsOf([[speed(0.2)], [speed(0.22)], [speed(0.19)]], [[speed(0.21)]])).toEqual({ speed: { usual: 0.2, atMost: 0.28 } });
  expect(budgetsOf([[speed(0.2), memory(1)]], [[speed(0.5), memory(1)]])).toEqual({
    memory: { usual: 1, atMost: 1.4 },
    speed: { usual: 0.2, atMost: 0.625 },
  });
  const wait = (ratio: number): Held => ({ what: 'a wait', ratio, isWall: true });
  expect(budgetsOf([[wait(0.5)]], [[wait(0.6)]])).toEqual({ 'a wait': { usual: 0.5, atMost: 1.2 } });
});

test('a budget measured anew does not become narrower, unless what is usual has fallen clearly', () => {
  const budgets = { speed: { usual: 0.5, atMost: 2 }, memory: { usual: 1, atMost: 1.4 } };
  expect(renewed(budgets, { speed: { usual: 0.4, atMost: 0.56 } })).toEqual({ speed: { usual: 0.4, atMost: 2 } });
  expect(renewed(budgets, { speed: { usual: 0.39, atMost: 0.55 } })).toEqual({ speed: { usual: 0.39, atMost: 0.55 } });
  expect(renewed(budgets, { speed: { usual: 2, atMost: 2.8 } })).toEqual({ speed: { usual: 2, atMost: 2.8 } });
  expect(renewed(budgets, { start: { usual: 1, atMost: 1.4 } })).toEqual({ start: { usual: 1, atMost: 1.4 } });
});

test('a ratio that has become worse than its budget is found, and one that could not be told', () => {
  const budgets = { speed: { usual: 0.2, atMost: 0.3 } };
  expect(overBudget([speed(0.3)], budgets).size).toBe(0);
  expect([...overBudget([speed(0.301)], budgets).values()]).toEqual(['speed: 0.301, usually 0.2, and is to be at most 0.3']);
  expect(overBudget([speed(Number.NaN)], budgets).size).toBe(1);
  expect(overBudget([memory(9)], budgets).size).toBe(0);
});

test('what is held and has no budget is told, and a row with a ratio that neither holds it nor says why', () => {
  const budgets = { speed: { usual: 0.2, atMost: 0.3 } };
  expect(withoutBudget([row('4.00 ×', [speed(0.2)]), tail, row('90 MB', undefined)], budgets)).toEqual([]);
  expect(withoutBudget([row('4.00 ×', [speed(0.2), memory(1)]), row('1.10 ×', undefined)], budgets)).toEqual(['a row; 4 × SDK', 'memory']);
});

test('a budget of what is not measured is told', () => {
  const budgets = { speed: { usual: 0.2, atMost: 0.3 }, memory: { usual: 1, atMost: 1.4 } };
  expect(withoutRatio([row('4.00 ×', [speed(0.2)]), tail], budgets)).toEqual(['memory']);
  expect(heldBy([row('4.00 ×', [speed(0.2), memory(1)]), tail])).toEqual([speed(0.2), memory(1)]);
});

test('a busy while does not change the ratio of the least to the least', () => {
  const same = (value: number): number => value;
  expect(leastRatio([30, 12, 10], same, [20, 41, 22], same)).toBe(0.5);
});

test('the cheapest fifth of what is repeated is an average of neighbours; fewer repetitions are parts of their own', () => {
  expect(costOfRepeated([9, 1, 4, 4, 7, 7, 8, 8, 9, 9])).toEqual({ nanosecondsEach: 6.6, leastEach: 4 });
  expect(costOfRepeated([3, 2])).toEqual({ nanosecondsEach: 2.5, leastEach: 2 });
});
