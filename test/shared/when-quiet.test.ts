import { describe, expect, it } from 'vitest';
import { whenQuiet } from '../../src/shared/when-quiet.js';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Counts how many times the event loop turns before the source is found quiet. */
async function turnsUntilQuiet(source: { received: number }, beforeTurn: (turns: number) => void): Promise<number> {
  const told: true[] = [];
  let turns = 0;
  whenQuiet(source, () => told.push(true));
  while (told.length === 0) {
    beforeTurn(turns);
    await turn();
    turns++;
  }
  return turns;
}

describe('whenQuiet', () => {
  it('waits one whole turn of the event loop besides the one it was asked in', async () => {
    expect(await turnsUntilQuiet({ received: 5 }, () => undefined)).toBe(2);
  });

  it('waits on while each turn brings something', async () => {
    const source = { received: 0 };
    expect(
      await turnsUntilQuiet(source, turns => {
        if (turns < 10) source.received++;
      }),
    ).toBe(11);
  });

  it('lets no busy source hold up another', async () => {
    const busy = { received: 0 };
    const told: string[] = [];
    whenQuiet(busy, () => told.push('busy'));
    await turnsUntilQuiet({ received: 0 }, () => busy.received++);
    told.push('quiet');
    while (told.length < 2) await turn();
    expect(told).toEqual(['quiet', 'busy']);
  });

  it('may be asked again from a callback', async () => {
    const told: number[] = [];
    await new Promise<void>(resolve => {
      whenQuiet({ received: 0 }, () => {
        told.push(1);
        whenQuiet({ received: 0 }, () => {
          told.push(2);
          resolve();
        });
      });
    });
    expect(told).toEqual([1, 2]);
  });
});
