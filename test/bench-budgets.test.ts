import { expect, test } from 'vitest';
import type { Row } from './bench/experiments/experiment.js';
import { budgetsOf, overBudget, withoutBudget } from './bench/report/budgets.js';

const speed = (times: number): Row => ({ what: 'speed', atLeast: '4 × SDK', measured: `${times.toFixed(2)} ×`, met: true });
const delay = (times: number): Row => ({ what: 'delay', atLeast: 'at most 0.7 × SDK', measured: `${times.toFixed(2)} ×`, met: true });
const tail: Row = { what: 'delay, p99', atLeast: 'at most 0.7 × SDK', measured: '0.50 ×', met: true };
const memory: Row = { what: 'memory', atLeast: 'at most 64 MB', measured: '90 MB', met: false };

test('a budget is the worst of several runs, and as much again or what lies between them; what is no ratio, or a tail, has none', () => {
  expect(
    budgetsOf([
      [speed(3), delay(0.2), memory, tail],
      [speed(4), delay(0.5), memory, tail],
      [speed(3.2), delay(0.4), memory, tail],
    ]),
  ).toEqual({
    'speed; 4 × SDK': { atLeast: 1.5 },
    'delay; at most 0.7 × SDK': { atMost: 1.25 },
  });
  expect(budgetsOf([[speed(6)]])).toEqual({ 'speed; 4 × SDK': { atLeast: 2 } });
});

test('a ratio that has become worse than its budget is found, in both directions', () => {
  const budgets = { 'speed; 4 × SDK': { atLeast: 2 }, 'delay; at most 0.7 × SDK': { atMost: 0.9 } };
  expect(overBudget([speed(2), delay(0.9), memory], budgets).size).toBe(0);
  expect([...overBudget([speed(1.99), delay(0.91)], budgets).values()]).toEqual([
    'speed: 1.99 ×, and is to be at least 2 ×',
    'delay: 0.91 ×, and is to be at most 0.9 ×',
  ]);
  expect(overBudget([speed(0.1)], {}).size).toBe(0);
});

test('a ratio without a budget is told, such as one whose words have changed; tails, and what is no ratio, are to have none', () => {
  const budgets = budgetsOf([[speed(3), memory, tail]]);
  expect(withoutBudget([speed(3), memory, tail], budgets)).toEqual([]);
  expect(withoutBudget([speed(3), delay(0.2), { ...speed(3), what: 'throughput' }], budgets)).toEqual([
    'delay; at most 0.7 × SDK',
    'throughput; 4 × SDK',
  ]);
});

test('a ratio that was nothing in one run and something in another has a budget', () => {
  expect(budgetsOf([[delay(0)], [delay(0)], [delay(0.03)]])).toEqual({ 'delay; at most 0.7 × SDK': { atMost: 0.06 } });
});
