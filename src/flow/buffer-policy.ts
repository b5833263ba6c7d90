import type { DeclaredBuffer } from './account.js';
import { atOnce } from '../shared/at-once.js';

/** How much may wait at a stage. */
type Capacity<A> = {
  /** Values that may wait. `0` lets none wait. Default 1 000. */
  readonly messages?: number | undefined;
} & (
  | {
      readonly bytes?: undefined;
      /** Bytes of one value, for the ledger. */
      readonly sizeOf?: ((value: A) => number) | undefined;
    }
  | {
      /** Bytes that may wait, next to the bound in messages. */
      readonly bytes: number;
      /** Bytes of one value. Called once for each, as it arrives. */
      readonly sizeOf: (value: A) => number;
    }
);

/** What gives way when no more may wait. */
type OnFull<A> =
  | {
      /**
       * - `dropOldest` (default): the value that has waited longest.
       * - `dropNewest`: the value that has just arrived.
       * - `fail`: nothing gives way; the stage ends with a terminal `Left(Overflowed)`.
       */
      readonly onFull?: 'dropOldest' | 'dropNewest' | 'fail' | undefined;
      readonly key?: undefined;
    }
  | {
      /**
       * A waiting value that a newer one of its key has overtaken; where each waiting value is the last of its key, the
       * one that has waited longest. So the last value of every key is kept while there are no more keys than room.
       */
      readonly onFull: 'latestPerKey';
      /** The key of a value; compared as a `Map` compares keys. */
      readonly key: (value: A) => unknown;
    };

/**
 * The bound of a stage: how much may wait in front of it, and what happens to the next value when that much waits.
 * The values the stage is working on come on top (at most as many as are in flight).
 */
export type BufferPolicy<A> = Capacity<A> &
  OnFull<A> & {
    /** Sees each dropped value, at the moment it is dropped. What it throws goes to the stage's error channel. */
    readonly onDrop?: ((value: A) => void) | undefined;
  };

/** How many values wait where nothing else is said. */
export const DEFAULT_BUFFER_MESSAGES = 1_000;

/** The bound as a stage declares it. */
export function declaredBuffer<A>(policy: BufferPolicy<A> = {}): DeclaredBuffer {
  return {
    messages: policy.messages ?? DEFAULT_BUFFER_MESSAGES,
    bytes: policy.bytes,
    onFull: policy.onFull ?? 'dropOldest',
  };
}

/**
 * `sizeOf`, held to what it promises. A size that is no number makes every sum of sizes none, and every comparison with a bound false: the bound would be
 * gone without a word.
 */
export function checkedSize<A>(sizeOf: (value: A) => number): (value: A) => number {
  return value => {
    const size = sizeOf(value);
    atOnce(size, 'sizeOf');
    if (typeof size !== 'number' || !(size >= 0 && size < Infinity))
      throw new RangeError(`sizeOf must give a number of bytes from 0 on, and gave ${size}.`);
    return size;
  };
}
