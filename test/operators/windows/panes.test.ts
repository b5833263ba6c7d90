import fc from 'fast-check';
import { expect, it } from 'vitest';
import { count, aggregate, collect } from '../../../src/operators/index.js';
import { Panes } from '../../../src/operators/windows/panes.js';

const all = aggregate({ n: count(), values: collect<number>(1_000) });

it('what is folded of any window that moves on is what its panes have, wherever values are added', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ add: fc.nat({ max: 8 }) }) },
    { weight: 3, arbitrary: fc.record({ move: fc.nat({ max: 3 }), length: fc.nat({ max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ drop: fc.constant(true) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), steps => {
      const panes = new Panes(all);
      const naive: { readonly pane: number; readonly value: number }[] = [];
      let [from, to] = [0, 0];
      const expected = (): number[] => naive.filter(({ pane }) => pane >= from && pane < to).map(({ value }) => value);
      const shown = (cell: ReturnType<typeof panes.fold>): number[] => [...(cell?.result(all, 0, 0).values ?? [])].sort((a, b) => a - b);
      steps.forEach((what, value) => {
        if ('add' in what) {
          panes.add(from + what.add, value, value);
          naive.push({ pane: from + what.add, value });
        } else if ('move' in what) {
          from += what.move;
          to = Math.max(to, from + what.length);
          expect(shown(panes.fold(from, to))).toEqual(expected());
          expect(shown(panes.refold(from, to))).toEqual(expected());
        } else {
          panes.dropBefore(from);
          expect(panes.first).toBe(panes.firstFrom(from));
        }
      });
    }),
    { numRuns: 5_000 },
  );
});

it('merges each pane a few times, however many are in a window', () => {
  const merges = (length: number): number => {
    let merged = 0;
    const counting = { ...all, merge: (...states: Parameters<typeof all.merge>) => (merged++, all.merge(...states)) };
    const panes = new Panes(counting);
    for (let pane = 0; pane < 5_000; pane++) {
      panes.add(pane, 1, pane);
      panes.fold(pane - length + 1, pane + 1);
      panes.dropBefore(pane - length + 1);
    }
    return merged / 5_000;
  };
  expect(merges(1_000)).toBeLessThan(3.1);
  expect(merges(10)).toBeLessThan(3.1);
});
