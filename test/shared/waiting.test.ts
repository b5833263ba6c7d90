import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatestPerKey, Ring, type Waiting } from '../../src/shared/waiting.js';

const BUFFERS: readonly (readonly [string, () => Waiting<object>])[] = [
  ['a ring', () => new Ring<object>()],
  ['a list with the latest per key', () => new LatestPerKey<object>(value => value)],
];

describe('what waits in a ring', () => {
  it('comes out as it went in, however much it grows and wherever it begins when it does', () => {
    // Pushed and taken in turns: so the head is anywhere when the ring is full and doubles, past 16 384 slots too.
    const turns = fc.array(fc.record({ push: fc.integer({ min: 0, max: 6_000 }), take: fc.integer({ min: 0, max: 6_000 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(turns, turns => {
        const ring = new Ring<number>();
        let pushed = 0;
        let taken = 0;
        const take = (): void => {
          if (ring.headBytes() !== taken % 7) throw new Error(`${taken} has ${ring.headBytes()} bytes`);
          const value = ring.shift();
          if (value !== taken) throw new Error(`${value} came for ${taken}`);
          taken++;
        };
        for (const turn of turns) {
          for (let i = 0; i < turn.push; i++, pushed++) ring.push(pushed, pushed % 7);
          for (let i = 0; i < turn.take && ring.length > 0; i++) take();
        }
        for (const [i, value] of [...ring].entries()) if (value !== taken + i) throw new Error(`${value} is in place ${i}`);
        while (ring.length > 0) take();
        return taken === pushed;
      }),
      { numRuns: 100 },
    );
  });
});

/** Puts objects in and takes them out again, one behind the other, and hands out nothing that would keep them. */
const passed = (waiting: Waiting<object>): WeakRef<object>[] => {
  const refs: WeakRef<object>[] = [];
  for (let i = 0; i < 40; i++) {
    const value = { i };
    refs.push(new WeakRef(value));
    waiting.push(value, 1);
    // The last ones stay.
    if (i >= 20) (i % 2 === 0 ? waiting.shift() : waiting.evict()) satisfies object;
  }
  return refs;
};

describe.each(BUFFERS)('%s', (_, make) => {
  it('keeps nothing that has been taken out of it', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const waiting = make();
    const refs = passed(waiting);
    // A WeakRef holds its target until the current job is over.
    await new Promise(resolve => setImmediate(resolve));
    gc();
    expect(refs.map(ref => ref.deref() !== undefined)).toEqual(refs.map((_, i) => i >= 20));
    expect(waiting.length).toBe(20);
  });
});
