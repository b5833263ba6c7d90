import fc from 'fast-check';

/** Frames that were fed to one side. */
export interface FuzzAccount {
  connections: number;
  /** Frames and other pieces written. */
  frames: number;
  /** Those that were understood: a listener or an answer shows it. */
  understood: number;
}

/** Batches of random frames without end, determined by the seed. */
export function* batches(arbitrary: fc.Arbitrary<readonly Buffer[]>, seed: number): Generator<readonly Buffer[], never> {
  for (let batch = 0; ; batch++) yield* fc.sample(arbitrary, { seed: seed + batch, numRuns: 500 });
}

/** What one connection is sent: messages that are read through, and then pieces that may break it. */
export function conversation(messages: fc.Arbitrary<readonly Buffer[]>, piece: fc.Arbitrary<Buffer>): fc.Arbitrary<readonly Buffer[]> {
  return fc.tuple(messages, fc.array(piece, { maxLength: 2 })).map(([messages, pieces]) => [...messages, ...pieces]);
}
