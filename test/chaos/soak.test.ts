import { describe, expect, it } from 'vitest';
import { soak } from '../soak/soak.js';
import { COMBINATIONS } from './chaos.js';

describe.each(COMBINATIONS)('a short soak, $transport, $profile', ({ transport, profile }) => {
  it('of twenty kills loses nothing untold, and leaves nothing dead', async () => {
    const { problems, kills, publishes, messages } = await soak({ transport, profile, kills: 20, seed: 20, turns: 30 });
    expect(problems).toEqual([]);
    expect(Object.values(kills).reduce((sum, count) => sum + count, 0)).toBe(20);
    // It was under load, and the kills were felt.
    expect(publishes.accepted).toBeGreaterThan(0);
    expect(publishes.unknown).toBeGreaterThan(0);
    expect(messages.received).toBeGreaterThan(0);
    expect(messages.gaps).toBeGreaterThan(0);
  });
});
