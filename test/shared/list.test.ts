import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Linked, List } from '../../src/shared/list.js';

interface Item extends Linked<Item> {
  readonly name: number;
}

it('a list has what was added and not taken out, in that order, and items that are out keep nothing of it', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ name: fc.nat({ max: 7 }), isIn: fc.boolean() }), { maxLength: 60 }), steps => {
      const items = Array.from({ length: 8 }, (_, name): Item => ({ name, before: undefined, after: undefined }));
      const list = new List<Item>();
      let wanted: Item[] = [];
      for (const { name, isIn } of steps) {
        const item = items[name];
        if (item === undefined) continue;
        const isThere = wanted.includes(item);
        if (!isIn) {
          list.delete(item);
          wanted = wanted.filter(other => other !== item);
        } else if (!isThere) {
          list.append(item);
          wanted.push(item);
        }
        expect([...list]).toEqual(wanted);
        expect([list.first, list.last]).toEqual([wanted[0], wanted.at(-1)]);
      }
      list.clear();
      for (const item of items) expect(item).toEqual({ name: item.name, before: undefined, after: undefined });
      expect([list.first, list.last]).toEqual([undefined, undefined]);
    }),
  );
});

it('an item that is given may be taken out, and what comes behind it is given all the same', () => {
  const list = new List<Item>();
  for (const name of [1, 2, 3]) list.append({ name, before: undefined, after: undefined });
  const given: number[] = [];
  for (const item of list) {
    given.push(item.name);
    list.delete(item);
  }
  expect(given).toEqual([1, 2, 3]);
  expect(list.first).toBeUndefined();
});
