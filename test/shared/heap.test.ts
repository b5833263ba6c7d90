import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap, type Placed } from '../../src/shared/heap.js';

interface Due extends Placed {
  due: number;
}

it('the first of a heap is the one that is due first, whatever was added, moved and taken out', () => {
  const step = fc.record({ item: fc.nat({ max: 15 }), due: fc.option(fc.nat({ max: 100 })) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), steps => {
      const items = Array.from({ length: 16 }, (): Due => ({ due: Infinity, place: -1 }));
      const heap = new Heap<Due>((one, other) => one.due < other.due);
      const within = new Set<Due>();
      for (const { item: index, due } of steps) {
        const item = items[index];
        if (item === undefined) continue;
        if (due === null) {
          heap.delete(item);
          within.delete(item);
        } else {
          item.due = due;
          heap.set(item);
          within.add(item);
        }
        expect(heap.first?.due ?? Infinity).toBe(Math.min(...[...within].map(each => each.due)));
      }
      const order: number[] = [];
      for (let first = heap.first; first !== undefined; first = heap.first) {
        order.push(first.due);
        heap.delete(first);
      }
      expect(order).toEqual([...within].map(each => each.due).sort((a, b) => a - b));
    }),
    { numRuns: 2_000 },
  );
});
