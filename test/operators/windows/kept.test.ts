import { VirtualTimeScheduler } from 'rxjs';
import { expect, it } from 'vitest';
import { collect } from '../../../src/operators/index.js';
import { KeyedState } from '../../../src/operators/keyed-state.js';
import { AlignedWindows, type KeyWindows } from '../../../src/operators/windows/aligned-windows.js';

/** Windows in event time that moves with each value, and what is kept of their one key. */
const windows = (lateness: number) => {
  const fail = (error: unknown): never => {
    throw error;
  };
  const states = new KeyedState<KeyWindows<number>>({ scheduler: new VirtualTimeScheduler() }, { operator: 'tumbling', fail });
  let time = 0;
  const aligned = new AlignedWindows<number>(
    collect(10),
    { size: 10, hop: 10, offset: 0, lateness },
    { states, time: () => time, emit: () => undefined },
  );
  return {
    add: (at: number): void => {
      time = Math.max(time, at);
      aligned.advance(time);
      aligned.add(at, 'a', at);
    },
    kept: () => states.peek('a'),
  };
};

it('the revisions of windows are kept as long as late values count, and no longer', () => {
  const { add, kept } = windows(100);
  for (let at = 0; at < 10_000; at += 10) {
    add(at);
    if (at > 20) add(at - 15);
    expect(kept()?.revisions?.size ?? 0).toBeLessThanOrEqual(11);
  }
  expect(kept()?.revisions?.size).toBeGreaterThan(5);
});

it.each([0, 100])('so are their panes, with a lateness of %d', lateness => {
  const { add, kept } = windows(lateness);
  for (let at = 0; at < 10_000; at += 10) {
    add(at);
    const { first = 0, last = 0 } = kept()?.panes ?? {};
    expect(last - first).toBeLessThanOrEqual(lateness / 10 + 1);
  }
});
