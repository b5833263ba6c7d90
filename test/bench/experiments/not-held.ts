import type { NotHeld } from './experiment.js';

/** Between two quiet runs of the same code lay a factor of three. */
export const TAIL: NotHeld = { why: 'the worst of a hundred is a matter of single pauses' };

/** Fifty times as long, in one run. */
export const BESIDE_A_FLOOD: NotHeld = { why: 'where the machine is too busy to keep up with a flood, all that comes beside it waits' };
